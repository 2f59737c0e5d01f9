"""Which tiles a region lies on, by how much area, and statistics of values weighted by it."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.tiling.coverage import covered_areas, merge_regions, tile_boxes
from napari_histcode.tiling.grid import TileGrid

QUANTILES = (0.1, 0.5, 0.9)
"""Quantiles of every map inside a region."""

FEW_CORNERS = 400
"""Regions with more corners are laid on their tiles one by one, by a method made for long outlines."""

_AT_ONCE = 2000

Floats = NDArray[np.float64]


def overlaps(
    geometries: NDArray[np.object_],
    grid: TileGrid | None,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Find the pairs of region and tile that share area, and how much.

    Parameters
    ----------
    geometries : ndarray of shapely geometry, (n_regions,)
        In level-0 pixels.
    grid : TileGrid or None
        The tiles; None for none.
    progress : callable, optional
        Called every two thousand regions.
    cancel : CancelToken, optional
        Looked at as often.

    Returns
    -------
    region, tile : ndarray of int, (n_pairs,)
        Sorted by region, then tile.
    covered : ndarray, (n_pairs,)
        Shared area in squares of level-0 pixels, positive.
    """
    none = np.zeros(0, np.intp)
    if grid is None or not len(grid) or not len(geometries):
        return none, none, np.zeros(0)
    boxes = tile_boxes(grid.xy_px0, grid.size_px0)
    tree = shapely.STRtree(boxes)
    parts = []
    for start in range(0, len(geometries), _AT_ONCE):
        if cancel is not None:
            cancel.raise_if_cancelled()
        batch = geometries[start : start + _AT_ONCE]
        is_long = shapely.get_num_coordinates(batch) > FEW_CORNERS
        short = np.flatnonzero(~is_long)
        region, tile = tree.query(batch[short], predicate="intersects")
        shared = shapely.area(shapely.intersection(batch[short][region], boxes[tile]))
        parts.append((short[region] + start, tile, shared))
        for place in np.flatnonzero(is_long).tolist():
            near = tree.query(shapely.box(*batch[place].bounds))
            shared = covered_areas(boxes[near], merge_regions([batch[place]]))
            parts.append((np.full(len(near), place + start), near, shared))
        progress(Progress(stage="measuring regions", done=start + len(batch), total=len(geometries)))
    region, tile, covered = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((tile, region))
    order = order[covered[order] > 0]
    return region[order].astype(np.intp), tile[order].astype(np.intp), covered[order]


def weighted_statistics(
    group: NDArray[np.intp], values: Floats, weights: Floats, n_groups: int
) -> tuple[Floats, Floats]:
    """Weighted mean and quantiles of values in groups.

    Parameters
    ----------
    group : ndarray of int, (n,)
        Group of each value.
    values, weights : ndarray, (n,)
        NaN values do not count; weights are positive.
    n_groups : int
        Number of groups.

    Returns
    -------
    mean : ndarray, (n_groups,)
        NaN for a group without values.
    quantiles : ndarray, (n_groups, 3)
        The smallest value at or below which a share of the weight lies, for each of `QUANTILES`.
    """
    is_known = np.isfinite(values)
    group, values, weights = group[is_known], values[is_known], weights[is_known]
    total = np.bincount(group, weights, minlength=n_groups)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(group, weights * values, minlength=n_groups) / total
    quantiles = np.full((n_groups, len(QUANTILES)), np.nan)
    if not len(values):
        return mean, quantiles
    order = np.lexsort((values, group))
    group, values, weights = group[order], values[order], weights[order]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    below = np.cumsum(weights)
    before = np.concatenate([[0.0], below])[first]
    found = group[first]
    last = np.append(first[1:], len(group)) - 1
    for k, share in enumerate(QUANTILES):
        wanted = before + share * total[found]
        place = np.searchsorted(below, wanted * (1 - 1e-12), side="left")
        quantiles[found, k] = values[np.clip(place, first, last)]
    return mean, quantiles
