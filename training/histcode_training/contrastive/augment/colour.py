"""Brightness, contrast, saturation, hue and grey of a batch, as one affine map of RGB for each view.

Hue and saturation turn and stretch the chroma plane of YIQ, so that all of these are linear in RGB and cost
one product of matrices together. Values are cut to 0..1 once, at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor

from histcode_training.contrastive.augment.config import AugmentationConfig

YIQ_FROM_RGB = torch.tensor(
    [[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]],
    dtype=torch.float64,
)
"""Rows: luminance and the two axes of chroma (NTSC 1953), as in `skimage.color`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Jitter:
    """Changes of colour of each view; 1, 1, 1 and 0 change nothing."""

    brightness: Tensor
    """(n,) factor."""
    contrast: Tensor
    """(n,) factor about the mean grey of the view."""
    saturation: Tensor
    """(n,) factor of the distance from grey; 0 is grey."""
    hue: Tensor
    """(n,) turn in radians."""


def draw_jitter(n: int, config: AugmentationConfig, generator: torch.Generator) -> Jitter:
    """Draw changes of colour for n views."""
    is_changed = torch.rand(n, generator=generator) < config.colour_share  # (n,)

    def spread(width: float) -> Tensor:
        return torch.where(is_changed, width * (2 * torch.rand(n, generator=generator) - 1), 0.0)

    brightness, contrast = 1 + spread(config.brightness), 1 + spread(config.contrast)
    saturation, hue = 1 + spread(config.saturation), 2 * pi * spread(config.hue)
    is_grey = torch.rand(n, generator=generator) < config.grey_share
    saturation = torch.where(is_grey, 0.0, saturation)
    return Jitter(brightness=brightness, contrast=contrast, saturation=saturation, hue=hue)


def colour_matrices(jitter: Jitter) -> Tensor:
    """(n, 3, 3) linear maps of RGB: brightness, saturation and hue; contrast is left to `change_colours`."""
    cos, sin = jitter.saturation * jitter.hue.cos(), jitter.saturation * jitter.hue.sin()
    one, zero = torch.ones_like(cos), torch.zeros_like(cos)
    chroma = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], dim=1).view(-1, 3, 3)
    to, back = YIQ_FROM_RGB, torch.linalg.inv(YIQ_FROM_RGB)
    matrices: Tensor = back @ chroma.double() @ to * jitter.brightness.double()[:, None, None]
    return matrices.float()


def change_colours(tiles: Tensor, jitter: Jitter) -> Tensor:
    """Change the colours of views (n, 3, h, w) of 0..1; the result may leave that range."""
    device = tiles.device
    matrices = colour_matrices(jitter).to(device) * jitter.contrast.to(device)[:, None, None]  # (n, 3, 3)
    grey = YIQ_FROM_RGB[0].float().to(device)
    mean = tiles.mean(dim=(2, 3)) @ grey * jitter.brightness.to(device)  # (n,) mean grey after brightness
    offset = ((1 - jitter.contrast.to(device)) * mean)[:, None, None]  # (n, 1, 1)
    return torch.baddbmm(offset, matrices, tiles.flatten(2)).view_as(tiles)
