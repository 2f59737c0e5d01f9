"""How much tissue the tiles cover."""

from __future__ import annotations

from napari_histcode.tiling.grid import TileGrid


def tissue_mm2(grid: TileGrid) -> float:
    """Area of the tissue under the tiles in square millimetres; exact where tiles do not overlap.

    Where they do, each tile stands for the cell of one stride.
    """
    mpp = grid.mpp
    cell_um2 = grid.stride_px0[0] * mpp.x * grid.stride_px0[1] * mpp.y
    return float(grid.tissue_fraction.sum(dtype="float64")) * cell_um2 / 1e6


def slide_mm(grid: TileGrid) -> tuple[float, float]:
    """Width and height of the slide in millimetres."""
    width, height = grid.slide.dimensions
    return width * grid.mpp.x / 1000, height * grid.mpp.y / 1000
