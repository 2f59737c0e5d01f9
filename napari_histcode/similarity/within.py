"""Similar tiles within a slide: a value for every tile, and the best ones in order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.scores.scores import TileMap
from napari_histcode.similarity.feature_space import FeatureSpace
from napari_histcode.similarity.hit import Hit
from napari_histcode.similarity.query import TileQuery
from napari_histcode.tiling.lookup import keep_apart, neighbour_reach, with_neighbours

MAP_NAME = "similarity"

_ORIGINS = {"slide": "from the slide's mean", "reference": "from the reference's mean", "none": "uncentred"}


def similarity_map(space: FeatureSpace, query: TileQuery) -> TileMap:
    """Compare every tile of a slide with a query.

    Parameters
    ----------
    space : FeatureSpace
        The slide.
    query : TileQuery
        What is searched for, from a space with the same centre.

    Returns
    -------
    TileMap
        (n_tiles,) cosine similarity, -1 to 1; 0 for a tile at the centre.
    """
    label = "similarity to 1 tile" if len(query.tiles) == 1 else f"similarity to {len(query.tiles)} tiles"
    return TileMap(
        name=MAP_NAME,
        label=label,
        head=MAP_NAME,
        output=None,
        kind="similarity",
        values=similarities(space, query.vector),
        quantity=f"cosine similarity, {_ORIGINS[space.centring]}",
        unit="",
        is_signed=space.centring != "none",
    )


def similarities(space: FeatureSpace, vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine similarity (n_tiles,) of every tile with a unit vector seen from the space's centre."""
    # einsum is as fast as a linear algebra library on one core, and waits for no threads beside other work
    along = np.einsum("ij,j->i", space.bag.features, vector) - np.float32(space.centre @ vector)
    values = np.divide(along, space.lengths, out=np.zeros_like(along), where=space.lengths > 0)
    return np.asarray(np.clip(values, -1, 1))


def rank_within(
    space: FeatureSpace,
    query: TileQuery,
    values: NDArray[np.floating],
    *,
    top: int = 50,
    with_query: bool = False,
    is_apart: bool = False,
) -> tuple[Hit, ...]:
    """List the most similar tiles of a slide.

    Parameters
    ----------
    space : FeatureSpace
        The slide.
    query : TileQuery
        What was searched for.
    values : ndarray, (n_tiles,)
        From `similarity_map`.
    top : int
        How many at most.
    with_query : bool
        Whether the query's own tiles may be in the list.
    is_apart : bool
        Whether a tile is left out that touches or overlaps a better one, or one of the query (non-maximum
        suppression).

    Returns
    -------
    tuple of Hit
        The most similar first; ties in the order of the grid.
    """
    grid = space.bag.grid
    is_candidate = np.ones(len(grid), bool)
    if not with_query:
        is_candidate[with_neighbours(grid, query.tiles) if is_apart else query.tiles] = False
    candidates = np.flatnonzero(is_candidate)
    reach = neighbour_reach(grid)
    n_needed = top * (2 * reach[0] + 1) * (2 * reach[1] + 1) if is_apart else top
    order = candidates[best_first(np.asarray(values)[candidates], n_needed)]
    if is_apart:
        order = order[keep_apart(grid.index[order], reach, top)]
    xy = grid.xy_px0
    return tuple(
        Hit(
            rank=rank,
            similarity=float(values[tile]),
            alias=grid.slide.alias,
            slide_digest=grid.slide.digest,
            place=(int(grid.index[tile, 0]), int(grid.index[tile, 1])),
            xy_px0=(float(xy[tile, 0]), float(xy[tile, 1])),
            size_px0=grid.size_px0,
        )
        for rank, tile in enumerate(order, start=1)
    )


def best_first(values: NDArray[np.floating], n: int) -> NDArray[np.intp]:
    """Positions of the n largest values, the largest first; ties by position."""
    if n <= 0:
        return np.empty(0, np.intp)
    if n < len(values):
        least = np.partition(values, len(values) - n)[len(values) - n]
        chosen = np.flatnonzero(values >= least)
    else:
        chosen = np.arange(len(values))
    return chosen[np.lexsort((chosen, -values[chosen]))][:n]
