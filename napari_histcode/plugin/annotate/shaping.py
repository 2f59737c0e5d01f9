"""Pure geometry of drawing: outlines and strokes to areas, areas united, cut and mended. Level-0 pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations.curves import ellipse as ellipse_outline
from napari_histcode.annotations.geometry import GeometryError, mend, polygons_of

Floats = NDArray[np.float64]

QUARTER_SEGMENTS = 12
"""Corners of a brush stroke's round ends per quarter: half a percent off a circle."""

SIMPLIFIED_SHARE = 0.02
"""A brush stroke is simplified by this share of its radius: its trembling, not its form."""


SLIVER_PX = 1.0
"""Parts that are thinner on the average are nobody's intention."""


class ShapingError(ValueError):
    """Why an outline is no region, in words that complete "Nothing was drawn: ..."."""


@dataclass(frozen=True, kw_only=True)
class Shaped:
    """An area, and whether the outline had to be mended for it."""

    geometry: BaseGeometry
    """Polygon or MultiPolygon, valid."""
    is_mended: bool = False
    """Whether the outline crossed itself."""


def area_of(geometry: BaseGeometry) -> BaseGeometry:
    """Keep the polygons of a geometry: one as it is, several together, none as an empty polygon."""
    polygons = polygons_of(geometry)
    if len(polygons) == 1:
        return polygons[0]
    return MultiPolygon(polygons) if polygons else Polygon()


def outline(xy: Floats) -> Shaped:
    """Make an area of a drawn outline, closed or open.

    Raises
    ------
    ShapingError
        If it has no area.
    """
    xy = np.asarray(xy, dtype=np.float64)
    if not np.isfinite(xy).all():
        raise ShapingError("a corner is not a number")
    is_new = np.ones(len(xy), bool)
    is_new[1:] = np.any(xy[1:] != xy[:-1], axis=1)
    xy = xy[is_new]
    if len(xy) > 1 and np.array_equal(xy[0], xy[-1]):
        xy = xy[:-1]
    if len(xy) < 3:
        raise ShapingError("an area needs three corners")
    return mended(Polygon(xy))


def mended(geometry: BaseGeometry) -> Shaped:
    """Return an area as it is if it is valid, else mended.

    Raises
    ------
    ShapingError
        If no area is left.
    """
    if geometry.is_valid:
        if not geometry.area:
            raise ShapingError("it has no area")
        return Shaped(geometry=geometry)
    try:
        return Shaped(geometry=mend(geometry), is_mended=True)
    except GeometryError as problem:
        raise ShapingError(str(problem)) from problem


def ellipse_in(corners: Floats) -> Polygon:
    """Make the ellipse that fits into a box of four corners (4, 2).

    Raises
    ------
    ShapingError
        If the box has no area.
    """
    low, high = corners.min(axis=0), corners.max(axis=0)
    if not np.all(high > low):
        raise ShapingError("it has no area")
    centre, radii = (low + high) / 2, (high - low) / 2
    return Polygon(ellipse_outline((float(centre[0]), float(centre[1])), (float(radii[0]), float(radii[1]))))


def brushed(xy: Floats, radius_px0: tuple[float, float]) -> BaseGeometry:
    """Make the area that a round brush covers on its way.

    Parameters
    ----------
    xy : ndarray, (n, 2)
        The way of its middle; one point for a click.
    radius_px0 : tuple of float
        Radius along x and y: the same in micrometres on pixels that are not square.
    """
    radius = np.asarray(radius_px0, dtype=np.float64)
    way = np.asarray(xy, dtype=np.float64) / radius
    centre = shapely.Point(way[0]) if len(way) == 1 else shapely.LineString(way)
    area = shapely.simplify(
        shapely.buffer(shapely.simplify(centre, SIMPLIFIED_SHARE), 1.0, quad_segs=QUARTER_SEGMENTS),
        SIMPLIFIED_SHARE / 4,
    )
    return shapely.transform(area, lambda points: points * radius)


def united(geometries: Sequence[BaseGeometry]) -> BaseGeometry:
    """Unite areas."""
    return area_of(shapely.union_all(list(geometries)))


def subtracted(geometry: BaseGeometry, cut: BaseGeometry) -> BaseGeometry:
    """Take one area out of another, with the slivers that this leaves; empty if nothing is left."""
    return _without_slivers(shapely.difference(geometry, cut))


def intersected(geometries: Sequence[BaseGeometry]) -> BaseGeometry:
    """Keep what all areas have in common, without slivers; empty if that is nothing."""
    return _without_slivers(shapely.intersection_all(list(geometries)))


def _without_slivers(geometry: BaseGeometry) -> BaseGeometry:
    """Leave out parts that are thinner than a pixel on the average, as two similar curves leave them."""
    parts = [part for part in polygons_of(geometry) if 2 * part.area > SLIVER_PX * part.length]
    return area_of(MultiPolygon(parts))


def n_holes(geometry: BaseGeometry) -> int:
    """Count the holes of an area."""
    return sum(len(polygon.interiors) for polygon in polygons_of(geometry))


def without_holes(geometry: BaseGeometry) -> BaseGeometry:
    """Fill all holes of an area."""
    return united([Polygon(polygon.exterior) for polygon in polygons_of(geometry)])


# Rings: what the pen edits. Their order is that of the polygons, each shell before its holes.


def rings_of(geometry: BaseGeometry) -> list[Floats]:
    """List shells and holes of an area, each (n, 2) and closed; none for points and lines."""
    return [
        np.asarray(ring.coords, dtype=np.float64)[:, :2]
        for polygon in polygons_of(geometry)
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def with_rings(geometry: BaseGeometry, rings: dict[int, Floats]) -> Shaped:
    """Replace some rings of an area, and mend what has come to cross itself.

    A hole that has been moved out of its polygon cuts nothing any more; one that reaches over its edge cuts a
    notch.

    Parameters
    ----------
    geometry : shapely geometry
        Polygon or MultiPolygon.
    rings : dict
        Number of a ring, as `rings_of` counts, to its new corners (n, 2).

    Raises
    ------
    ShapingError
        If no area is left, or a ring has fewer than three corners.
    """
    parts: list[BaseGeometry] = []
    is_mended = False
    number = 0
    for polygon in polygons_of(geometry):
        solid: BaseGeometry | None = None
        holes = []
        for ring in (polygon.exterior, *polygon.interiors):
            shaped = outline(rings[number] if number in rings else np.asarray(ring.coords)[:, :2])
            is_mended |= shaped.is_mended
            if solid is None:
                solid = shaped.geometry
            else:
                holes.append(shaped.geometry)
            number += 1
        if solid is not None:
            parts.append(shapely.difference(solid, shapely.union_all(holes)) if holes else solid)
    together = parts[0] if len(parts) == 1 else shapely.union_all(parts)
    found = area_of(together)
    if found.is_empty:
        raise ShapingError("no area is left")
    return Shaped(geometry=found, is_mended=is_mended)


def insert_corner(ring: Floats, xy: tuple[float, float]) -> Floats:
    """Put a corner into the edge of a closed ring that is nearest to it."""
    point = shapely.Point(xy)
    edges = shapely.linestrings(np.stack([ring[:-1], ring[1:]], axis=1))
    nearest = int(np.argmin(shapely.distance(edges, point)))
    return np.insert(ring, nearest + 1, xy, axis=0)


def remove_corner(ring: Floats, corner: int) -> Floats:
    """Take a corner out of a closed ring.

    Raises
    ------
    ShapingError
        If only three are left.
    """
    corners = ring[:-1]
    if len(corners) <= 3:
        raise ShapingError("an area needs three corners")
    kept = np.delete(corners, corner % len(corners), axis=0)
    return np.concatenate([kept, kept[:1]])
