"""Random connected regions of spots: the pieces of tissue whose mean expression a head may see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from histcode_training.spatial.recipe import RegionConfig

Neighbours = list[NDArray[np.intp]]


def neighbours_of(array: NDArray[np.int64]) -> Neighbours:
    """Find the up to eight neighbours of each spot (n_spots, 2) on the array."""
    pairs = cKDTree(array).query_ball_point(array, r=1, p=np.inf)
    return [np.array([j for j in near if j != i], dtype=np.intp) for i, near in enumerate(pairs)]


def grow_region(
    neighbours: Neighbours, start: int, n_spots: int, random: np.random.Generator, free: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Grow a connected region from a spot, a random free neighbour at a time.

    Parameters
    ----------
    neighbours : list of ndarray
        Of each spot.
    start : int
        First spot; free.
    n_spots : int
        Spots that are wanted; fewer if the piece of tissue is smaller.
    random : numpy.random.Generator
        Decides which neighbour comes next.
    free : ndarray of bool, (n_spots,)
        Spots that may be taken.

    Returns
    -------
    ndarray of int
        Sorted positions of the spots.
    """
    region, border = {start}, {int(j) for j in neighbours[start] if free[j]}
    while border and len(region) < n_spots:
        taken = sorted(border)[int(random.integers(len(border)))]
        region.add(taken)
        border.discard(taken)
        border |= {int(j) for j in neighbours[taken] if free[j] and int(j) not in region}
    return np.array(sorted(region), dtype=np.intp)


def draw_regions(
    array: NDArray[np.int64], config: RegionConfig, random: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Draw the regions of one section.

    Parameters
    ----------
    array : ndarray, (n_spots, 2)
        Places of the spots.
    config : RegionConfig
        Sizes, log-uniform between fewest and most; overlapping or disjoint.
    random : numpy.random.Generator
        Decides all.

    Returns
    -------
    list of ndarray
        Positions of the spots of each region. Overlapping ones have the wanted size, unless the tissue they
        began in is smaller. Disjoint ones hold every spot once; what is left between them may be small.
    """
    neighbours = neighbours_of(array)
    free = np.ones(len(array), bool)
    regions: list[NDArray[np.intp]] = []
    if config.kind == "overlapping":
        for _ in range(config.per_section):
            start = int(random.integers(len(array)))
            regions.append(grow_region(neighbours, start, _size(config, random), random, free))
        return regions
    while free.any():
        start = int(random.choice(np.flatnonzero(free)))
        region = grow_region(neighbours, start, _size(config, random), random, free)
        free[region] = False
        regions.append(region)
    return regions


def _size(config: RegionConfig, random: np.random.Generator) -> int:
    return round(float(np.exp(random.uniform(np.log(config.min_spots), np.log(config.max_spots)))))
