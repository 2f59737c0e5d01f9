"""The values of several maps as one stack over the whole lattice, with coarser copies.

The stack begins at the slide's corner (or, where tiles overlap, at the first lattice cell), so that programs
that know nothing but pixel sizes lay it over the slide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from napari_histcode.heatmap import Heatmap
from napari_histcode.tiling.grid import TileGrid

_COARSEST_PX = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class ValueStack:
    """Maps as planes. Pixel (map, row, column) covers level-0 ``origin + (column, row) * pixel`` onwards."""

    heatmaps: tuple[Heatmap, ...]
    """What the planes are."""
    levels: tuple[NDArray[np.float32], ...]
    """(n_maps, rows, columns) each, the finest first; each of the others is exactly half as wide and high."""
    origin_px0: tuple[float, float]
    """Top-left corner in level-0 pixels, x then y."""
    pixel_px0: tuple[float, float]
    """Width and height of a pixel of the finest level in level-0 pixels."""


def stack_maps(heatmaps: Sequence[Heatmap], grid: TileGrid) -> ValueStack:
    """Lay maps on the whole lattice and make coarser copies.

    A pixel of a coarser level is the mean of those below it that have a value. Rows and columns without a
    value are added at the right and below, until every level is exactly half the one before.

    Parameters
    ----------
    heatmaps : sequence of Heatmap
        Maps of one slide; at least one.
    grid : TileGrid
        Their tiles.

    Returns
    -------
    ValueStack
        Its finest level has one pixel a lattice cell.
    """
    n_columns, n_rows = grid.lattice_shape
    n_levels = 1 + max(0, ceil(log2(max(n_columns, n_rows) / _COARSEST_PX)))
    unit = 2 ** (n_levels - 1)
    shape = len(heatmaps), ceil(n_rows / unit) * unit, ceil(n_columns / unit) * unit
    values = np.full(shape, np.nan, np.float32)
    column, row = grid.index.min(axis=0)
    for plane, heatmap in zip(values, heatmaps, strict=True):
        height, width = heatmap.raster.shape
        plane[row : row + height, column : column + width] = heatmap.raster
    levels = [values]
    while len(levels) < n_levels:
        levels.append(halve(levels[-1]))
    size, stride = grid.size_px0, grid.stride_px0
    return ValueStack(
        heatmaps=tuple(heatmaps),
        levels=tuple(levels),
        origin_px0=((size[0] - stride[0]) / 2, (size[1] - stride[1]) / 2),
        pixel_px0=stride,
    )


def halve(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average blocks of 2 x 2 pixels, NaN left out; (n, rows, columns) with even rows and columns."""
    n, rows, columns = values.shape
    blocks = values.reshape(n, rows // 2, 2, columns // 2, 2)
    is_value = ~np.isnan(blocks)
    sums = np.where(is_value, blocks, 0).sum(axis=(2, 4), dtype=np.float64)
    counts = is_value.sum(axis=(2, 4))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)
