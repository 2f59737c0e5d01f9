r"""Exact search in an index that reads a tenth of it.

A tile's unit vector :math:`x` is kept along a few orthonormal axes, :math:`x_k`, with the length of the rest,
:math:`r_x = |x - x_k|`. For a query :math:`q`, by Cauchy and Schwarz,

.. math:: q \cdot x \le q_k \cdot x_k + r_q \, r_x

which is one scalar product of 128 numbers instead of 1,280. Tiles are then looked at in full from the highest
bound down, until the next bound is below the worst of the best ones found: no tile that belongs into the list
can be missed. How much is saved depends on the features; the result does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.progress import CancelToken
from napari_histcode.similarity.hit import Hit
from napari_histcode.similarity.index import Floats, TileIndex
from napari_histcode.similarity.manifest import IndexedSlide
from napari_histcode.similarity.within import best_first
from napari_histcode.tiling.lookup import keep_apart

MARGIN = 1e-5
"""More than float32 sums of 128 products can be wrong by."""
BLOCK_TILES = 4096
"""Full vectors looked at at once; bounds the memory."""


def search(
    index: TileIndex,
    vector: Floats,
    *,
    top: int = 50,
    leave_out: NDArray[np.intp] | None = None,
    is_apart: bool = False,
    cancel: CancelToken | None = None,
) -> tuple[Hit, ...]:
    """Find the most similar tiles of all slides of an index.

    Parameters
    ----------
    index : TileIndex
        Where to search.
    vector : ndarray, (feature_dim,)
        From `TileIndex.query`.
    top : int
        How many at most.
    leave_out : ndarray of int, optional
        Positions in the index that shall not be found, such as those of the query itself.
    is_apart : bool
        Whether a tile is left out that touches or overlaps a better one of its slide.
    cancel : CancelToken, optional
        Looked at once a slide and once a block.

    Returns
    -------
    tuple of Hit
        The most similar first; ties by position in the index.

    Raises
    ------
    AnalysisCancelledError
        If it was cancelled.
    """
    skipped = np.empty(0, np.intp) if leave_out is None else leave_out
    most_ruled_out = max((_n_ruled_out(part.slide) for part in index.parts), default=1) if is_apart else 1
    positions, values = nearest(
        index, vector, top * most_ruled_out, leave_out=skipped, cancel=cancel or CancelToken()
    )
    chosen = _apart(index, positions, top) if is_apart else np.arange(len(positions))
    return tuple(
        index.hit(int(positions[i]), rank=rank, similarity=float(values[i]))
        for rank, i in enumerate(chosen, start=1)
    )


def nearest(
    index: TileIndex, vector: Floats, n: int, *, leave_out: NDArray[np.intp], cancel: CancelToken
) -> tuple[NDArray[np.intp], Floats]:
    """Positions and similarities of the n nearest tiles, the nearest first; ties by position."""
    bounds = upper_bounds(index, vector, cancel)
    bounds[leave_out] = -np.inf
    n = min(n, len(bounds) - len(np.unique(leave_out)))
    if n <= 0:
        return np.empty(0, np.intp), np.empty(0, np.float32)
    first = best_first(bounds, min(len(bounds), max(n, BLOCK_TILES // 4)))
    first = first[bounds[first] > -np.inf]
    found, values = np.sort(first), similarities_at(index, np.sort(first), vector)
    worst = _nth_best(values, n)
    bounds[found] = -np.inf
    waiting = np.flatnonzero(bounds >= worst - MARGIN)
    waiting = waiting[np.argsort(-bounds[waiting], kind="stable")]
    for start in range(0, len(waiting), BLOCK_TILES):
        cancel.raise_if_cancelled()
        block = waiting[start : start + BLOCK_TILES]
        if bounds[block[0]] < worst - MARGIN:
            break
        block = np.sort(block)
        found = np.concatenate([found, block])
        values = np.concatenate([values, similarities_at(index, block, vector)])
        kept = values >= _nth_best(values, n)
        found, values = found[kept], values[kept]
        worst = _nth_best(values, n)
    order = np.lexsort((found, -values))[:n]
    return found[order], values[order]


def upper_bounds(index: TileIndex, vector: Floats, cancel: CancelToken) -> Floats:
    """Bound each tile's similarity from above: (n_tiles,)."""
    along = vector @ index.basis.axes
    rest = np.sqrt(max(0.0, float(vector @ vector) - float(along @ along)))
    extended = np.append(along, rest).astype(np.float32)
    bounds = np.empty(len(index), np.float32)
    for part, start in zip(index.parts, index.starts, strict=False):
        cancel.raise_if_cancelled()
        # as fast as a linear algebra library on one core, and waits for no threads beside other work
        np.einsum("ij,j->i", part.prefixes, extended, out=bounds[start : start + len(part.places)])
    return bounds


def similarities_at(index: TileIndex, positions: NDArray[np.intp], vector: Floats) -> Floats:
    """Cosine similarity of tiles at ascending positions, from their full vectors."""
    values = np.empty(len(positions), np.float32)
    for start in range(0, len(positions), BLOCK_TILES):
        block = positions[start : start + BLOCK_TILES]
        ends = np.searchsorted(block, index.starts[1:])
        first = 0
        for part, origin, end in zip(index.parts, index.starts, ends, strict=False):
            if end > first:
                rows = part.vectors[block[first:end] - origin].astype(np.float32)
                values[start + first : start + end] = np.einsum("ij,j->i", rows, vector)
            first = int(end)
    return np.clip(values, -1, 1)


def _nth_best(values: Floats, n: int) -> float:
    return float(np.partition(values, len(values) - n)[len(values) - n]) if len(values) >= n else -np.inf


def _n_ruled_out(slide: IndexedSlide) -> int:
    x, y = _reach(slide)
    return (2 * x + 1) * (2 * y + 1)


def _reach(slide: IndexedSlide) -> tuple[int, int]:
    x, y = (size / stride for size, stride in zip(slide.size_px0, slide.stride_px0, strict=True))
    return int(x + 1e-6) or 1, int(y + 1e-6) or 1


def _apart(index: TileIndex, positions: NDArray[np.intp], top: int) -> NDArray[np.intp]:
    """Positions in the list of those that are no neighbour of a better one, slide by slide."""
    slide_of = np.searchsorted(index.starts, positions, side="right") - 1
    kept = []
    for number in np.unique(slide_of):
        own = np.flatnonzero(slide_of == number)
        part = index.parts[number]
        places = np.asarray(part.places[positions[own] - index.starts[number]])
        kept.append(own[keep_apart(places, _reach(part.slide), top)])
    return np.sort(np.concatenate(kept))[:top] if kept else np.empty(0, np.intp)
