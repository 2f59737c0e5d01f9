"""Jitter of the stains: each of haematoxylin, eosin and the rest more or less.

Light that passes a stain is weakened by a factor, so that in the logarithm of RGB stains add up (Ruifrok and
Johnston, Anal Quant Cytol Histol 2001; jitter as in Tellez et al., IEEE TMI 2018). A change of the amounts is
then one affine map of log RGB.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from histcode_training.contrastive.augment.config import AugmentationConfig

RGB_FROM_HED = torch.tensor([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]], dtype=torch.float64)
"""Rows: optical density in R, G and B of haematoxylin, eosin and diaminobenzidine, as in `skimage.color`."""

DARKEST = 1e-6
"""Least RGB value before the logarithm; its optical density is the unit of amounts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StainJitter:
    """Changes of the amounts of stain in each view; 1 and 0 change nothing."""

    scale: Tensor
    """(n, 3) factor of haematoxylin, eosin, the rest."""
    shift: Tensor
    """(n, 3) offset."""


def draw_stains(n: int, config: AugmentationConfig, generator: torch.Generator) -> StainJitter:
    """Draw changes of the stains for n views."""
    is_changed = torch.rand(n, 1, generator=generator) < config.stain_share
    scale = config.stain_scale * (2 * torch.rand(n, 3, generator=generator) - 1)
    shift = config.stain_shift * (2 * torch.rand(n, 3, generator=generator) - 1)
    return StainJitter(
        scale=1 + torch.where(is_changed, scale, 0.0), shift=torch.where(is_changed, shift, 0.0)
    )


def hed_from_rgb(tiles: Tensor) -> Tensor:
    """Stains (n, 3, h, w) in RGB (n, 3, h, w) of 0..1, as `rgb2hed` of scikit-image; negative ones too."""
    density = tiles.clamp(min=DARKEST).log() / log(DARKEST)
    unmixing = torch.linalg.inv(RGB_FROM_HED).T.to(tiles)
    amounts: Tensor = unmixing @ density.flatten(2)
    return amounts.view_as(tiles)


def rgb_from_hed(stains: Tensor) -> Tensor:
    """RGB (n, 3, h, w) of amounts of stain (n, 3, h, w), as `skimage.color.hed2rgb`, not cut to 0..1."""
    density = RGB_FROM_HED.T.to(stains) @ stains.flatten(2)
    return (density * log(DARKEST)).exp().view_as(stains)


def change_stains(tiles: Tensor, jitter: StainJitter) -> Tensor:
    """Change the stains of views (n, 3, h, w) of 0..1; the same as through `hed_from_rgb` and back.

    Values that are no mixture of the stains stay as they are with factors of 1: nothing is cut in between.
    """
    mixing = RGB_FROM_HED.T  # (3, 3) density from amounts
    unmixing = torch.linalg.inv(mixing)
    linear = mixing @ (jitter.scale.double()[:, :, None] * unmixing)  # (n, 3, 3)
    offset = (mixing @ jitter.shift.double()[:, :, None]) * log(DARKEST)  # (n, 3, 1)
    density = tiles.clamp(min=DARKEST).log_()
    changed = torch.baddbmm(
        offset.float().to(tiles.device), linear.float().to(tiles.device), density.flatten(2)
    )
    return changed.exp_().view_as(tiles)
