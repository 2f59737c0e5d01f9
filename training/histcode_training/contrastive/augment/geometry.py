"""Crops, zooms, flips and quarter turns of a batch, resampled once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from histcode_training.contrastive.augment.config import AugmentationConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class Crops:
    """Where the view of each tile lies in the tile as it was read."""

    size: Tensor
    """(n, 2) width and height, as shares of what was read, up to 1."""
    place: Tensor
    """(n, 2) 0 to 1: from the left and upper to the right and lower end of the room there is."""
    element: Tensor
    """(n,) 0 to 7: quarter turns, and from 4 on a mirror image."""


def draw_crops(
    extent_px: Tensor, tile_px: int, config: AugmentationConfig, generator: torch.Generator
) -> Crops:
    """Draw crops.

    Parameters
    ----------
    extent_px : Tensor
        (n,) width of what was read, in pixels at the encoder's resolution.
    tile_px : int
        Width of the encoder's tile in these pixels.
    config : AugmentationConfig
        Ranges of area and aspect.
    generator : torch.Generator
        The chance.
    """
    n = len(extent_px)
    low, high = config.crop_area
    area = low + (high - low) * torch.rand(n, generator=generator)  # (n,) in tiles
    narrow, wide = (torch.tensor(end).log() for end in config.crop_aspect)
    aspect = (narrow + (wide - narrow) * torch.rand(n, generator=generator)).exp()  # (n,)
    side = area.sqrt() * tile_px / extent_px  # (n,) as a share of what was read
    size = torch.stack([side * aspect.sqrt(), side / aspect.sqrt()], dim=1).clamp(max=1.0)  # (n, 2)
    place = torch.rand(n, 2, generator=generator)
    element = torch.randint(8 if config.is_turned else 1, (n,), generator=generator)
    return Crops(size=size, place=place, element=element)


def crop_matrices(crops: Crops) -> Tensor:
    """(n, 2, 3) affine maps from the view to what was read, both from -1 to 1, x then y."""
    size, room = crops.size, 1 - crops.size
    centre = -room + 2 * room * crops.place  # (n, 2)
    turns = crops.element % 4
    cos = torch.tensor([1.0, 0.0, -1.0, 0.0])[turns]
    sin = torch.tensor([0.0, 1.0, 0.0, -1.0])[turns]
    mirror = torch.where(crops.element >= 4, -1.0, 1.0)
    rows_x = torch.stack([mirror * cos, -mirror * sin], dim=1) * size[:, :1]  # (n, 2)
    rows_y = torch.stack([sin, cos], dim=1) * size[:, 1:]
    linear = torch.stack([rows_x, rows_y], dim=1)  # (n, 2, 2)
    return torch.cat([linear, centre[:, :, None]], dim=2)


def cut(tiles: Tensor, matrices: Tensor, size_px: int) -> Tensor:
    """Resample crops bilinearly.

    Parameters
    ----------
    tiles : Tensor
        (n, 3, h, w).
    matrices : Tensor
        (n, 2, 3) as of `crop_matrices`.
    size_px : int
        Width and height of the views.

    Returns
    -------
    Tensor
        (n, 3, size_px, size_px).
    """
    grid = functional.affine_grid(
        matrices.to(tiles.device), [len(tiles), 3, size_px, size_px], align_corners=False
    )
    return functional.grid_sample(tiles, grid, padding_mode="border", align_corners=False)
