"""What is searched for: one tile, several, or a region, as one direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from napari_histcode.errors import QueryError
from napari_histcode.similarity.feature_space import FeatureSpace, directions
from napari_histcode.tiling.grid import TileGrid
from napari_histcode.tiling.lookup import tile_at, tiles_inside

SHORTEST_MEAN = 1e-3
"""Directions whose mean is shorter than this cancel each other out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileQuery:
    """A direction in feature space, and the tiles that it comes from."""

    vector: NDArray[np.float32]
    """(feature_dim,) unit vector, seen from the centre of the space it was made in; read-only."""
    tiles: NDArray[np.intp]
    """Positions of its tiles in their grid, ascending; read-only."""

    def __post_init__(self) -> None:
        self.vector.flags.writeable = False
        self.tiles.flags.writeable = False


def query_tiles(space: FeatureSpace, tiles: ArrayLike) -> TileQuery:
    """Make a query of one tile or several: the mean of their directions, made a unit vector again.

    Parameters
    ----------
    space : FeatureSpace
        Where the tiles are.
    tiles : array_like of int
        Positions in the slide's grid.

    Raises
    ------
    QueryError
        If there is no tile, a position is not in the grid, or the tiles have no direction in common.
    """
    chosen = np.unique(np.asarray(tiles, np.intp).ravel())
    n = len(space.bag)
    if not len(chosen):
        raise QueryError("There is no tile to search for.", advice="Choose a tile, or a region with tiles.")
    if chosen[0] < 0 or chosen[-1] >= n:
        raise QueryError(f"Tile {chosen[0] if chosen[0] < 0 else chosen[-1]} is not among the {n} tiles.")
    return TileQuery(vector=query_vector(space.bag.features[chosen], space.centre), tiles=chosen)


def query_vector(features: NDArray[np.floating], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn features (k, feature_dim) into one unit vector, seen from a centre.

    Raises
    ------
    QueryError
        If their directions cancel each other out, or the only one is the centre itself.
    """
    mean = directions(features, centre).mean(axis=0, dtype=np.float64)
    length = float(np.linalg.norm(mean))
    if not length > SHORTEST_MEAN:
        raise QueryError(
            f"The {len(features)} chosen tiles have nothing in common that sets them apart from the mean.",
            advice="Choose fewer tiles, or tiles that look alike.",
        )
    return np.asarray(mean / length, np.float32)


def tile_under(grid: TileGrid, xy_px0: tuple[float, float]) -> int:
    """Find the tile under a point in level-0 pixels.

    Raises
    ------
    QueryError
        If there is none.
    """
    tile = tile_at(grid, xy_px0)
    if tile is None:
        raise QueryError(
            f"There is no tile at {xy_px0[0]:g}, {xy_px0[1]:g} (level-0 pixels) of {grid.slide.alias}.",
            advice="Choose a point on tissue.",
        )
    return tile


def tiles_of_region(grid: TileGrid, regions: Sequence[BaseGeometry]) -> NDArray[np.intp]:
    """Find the tiles that lie more than half inside regions.

    Raises
    ------
    QueryError
        If there are none.
    """
    tiles = tiles_inside(grid, regions)
    if not len(tiles):
        raise QueryError(
            f"No tile of {grid.slide.alias} lies more than half inside the region.",
            advice="Draw it larger, or choose single tiles.",
        )
    return tiles
