"""Lay tiles of a fixed physical size over the tissue and read them."""

from napari_histcode.tiling.grid import TileGrid, TilingConfig

__all__ = ["TileGrid", "TilingConfig"]
