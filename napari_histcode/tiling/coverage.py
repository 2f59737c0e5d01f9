"""How much of each tile a set of regions covers, exactly; fast for many regions and for long outlines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import (
    MultiPolygon,
    STRtree,
    area,
    bounds,
    box,
    clip_by_rect,
    contains_properly,
    difference,
    get_num_coordinates,
    get_parts,
    get_type_id,
    intersection,
    make_valid,
    multipolygons,
    prepare,
    union_all,
)
from shapely.geometry.base import BaseGeometry

from napari_histcode.tiling.grid import TileGrid

_MANY_VERTICES = 400
"""A region with more is cut into pieces first: every tile would meet all of its vertices."""

_POLYGON = 3


def merge_regions(regions: Sequence[BaseGeometry]) -> MultiPolygon:
    """Unite regions; only those that meet are worked on, so that many cells apart cost nothing.

    Parameters
    ----------
    regions : sequence of shapely geometry
        Polygons and multipolygons; anything else has no area and is left out.

    Returns
    -------
    MultiPolygon
        Its polygons neither overlap nor share an edge; where regions overlap, the area counts once.
    """
    parts = polygons_of(np.asarray(list(regions), dtype=object))
    if not len(parts):
        return MultiPolygon()
    first, second = STRtree(parts).query(parts, predicate="intersects")
    links = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(parts), len(parts)))
    _, group = connected_components(links, directed=False)
    size = np.bincount(group)
    merged = [parts[size[group] == 1]]
    order = np.argsort(group, kind="stable")
    starts = np.cumsum(size) - size
    for k in np.flatnonzero(size > 1):
        united = union_all(parts[order[starts[k] : starts[k] + size[k]]])
        merged.append(polygons_of(np.asarray([united], dtype=object)))
    return multipolygons(np.concatenate(merged))


def without(merged: MultiPolygon, cut: MultiPolygon) -> MultiPolygon:
    """Take the area of some regions out of others, both from `merge_regions`."""
    if merged.is_empty or cut.is_empty:
        return merged
    return merge_regions([difference(merged, cut)])


def polygons_of(geometries: NDArray[Any]) -> NDArray[Any]:
    """List the single polygons of some geometries that have an area."""
    parts = np.asarray(get_parts(get_parts(geometries)), dtype=object)  # collections hold multipolygons
    if not len(parts):
        return parts
    return np.asarray(parts[(get_type_id(parts) == _POLYGON) & (area(parts) > 0)])


def covered_areas(boxes: NDArray[Any], merged: MultiPolygon) -> NDArray[np.float64]:
    """Area of each box that regions cover.

    Parameters
    ----------
    boxes : ndarray of shapely boxes, (n,)
        Tiles or cells, in any plane unit.
    merged : MultiPolygon
        From `merge_regions`, in the same unit.

    Returns
    -------
    ndarray of float64, (n,)
        In squares of the unit.
    """
    covered = np.zeros(len(boxes))
    parts = get_parts(merged)
    if not len(boxes) or not len(parts):
        return covered
    is_small = get_num_coordinates(parts) <= _MANY_VERTICES
    small = parts[is_small]
    tile, part = STRtree(small).query(boxes, predicate="intersects")
    prepare(small)
    is_inside = contains_properly(small[part], boxes[tile])  # most tiles of a wide region: no cutting
    np.add.at(covered, tile[is_inside], area(boxes[tile[is_inside]]))
    tile, part = tile[~is_inside], part[~is_inside]
    np.add.at(covered, tile, area(intersection(boxes[tile], small[part])))
    for large in parts[~is_small]:
        _add_large(covered, boxes, large)
    return covered


def _add_large(covered: NDArray[np.float64], boxes: NDArray[Any], part: BaseGeometry) -> None:
    """Halve the plane again and again, and the region with it, until single boxes are left.

    Clipping at a rectangle is much faster than a true intersection. It may leave edges that run back on
    themselves, which have no area.
    """
    prepare(part)
    near = STRtree(boxes).query(part, predicate="intersects")
    is_inside = contains_properly(part, boxes[near])
    covered[near[is_inside]] += area(boxes[near[is_inside]])
    corners = bounds(boxes)
    waiting = [(part, near[~is_inside])]
    while waiting:
        piece, chosen = waiting.pop()
        if piece.is_empty or not len(chosen):
            continue
        if len(chosen) == 1:
            covered[chosen] += clip_by_rect(piece, *corners[chosen[0]]).area
            continue
        middles = corners[chosen, :2] + corners[chosen, 2:]
        axis = int(np.argmax(np.ptp(middles, axis=0)))
        order = chosen[np.argsort(middles[:, axis], kind="stable")]
        for half in (order[: len(order) // 2], order[len(order) // 2 :]):
            window = (*corners[half, :2].min(axis=0), *corners[half, 2:].max(axis=0))
            waiting.append((clip_by_rect(piece, *window), half))


def tile_boxes(xy: NDArray[np.float64], size: tuple[float, float]) -> NDArray[Any]:
    """Make boxes from their corners (n, 2) and their common size."""
    return np.asarray(box(xy[:, 0], xy[:, 1], xy[:, 0] + size[0], xy[:, 1] + size[1]))


def covered_fraction(grid: TileGrid, regions: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """Share of each tile's area that the union of regions covers, (n_tiles,) 0 to 1.

    Outlines that cross themselves are mended first.
    """
    return merged_fraction(grid, merge_regions([one if one.is_valid else make_valid(one) for one in regions]))


def merged_fraction(grid: TileGrid, merged: MultiPolygon) -> NDArray[np.float64]:
    """Share of each tile's area that regions from `merge_regions` cover, (n_tiles,) 0 to 1.

    Only tiles that meet the bounds of all regions are worked on, so that a small region on a large slide
    costs next to nothing.
    """
    covered = np.zeros(len(grid))
    if merged.is_empty:
        return covered
    left, top, right, bottom = merged.bounds
    corner, size = grid.xy_px0, grid.size_px0
    near = np.flatnonzero(((corner + size >= (left, top)) & (corner <= (right, bottom))).all(axis=1))
    covered[near] = covered_areas(tile_boxes(corner[near], size), merged) / (size[0] * size[1])
    return np.clip(covered, 0, 1)
