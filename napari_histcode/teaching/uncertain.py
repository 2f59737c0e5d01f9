"""Which tiles to mark next: those the classifier is least sure of, no two of them alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.teaching.scaling import Scaling, measure_scaling
from napari_histcode.teaching.teach import Taught
from napari_histcode.tiling.lookup import keep_apart, neighbour_reach, with_neighbours

POOL = 20
"""Candidates for each tile that is offered."""


def margins(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of the first class minus that of the second, (n_tiles,): 0 where two are equally likely."""
    top = np.partition(probabilities, probabilities.shape[1] - 2, axis=1)
    return np.asarray(top[:, -1] - top[:, -2])


def most_uncertain(taught: Taught, n: int = 10, *, scaling: Scaling | None = None) -> NDArray[np.intp]:
    """Choose tiles whose class would teach most.

    Of the tiles with the smallest margin that neither touch a mark nor each other, the most uncertain one
    comes first, and then always the one that is farthest in feature space from all that were taken. Where
    every tile touches a mark, those without one are offered.

    Parameters
    ----------
    taught : Taught
        The classifier and its slide.
    n : int
        How many at most.
    scaling : Scaling, optional
        That of this slide, if it has been measured before.

    Returns
    -------
    ndarray of int
        Positions in the grid, the first to ask for first; fewer than n on a small slide.
    """
    grid = taught.bag.grid
    order = np.argsort(margins(taught.probabilities), kind="stable")
    away = order[~np.isin(order, with_neighbours(grid, taught.marks.tiles))]
    order = away if len(away) else order[~np.isin(order, taught.marks.tiles)]
    pool = order[keep_apart(grid.index[order], neighbour_reach(grid), n * POOL)]
    if not len(pool):
        return pool
    scaling = scaling or measure_scaling(taught.bag.features, name=grid.slide.alias)
    return pool[_farthest_first(scaling.apply(taught.bag.features[pool]), n)]


def _farthest_first(points: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    """Take the first point, then always the one whose nearest taken point is farthest."""
    taken = [0]
    nearest = np.linalg.norm(points - points[0], axis=1)
    for _ in range(min(n, len(points)) - 1):
        farthest = int(np.argmax(nearest))
        taken.append(farthest)
        nearest = np.minimum(nearest, np.linalg.norm(points - points[farthest], axis=1))
        nearest[taken] = -1
    return np.asarray(taken, np.intp)
