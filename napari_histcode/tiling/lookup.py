"""Find tiles by where they are: under a point, inside regions, beside each other.

Neighbours are tiles that touch or overlap: side by side those one place away, diagonal ones included, and
with overlapping tiles as many places as a tile is wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from napari_histcode.tiling.coverage import covered_fraction, tile_boxes
from napari_histcode.tiling.grid import TileGrid

_ROUNDING = 1e-6
"""Strides by which a place may miss and still be meant."""


def positions_of(grid: TileGrid, index: NDArray[np.integer]) -> NDArray[np.intp]:
    """Find which tiles stand at places of the lattice.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    index : ndarray of int, (k, 2)
        Columns and rows; those off the lattice are allowed.

    Returns
    -------
    ndarray of int, (k,)
        Positions in the grid; -1 where there is no tile.
    """
    if not len(grid) or not len(index):
        return np.full(len(index), -1, np.intp)
    codes = _codes(grid.index, grid.lattice_shape[0])
    order = np.argsort(codes, kind="stable")  # tiles are nearly always in order: then this is fast
    wanted = _codes(index, grid.lattice_shape[0])
    place = np.minimum(np.searchsorted(codes, wanted, sorter=order), len(codes) - 1)
    found = order[place]
    is_inside = ((index >= 0) & (index < grid.lattice_shape)).all(axis=1)
    return np.where(is_inside & (codes[found] == wanted), found, -1)


def tile_at(grid: TileGrid, xy_px0: tuple[float, float]) -> int | None:
    """Find the tile under a point; where tiles overlap, the one whose centre is nearest.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    xy_px0 : tuple of float
        The point in level-0 pixels.

    Returns
    -------
    int or None
        Position in the grid; None where no tile is.
    """
    ranges = [
        range(ceil((at - size) / stride - _ROUNDING), floor(at / stride + _ROUNDING) + 1)
        for at, size, stride in zip(xy_px0, grid.size_px0, grid.stride_px0, strict=True)
    ]
    places = np.array([(column, row) for row in ranges[1] for column in ranges[0]], np.int64).reshape(-1, 2)
    found = positions_of(grid, places)
    found = found[found >= 0]
    if not len(found):
        return None
    distance = np.abs(grid.centre_px0[found] - np.asarray(xy_px0)).max(axis=1)
    return int(found[np.argmin(distance)])


def tiles_inside(
    grid: TileGrid, regions: Sequence[BaseGeometry], *, least_share: float = 0.5
) -> NDArray[np.intp]:
    """Find the tiles that regions cover by more than a share of their area.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    regions : sequence of shapely geometry
        In level-0 pixels; points and lines cover nothing.
    least_share : float
        A tile counts if more than this share of it is covered, 0 to below 1.

    Returns
    -------
    ndarray of int
        Positions in the grid, ascending.
    """
    return np.flatnonzero(covered_fraction(grid, regions) > least_share)


def tiles_touching(grid: TileGrid, region: BaseGeometry) -> NDArray[np.bool_]:
    """Find the tiles that have a point in common with a region of level-0 pixels: bool (n_tiles,)."""
    shapely.prepare(region)
    found: NDArray[np.bool_] = shapely.intersects(region, tile_boxes(grid.xy_px0, grid.size_px0))
    return found


def neighbour_reach(grid: TileGrid) -> tuple[int, int]:
    """Columns and rows up to which another tile touches or overlaps a tile: (1, 1) without overlap."""
    return (
        floor(grid.size_px0[0] / grid.stride_px0[0] + _ROUNDING) or 1,
        floor(grid.size_px0[1] / grid.stride_px0[1] + _ROUNDING) or 1,
    )


def with_neighbours(grid: TileGrid, tiles: NDArray[np.intp]) -> NDArray[np.intp]:
    """Add to some tiles of a grid all their neighbours: positions, ascending."""
    x, y = neighbour_reach(grid)
    steps = np.array([(i, j) for i in range(-x, x + 1) for j in range(-y, y + 1)])
    found = positions_of(grid, (grid.index[tiles][:, None] + steps).reshape(-1, 2))
    return np.unique(found[found >= 0])


def keep_apart(index: NDArray[np.integer], reach: tuple[int, int], n: int) -> NDArray[np.intp]:
    """Go through places from the best to the worst and take each that is no neighbour of one taken before.

    Each place rules out at most ``(2 * reach_x + 1) * (2 * reach_y + 1) - 1`` others, so that n times as many
    as that plus one are always enough to find n.

    Parameters
    ----------
    index : ndarray of int, (k, 2)
        Columns and rows, the best first.
    reach : tuple of int
        From `neighbour_reach`.
    n : int
        How many to take at most.

    Returns
    -------
    ndarray of int
        Positions in ``index``, ascending.
    """
    taken: list[int] = []
    ruled_out: set[tuple[int, int]] = set()
    for position, (column, row) in enumerate(index.tolist()):
        if len(taken) == n:
            break
        if (column, row) in ruled_out:
            continue
        taken.append(position)
        ruled_out.update(
            (column + x, row + y)
            for x in range(-reach[0], reach[0] + 1)
            for y in range(-reach[1], reach[1] + 1)
        )
    return np.asarray(taken, np.intp)


def connected_groups(grid: TileGrid, tiles: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give each of some tiles the number of its connected group.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    tiles : ndarray of int, (k,)
        Positions in the grid, each once.

    Returns
    -------
    ndarray of int, (k,)
        Group of each, from 0.
    """
    if not len(tiles):
        return np.empty(0, np.intp)
    chosen = grid.select(tiles)
    reach = neighbour_reach(grid)
    first, second = [np.arange(len(tiles))], [np.arange(len(tiles))]
    for x in range(reach[0] + 1):
        for y in range(-reach[1], reach[1] + 1):
            beside = positions_of(chosen, chosen.index + np.asarray((x, y)))
            first.append(np.flatnonzero(beside >= 0))
            second.append(beside[beside >= 0])
    links = (np.concatenate(first), np.concatenate(second))
    graph = coo_array((np.ones(len(links[0]), bool), links), shape=(len(tiles), len(tiles)))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)


def _codes(index: NDArray[np.integer], n_columns: int) -> NDArray[np.int64]:
    """One number a place, ascending by row, then column."""
    return index[:, 1].astype(np.int64) * n_columns + index[:, 0]
