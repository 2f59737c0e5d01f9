"""The tiles of a contact sheet: which they are, what is said of each, and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import CorruptTileError, ResultError
from napari_histcode.export.tile_gallery import extreme_tiles
from napari_histcode.heatmap.normalise import percentile_ranks
from napari_histcode.progress import CancelToken, Progress, ProgressCallback
from napari_histcode.scores.scores import TileMap
from napari_histcode.slide import Slide
from napari_histcode.tiling import TileGrid
from napari_histcode.tiling.read import read_footprint

MOST_PX = 1024
"""Longest side of a tile's picture; a finer scan is reduced to it."""
LEAST_PX = 160
"""Smaller pictures are drawn with each pixel repeated, so that the words below them are legible."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SheetTile:
    """A tile with what is written below it."""

    position: int
    """Its position in the grid."""
    rank: int
    """Its place among all values, 1 for the highest."""
    value: float
    """Raw value."""
    percentile: float
    """Percentile of the value within the slide, as in the window."""
    rgb: NDArray[np.uint8] | None = None
    """(side, side, 3) picture; None where the file is damaged."""


def choose_tiles(tile_map: TileMap, n_tiles: int) -> tuple[tuple[SheetTile, ...], tuple[SheetTile, ...]]:
    """Choose the tiles with the highest and the lowest values, the most extreme first, without pictures.

    Parameters
    ----------
    tile_map : TileMap
        The map; tiles without a value are left out.
    n_tiles : int
        How many of each, at most; no tile is in both.

    Returns
    -------
    highest, lowest : tuple of SheetTile
        Of equal values the first tile of the grid counts as higher.

    Raises
    ------
    ResultError
        If there is no tile to show.
    """
    found = extreme_tiles(tile_map.values, n_tiles)
    if not found.highest:
        raise ResultError(
            f"The map {tile_map.name!r} has no tile to put on a contact sheet.",
            advice="Choose a map with values, and at least one tile.",
        )
    n_values = int(np.isfinite(tile_map.values).sum())
    percentiles = percentile_ranks(tile_map.values)

    def tile(position: int, rank: int) -> SheetTile:
        value, percentile = float(tile_map.values[position]), float(percentiles[position])
        return SheetTile(position=position, rank=rank, value=value, percentile=percentile)

    highest = tuple(tile(position, 1 + k) for k, position in enumerate(found.highest))
    lowest = tuple(tile(position, n_values - k) for k, position in enumerate(found.lowest))
    return highest, lowest


def picture_side(grid: TileGrid) -> tuple[int, int]:
    """Tell how many pixels a tile's picture has along a side, and how often each is repeated."""
    side = min(MOST_PX, max(1, round(max(grid.size_px0))))
    return side, ceil(LEAST_PX / side)


def with_pictures(
    groups: Sequence[Sequence[SheetTile]],
    slide: Slide,
    grid: TileGrid,
    progress: ProgressCallback,
    cancel: CancelToken | None,
) -> list[tuple[SheetTile, ...]]:
    """Read the tiles' pictures from the slide, at its own resolution unless that is too fine.

    Parameters
    ----------
    groups : sequence of sequence of SheetTile
        Tiles without pictures.
    slide : Slide
        The slide.
    grid : TileGrid
        Where the tiles are.
    progress : callable
        Called after each tile.
    cancel : CancelToken, optional
        Looked at before each tile.

    Returns
    -------
    list of tuple of SheetTile
        The same tiles; where the file is damaged still without a picture.
    """
    n_tiles, n_read = sum(len(group) for group in groups), 0
    side, _ = picture_side(grid)
    read: list[tuple[SheetTile, ...]] = []
    for group in groups:
        tiles: list[SheetTile] = []
        for tile in group:
            if cancel is not None:
                cancel.raise_if_cancelled()
            tiles.append(_read(tile, slide, grid, side))
            n_read += 1
            progress(Progress(stage="reading tiles", done=n_read, total=n_tiles))
        read.append(tuple(tiles))
    return read


def _read(tile: SheetTile, slide: Slide, grid: TileGrid, side: int) -> SheetTile:
    x, y = (grid.index[tile.position] * grid.stride_px0).tolist()
    try:
        rgb = read_footprint(slide, (x, y), grid.size_px0, side)
    except CorruptTileError:
        return tile
    return replace(tile, rgb=rgb)
