"""Gaussian blur of a batch, each view with its own width."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor
from torch.nn import functional

from histcode_training.contrastive.augment.config import AugmentationConfig

TRUNCATE = 3.0
"""Standard deviations after which the kernel ends."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Blur:
    """Blur of each view."""

    is_blurred: Tensor
    """(n,) whether at all."""
    sigma_px: Tensor
    """(n,) standard deviation in pixels."""


def draw_blur(n: int, config: AugmentationConfig, generator: torch.Generator) -> Blur:
    """Draw the blur of n views."""
    is_blurred = torch.rand(n, generator=generator) < config.blur_share
    low, high = config.blur_px
    return Blur(is_blurred=is_blurred, sigma_px=low + (high - low) * torch.rand(n, generator=generator))


def blur(tiles: Tensor, blurs: Blur, *, widest_px: float) -> Tensor:
    """Blur those views (n, 3, h, w) that shall be; the edge is mirrored.

    Parameters
    ----------
    tiles : Tensor
        (n, 3, h, w); changed.
    blurs : Blur
        Which, and how far.
    widest_px : float
        Greatest standard deviation there can be, which decides the size of all kernels.
    """
    chosen = blurs.is_blurred.nonzero()[:, 0]
    if not len(chosen):
        return tiles
    kernels = gaussian_kernels(blurs.sigma_px[chosen], ceil(TRUNCATE * widest_px)).to(tiles.device)
    kernels = kernels.repeat_interleave(3, dim=0)[:, None]  # (3m, 1, k)
    chosen = chosen.to(tiles.device)
    some = tiles[chosen]  # (m, 3, h, w)
    radius = kernels.shape[-1] // 2
    x = functional.pad(some, (radius,) * 4, mode="reflect").flatten(0, 1)[None]  # (1, 3m, h', w')
    x = functional.conv2d(x, kernels[:, :, :, None], groups=len(kernels))
    x = functional.conv2d(x, kernels[:, :, None, :], groups=len(kernels))
    tiles[chosen] = x.view_as(some)
    return tiles


def gaussian_kernels(sigma_px: Tensor, radius: int) -> Tensor:
    """(n, 2 radius + 1) weights that add up to 1."""
    offsets = torch.arange(-radius, radius + 1, dtype=torch.float32)
    weights = (-0.5 * (offsets / sigma_px[:, None]) ** 2).exp()
    return weights / weights.sum(dim=1, keepdim=True)
