"""Coordinates to shapely geometries, many at once; what cannot be understood is told apart, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

LARGEST_PX = 1e9
"""Coordinates beyond it are no pixels, nanometres included (a slide is less than 0.2 m long)."""

MOST_CROSSINGS = 200_000
"""An outline that crosses itself more often is not mended: it would take minutes and gigabytes."""

LARGEST_SPECK_PX2 = 4.0
LARGEST_SPECK_SHARE = 0.005
"""What a mended outline leaves beside its main part is dropped below both of these areas."""

MENDED_STEP_PX = 0.01
"""Mended outlines lie on a grid of it: between crossings closer than that, they would break when rounded."""

_SAMPLE = 500


class GeometryError(ValueError):
    """Why coordinates are no geometry, in words that complete "the object ..."."""


_UNDERSTOOD = (TypeError, ValueError, KeyError, OverflowError, ShapelyError)
_NOT_NUMBERS = "its coordinates are not pairs of numbers"


def build_polygons(outlines: Sequence[Any]) -> tuple[NDArray[Any], dict[int, str]]:
    """Build polygons from rings, vectorised.

    Parameters
    ----------
    outlines : sequence
        Of each polygon a list of rings, the shell first, then holes; of each ring a list of (x, y). Rings may
        be open, and the values anything: the file has not been checked.

    Returns
    -------
    polygons : ndarray of object, (n,)
        Polygons, maybe invalid ones; None where there is a problem.
    problems : dict
        Position to reason.
    """
    try:
        return _together(outlines), {}
    except _UNDERSTOOD:
        polygons = np.full(len(outlines), None, dtype=object)
    problems = {}
    for position, rings in enumerate(outlines):
        try:
            polygons[position] = _together([rings])[0]
        except GeometryError as problem:
            problems[position] = str(problem)
        except _UNDERSTOOD:
            problems[position] = _NOT_NUMBERS
    return polygons, problems


def _together(outlines: Sequence[Any]) -> NDArray[Any]:
    """Build all, or raise if any one is wrong."""
    if not len(outlines):
        return np.empty(0, dtype=object)
    n_rings = [len(rings) for rings in outlines]
    if not min(n_rings):
        raise GeometryError("it has no corners")
    rings = list(chain.from_iterable(outlines))
    counts = np.array([len(ring) for ring in rings])
    if counts.min() < 3:
        raise GeometryError("an outline has fewer than three corners")
    xy = pairs(list(chain.from_iterable(rings)))
    ends = np.cumsum(counts)
    is_closed = (xy[ends - counts] == xy[ends - 1]).all(axis=1)
    if (counts - is_closed).min() < 3:
        raise GeometryError("an outline has fewer than three corners")
    linear = shapely.linearrings(xy, indices=np.repeat(np.arange(len(rings)), counts))
    built: NDArray[Any] = shapely.polygons(linear, indices=np.repeat(np.arange(len(outlines)), n_rings))
    return built


def pairs(points: Sequence[Any]) -> NDArray[np.float64]:
    """Turn points into an array (n, 2), a third coordinate left out.

    Raises
    ------
    GeometryError
        If they are no pairs of numbers, or not finite, or too large for pixels.
    """
    if not {list, tuple}.issuperset(map(type, points)):
        raise GeometryError(_NOT_NUMBERS)
    lengths = set(map(len, points))
    if not lengths or not lengths.issubset((2, 3, 4)):
        raise GeometryError(_NOT_NUMBERS)
    if lengths != {2}:
        points = [point[:2] for point in points]  # a z, or none
    try:
        xy = np.fromiter(chain.from_iterable(points), np.float64, count=2 * len(points)).reshape(-1, 2)
    except _UNDERSTOOD as error:
        raise GeometryError(_NOT_NUMBERS) from error
    if not np.isfinite(xy).all():
        raise GeometryError("a coordinate is NaN or infinite")
    if np.abs(xy).max(initial=0) > LARGEST_PX:
        raise GeometryError("a coordinate is too large to be a pixel")
    return xy


def build_geometry(shape: str, coordinates: Any) -> BaseGeometry:
    """Build one geometry that is no single polygon.

    Raises
    ------
    GeometryError
        If it cannot be understood.
    """
    try:
        return _BUILDERS[shape](coordinates)
    except GeometryError:
        raise
    except _UNDERSTOOD as error:
        raise GeometryError(_NOT_NUMBERS) from error


def _point(coordinates: Any) -> BaseGeometry:
    return shapely.points(pairs([coordinates]))[0]


def _multi_point(coordinates: Any) -> BaseGeometry:
    if not len(coordinates):
        raise GeometryError("it has no points")
    return shapely.multipoints(shapely.points(pairs(coordinates)))


def _line(coordinates: Any) -> BaseGeometry:
    if len(coordinates) < 2:
        raise GeometryError("a line has fewer than two points")
    return shapely.linestrings(pairs(coordinates))


def _multi_line(coordinates: Any) -> BaseGeometry:
    if not len(coordinates):
        raise GeometryError("it has no points")
    return shapely.multilinestrings([_line(part) for part in coordinates])


def _multi_polygon(coordinates: Any) -> BaseGeometry:
    if not len(coordinates):
        raise GeometryError("it has no corners")
    return shapely.multipolygons(_together(coordinates))


_BUILDERS = {
    "Point": _point,
    "MultiPoint": _multi_point,
    "LineString": _line,
    "MultiLineString": _multi_line,
    "MultiPolygon": _multi_polygon,
}


def mend(geometry: BaseGeometry) -> BaseGeometry:
    """Make a valid area of an invalid one.

    What an outline goes round counts as inside, however often it crosses itself: a freehand line that runs
    over its own start keeps its area, both lobes of a bow tie stay, and holes are subtracted. Specks, parts
    under 4 px2 and under 0.5 % of the largest, are left out: they come from a trembling hand.

    Raises
    ------
    GeometryError
        If nothing with an area is left, or the outline is a tangle that would take too long.
    """
    if is_tangled(geometry):
        raise GeometryError(f"its outline crosses itself more than {MOST_CROSSINGS:,} times")
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    polygons = polygons_of(shapely.set_precision(mended, MENDED_STEP_PX))
    if not polygons:
        raise GeometryError("it has no area")
    speck = min(LARGEST_SPECK_PX2, LARGEST_SPECK_SHARE * max(polygon.area for polygon in polygons))
    polygons = [polygon for polygon in polygons if polygon.area >= speck]
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def polygons_of(geometry: BaseGeometry) -> list[Polygon]:
    """Return all polygons in a geometry, however deeply nested; without the empty ones."""
    if geometry.geom_type == "Polygon":
        return [] if geometry.is_empty else [geometry]
    return [polygon for part in getattr(geometry, "geoms", ()) for polygon in polygons_of(part)]


def is_tangled(geometry: BaseGeometry) -> bool:
    """Estimate, from a sample of its segments, whether an outline crosses itself too often to be mended."""
    xy = shapely.get_coordinates(geometry)
    n_segments = len(xy) - 1
    if n_segments < 2 * _SAMPLE:
        return False
    segments = shapely.linestrings(np.stack([xy[:-1], xy[1:]], axis=1))
    sample = np.random.default_rng(0).choice(n_segments, _SAMPLE, replace=False)
    tree = shapely.STRtree(segments)
    n_found = 0
    for part in np.array_split(sample, 100):
        n_found += len(tree.query(segments[part], predicate="crosses")[0])
        if n_found * n_segments / _SAMPLE / 2 > MOST_CROSSINGS:
            return True
    return False
