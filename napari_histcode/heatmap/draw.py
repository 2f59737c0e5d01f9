"""Draw a map as a raster of exactly one pixel a tile.

The raster lies on the grid's own lattice, so that it registers with the tiles exactly and nothing is
resampled. Tile ``(column, row)`` of size ``s`` stands at ``column * d``, with ``d`` the stride. Where tiles
overlap (``d < s``) a raster pixel is the cell of one stride in the middle of its tile, which begins
``(s - d) / 2`` after the tile does: cells are side by side, and every value sits on its tile's centre.
"""

from __future__ import annotations

import numpy as np

from napari_histcode.errors import ModelMismatchError, NoTilesError
from napari_histcode.heatmap.colour import default_limits
from napari_histcode.heatmap.heatmap import Heatmap, HeatmapConfig
from napari_histcode.heatmap.normalise import normalise
from napari_histcode.scores.scores import SlideScores, TileMap

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
    tile_map = scores.map(name)
    grid = scores.grid
    if not len(grid):
        raise NoTilesError(f"{grid.slide.alias} has no tiles to draw.", advice="Analyse the slide again.")
    if len(tile_map.values) != len(grid):
        raise ModelMismatchError(f"Map {name!r} has {len(tile_map.values)} values for {len(grid)} tiles.")
    values = normalise(tile_map.values, config.normalisation)
    first = grid.index.min(axis=0)
    column, row = (grid.index - first).T
    raster = np.full((row.max() + 1, column.max() + 1), np.nan, dtype=np.float32)
    raster[row, column] = values
    is_signed = _is_signed(tile_map, config)
    size, stride = grid.size_px0, grid.stride_px0
    return Heatmap(
        name=tile_map.name,
        label=tile_map.label,
        raster=raster,
        origin_px0=(
            float(first[0]) * stride[0] + (size[0] - stride[0]) / 2,
            float(first[1]) * stride[1] + (size[1] - stride[1]) / 2,
        ),
        pixel_px0=stride,
        quantity=_quantity(tile_map, config),
        unit=_unit(tile_map, config),
        is_signed=is_signed,
        limits=default_limits(values, is_signed=is_signed, normalisation=config.normalisation),
        slide=grid.slide,
        config=config,
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
