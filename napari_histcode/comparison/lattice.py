"""Tiles as cells of a raster: side by side, whatever the overlap of the tiles.

As in a heatmap, a tile's cell is one stride wide and shares its tile's centre; where tiles do not overlap the
cell is the tile. Areas, boundaries and neighbours are those of cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.tiling.coverage import tile_boxes
from napari_histcode.tiling.grid import TileGrid


@dataclass(frozen=True, kw_only=True, eq=False)
class TileLattice:
    """Where the tiles of a grid stand in the smallest raster that holds them all."""

    grid: TileGrid
    """The tiles; at least one."""

    @cached_property
    def _first(self) -> NDArray[np.int32]:
        return np.asarray(self.grid.index.min(axis=0))

    @cached_property
    def row(self) -> NDArray[np.intp]:
        """(n_tiles,) raster row of each tile."""
        return np.asarray(self.grid.index[:, 1] - self._first[1], np.intp)

    @cached_property
    def column(self) -> NDArray[np.intp]:
        """(n_tiles,) raster column of each tile."""
        return np.asarray(self.grid.index[:, 0] - self._first[0], np.intp)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the raster."""
        return int(self.row.max()) + 1, int(self.column.max()) + 1

    @property
    def cell_um(self) -> tuple[float, float]:
        """Width and height of a cell in micrometres."""
        mpp, stride = self.grid.mpp, self.grid.stride_px0
        return stride[0] * mpp.x, stride[1] * mpp.y

    @property
    def cell_mm2(self) -> float:
        """Area of a cell in square millimetres."""
        return self.cell_um[0] * self.cell_um[1] / 1e6

    @property
    def origin_um(self) -> tuple[float, float]:
        """Top-left corner of the raster in micrometres from the slide's."""
        size, stride, mpp = self.grid.size_px0, self.grid.stride_px0, self.grid.mpp
        return (
            (float(self._first[0]) * stride[0] + (size[0] - stride[0]) / 2) * mpp.x,
            (float(self._first[1]) * stride[1] + (size[1] - stride[1]) / 2) * mpp.y,
        )

    def raster(self, values: NDArray[Any], fill: float) -> NDArray[Any]:
        """Lay one value a tile on the raster; ``fill`` where there is no tile."""
        raster = np.full(self.shape, fill, dtype=values.dtype)
        raster[self.row, self.column] = values
        return raster

    def cells_px0(self) -> NDArray[Any]:
        """(n_tiles,) shapely boxes of the cells in level-0 pixels."""
        stride = self.grid.stride_px0
        return tile_boxes(self.grid.centre_px0 - np.asarray(stride) / 2, stride)
