"""Read a tile: its exact footprint, at the encoder's resolution.

A footprint rarely begins or ends on a whole pixel. The whole pixels around it are read from the
coarsest level that is still fine enough, and resampled from the exact sub-pixel box, so that tiles
neither drift over a slide nor differ between pyramids beyond interpolation.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_histcode.slide import Slide
from napari_histcode.tiling.grid import TileGrid

LEVEL_TOLERANCE = 1.02
"""A level may be this much coarser than asked: 0.503 um/px serves a target of 0.5."""


def choose_level(level_downsamples: tuple[tuple[float, float], ...], wanted_downsample: float) -> int:
    """Choose the coarsest level that is at least as fine as wanted, else the finest.

    Parameters
    ----------
    level_downsamples : tuple of pairs
        Level-0 pixels per level pixel along x and y.
    wanted_downsample : float
        Level-0 pixels per pixel of the result.
    """
    fine_enough = [
        level
        for level, downsample in enumerate(level_downsamples)
        if max(downsample) <= wanted_downsample * LEVEL_TOLERANCE
    ]
    return max(fine_enough, key=lambda level: max(level_downsamples[level]), default=0)


def read_tile(slide: Slide, grid: TileGrid, i: int) -> NDArray[np.uint8]:
    """Read tile ``i`` of a grid.

    Returns
    -------
    ndarray of uint8, (tile_px, tile_px, 3)
        sRGB at the grid's target resolution.

    Raises
    ------
    CorruptTileError
        If the file cannot be decoded there.
    """
    column, row = grid.index[i]
    corner = (float(column) * grid.stride_px0[0], float(row) * grid.stride_px0[1])
    return read_footprint(slide, corner, grid.size_px0, grid.config.tile_px)


def read_footprint(
    slide: Slide, xy_px0: tuple[float, float], size_px0: tuple[float, float], tile_px: int
) -> NDArray[np.uint8]:
    """Read any rectangle of a slide as a square tile.

    Parameters
    ----------
    slide : Slide
        The slide.
    xy_px0, size_px0 : tuple of float
        Top-left corner and size in level-0 pixels; need not be whole.
    tile_px : int
        Width and height of the result in pixels.
    """
    downsamples = slide.level_downsamples
    level = choose_level(downsamples, min(size_px0) / tile_px)
    left, top = (corner / scale for corner, scale in zip(xy_px0, downsamples[level], strict=True))
    width, height = (size / scale for size, scale in zip(size_px0, downsamples[level], strict=True))
    x0, y0 = floor(left + 1e-6), floor(top + 1e-6)
    x1, y1 = ceil(left + width - 1e-6), ceil(top + height - 1e-6)
    pixels = slide.read_level(level, (x0, y0), (x1 - x0, y1 - y0))
    if pixels.shape[:2] == (tile_px, tile_px) and (x0, y0) == (round(left, 3), round(top, 3)):
        return pixels
    footprint = (
        max(0.0, left - x0),
        max(0.0, top - y0),
        min(float(x1 - x0), left + width - x0),
        min(float(y1 - y0), top + height - y0),
    )
    image = Image.fromarray(pixels).resize((tile_px, tile_px), Image.Resampling.BILINEAR, box=footprint)
    return np.asarray(image)
