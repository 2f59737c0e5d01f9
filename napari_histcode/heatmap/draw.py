"""Draw a map as a raster of exactly one pixel a tile.

The raster lies on the grid's own lattice, so that it registers with the tiles exactly and nothing is
resampled. Tile ``(column, row)`` of size ``s`` stands at ``column * d``, with ``d`` the stride. Where tiles
overlap (``d < s``) a raster pixel is the cell of one stride in the middle of its tile, which begins
``(s - d) / 2`` after the tile does: cells are side by side, and every value sits on its tile's centre.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import ModelMismatchError, NoTilesError
from napari_histcode.heatmap.colour import default_limits
from napari_histcode.heatmap.heatmap import Heatmap, HeatmapConfig
from napari_histcode.heatmap.normalise import normalise
from napari_histcode.scores.scores import SlideScores, TileMap
from napari_histcode.tiling import TileGrid

Number = TypeVar("Number", bound=np.generic)
_RAW = HeatmapConfig()


def draw_heatmap(scores: SlideScores, name: str, config: HeatmapConfig = _RAW) -> Heatmap:
    """Draw one map of a slide.

    Parameters
    ----------
    scores : SlideScores
        The slide's scores.
    name : str
        Name of the map.
    config : HeatmapConfig
        How values become colours' input; raw values by default.

    Returns
    -------
    Heatmap
        Cropped to the tiles; NaN where there is none or where a tile has no finite normalised value.

    Raises
    ------
    UnknownMapError
        If there is no map of that name.
    NoTilesError
        If there are no tiles at all.
    ModelMismatchError
        If the map has more or fewer values than there are tiles.
    """
    return draw_tile_map(scores.map(name), scores.grid, config)


def draw_tile_map(tile_map: TileMap, grid: TileGrid, config: HeatmapConfig = _RAW) -> Heatmap:
    """Draw one map over its tiles, whether it belongs to a model's scores or not.

    Parameters
    ----------
    tile_map : TileMap
        One value a tile.
    grid : TileGrid
        The tiles.
    config : HeatmapConfig
        How values become colours' input; raw values by default.

    Returns
    -------
    Heatmap
        As `draw_heatmap` returns it.

    Raises
    ------
    NoTilesError
        If there are no tiles at all.
    ModelMismatchError
        If the map has more or fewer values than there are tiles.
    """
    if not len(grid):
        raise NoTilesError(f"{grid.slide.alias} has no tiles to draw.", advice="Analyse the slide again.")
    if len(tile_map.values) != len(grid):
        raise ModelMismatchError(
            f"Map {tile_map.name!r} has {len(tile_map.values)} values for {len(grid)} tiles."
        )
    values = normalise(tile_map.values, config.normalisation)
    raster = lay_on_raster(values.astype(np.float32, copy=False), grid, fill=np.float32(np.nan))
    is_signed = _is_signed(tile_map, config)
    return Heatmap(
        name=tile_map.name,
        label=tile_map.label,
        raster=raster,
        origin_px0=raster_origin_px0(grid),
        pixel_px0=grid.stride_px0,
        quantity=_quantity(tile_map, config),
        unit=_unit(tile_map, config),
        is_signed=is_signed,
        limits=default_limits(values, is_signed=is_signed, normalisation=config.normalisation),
        slide=grid.slide,
        config=config,
    )


def lay_on_raster(values: NDArray[Number], grid: TileGrid, *, fill: Number) -> NDArray[Number]:
    """Lay one value a tile on a raster of one pixel a tile, cropped to the tiles.

    Parameters
    ----------
    values : ndarray, (n_tiles,)
        In the order of the grid.
    grid : TileGrid
        The tiles.
    fill : scalar
        Where there is no tile.

    Returns
    -------
    ndarray, (n_rows, n_columns)
        Of the dtype of ``values``.
    """
    column, row = (grid.index - grid.index.min(axis=0)).T
    raster = np.full((row.max() + 1, column.max() + 1), fill, dtype=values.dtype)
    raster[row, column] = values
    return raster


def raster_origin_px0(grid: TileGrid) -> tuple[float, float]:
    """Place the outer corner of such a raster, x and y in level-0 pixels.

    A pixel is as large as the stride and shares its centre with its tile.
    """
    first = grid.index.min(axis=0)
    size, stride = grid.size_px0, grid.stride_px0
    return (
        float(first[0]) * stride[0] + (size[0] - stride[0]) / 2,
        float(first[1]) * stride[1] + (size[1] - stride[1]) / 2,
    )


def default_config(tile_map: TileMap) -> HeatmapConfig:
    """Choose how a map is shown at first.

    Attention as percentile, since softmax weights of thousands of tiles are unreadable raw; every other map
    as it is.
    """
    return HeatmapConfig(normalisation="percentile" if tile_map.kind == "attention" else "raw")


def _is_signed(tile_map: TileMap, config: HeatmapConfig) -> bool:
    """Whether zero is a middle: it is the mean of z-scores, and no percentile is below it."""
    return {"raw": tile_map.is_signed, "percentile": False, "z": True}[config.normalisation]


def _quantity(tile_map: TileMap, config: HeatmapConfig) -> str:
    suffix = {"raw": "", "percentile": ", percentile in slide", "z": ", z-score in slide"}
    return tile_map.quantity + suffix[config.normalisation]


def _unit(tile_map: TileMap, config: HeatmapConfig) -> str:
    return {"raw": tile_map.unit, "percentile": "", "z": "SD"}[config.normalisation]
