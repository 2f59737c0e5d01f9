"""Paint regions into a small picture: the part of a slide that is looked at, at one resolution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from napari_histcode.plugin.annotate.scene import Found

DOT_PX = 1.5
"""Regions smaller than this on the screen are drawn as one pixel."""

SMALL_PX = 5.0
"""Regions smaller than this are drawn as their boxes: nobody can tell."""

MANY_CORNERS = 3000
"""Outlines with more corners are cut to the picture and thinned to its pixels first."""

POINT_PX = 3.0
"""Half the width of the mark at a point."""

_drawing = Lock()
"""Agg's text and path caches are not made for several threads."""


@dataclass(frozen=True, kw_only=True)
class Pen:
    """How regions are drawn."""

    width_px: float = 2.0
    """Width of outlines on the screen."""
    fill: float = 0.12
    """Opacity of areas, 0 to 1."""


def paint(
    found: Found, origin_px0: tuple[float, float], px0_per_px: float, size_px: tuple[int, int], pen: Pen
) -> NDArray[np.uint8]:
    """Paint regions.

    Parameters
    ----------
    found : Found
        Regions that may meet the picture.
    origin_px0 : tuple of float
        Left and top of the picture in level-0 pixels.
    px0_per_px : float
        Level-0 pixels per pixel of the picture.
    size_px : tuple of int
        Width and height of the picture.
    pen : Pen
        How.

    Returns
    -------
    ndarray of uint8, (height, width, 4)
        Red, green, blue and opacity; the colours are not multiplied by it.
    """
    width, height = size_px
    if not found.regions:
        return np.zeros((height, width, 4), np.uint8)
    bounds = (found.bounds - np.tile(origin_px0, 2)) / px0_per_px
    extent = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    has_area = shapely.get_dimensions(found.geometry) == 2
    is_dot = has_area & (extent < DOT_PX)
    is_small = has_area & ~is_dot & (extent < SMALL_PX)
    is_large = has_area & ~is_dot & ~is_small
    canvas = _Agg(width, height, pen)
    for colour, chosen in _by_colour(found.colour, is_large):
        geometry = _cut(found.geometry[chosen], origin_px0, px0_per_px, size_px, pen)
        canvas.areas(_ring_path(geometry, origin_px0, px0_per_px), colour)
    for colour, chosen in _by_colour(found.colour, is_small):
        canvas.areas(_box_path(bounds[chosen]), colour)
    for colour, chosen in _by_colour(found.colour, ~has_area):
        for geometry in found.geometry[chosen]:
            canvas.lines((shapely.get_coordinates(geometry) - origin_px0) / px0_per_px, geometry, colour)
    picture = canvas.picture()
    _dots(picture, bounds[is_dot], found.colour[is_dot])
    return picture


def _by_colour(
    colours: NDArray[np.uint8], chosen: NDArray[np.bool_]
) -> Iterator[tuple[Any, NDArray[np.intp]]]:
    """Group some regions by colour: each is one call of the drawing library."""
    positions = np.flatnonzero(chosen)
    distinct, group = np.unique(colours[positions], axis=0, return_inverse=True)
    for number, colour in enumerate(distinct):
        yield tuple((colour / 255).tolist()), positions[group.ravel() == number]


def _cut(
    geometry: NDArray[np.object_],
    origin_px0: tuple[float, float],
    px0_per_px: float,
    size_px: tuple[int, int],
    pen: Pen,
) -> NDArray[np.object_]:
    """Cut long outlines to the picture, so that each costs what can be seen of it."""
    is_long = shapely.get_num_coordinates(geometry) > MANY_CORNERS
    if not is_long.any():
        return geometry
    margin = 4 * pen.width_px * px0_per_px
    left, top = origin_px0
    right, bottom = left + size_px[0] * px0_per_px, top + size_px[1] * px0_per_px
    geometry = geometry.copy()
    cut = shapely.clip_by_rect(
        geometry[is_long], left - margin, top - margin, right + margin, bottom + margin
    )
    geometry[is_long] = shapely.simplify(cut, px0_per_px / 2, preserve_topology=False)
    return geometry


def _ring_path(
    geometry: NDArray[np.object_], origin_px0: tuple[float, float], px0_per_px: float
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Corners and drawing codes of all rings; holes run the other way round than shells."""
    polygons = shapely.get_parts(shapely.get_parts(geometry))
    polygons = polygons[shapely.get_type_id(polygons) == 3]
    has_holes = shapely.get_num_interior_rings(polygons) > 0
    if has_holes.any():
        polygons[has_holes] = shapely.orient_polygons(polygons[has_holes])
    rings = shapely.get_rings(polygons)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    return (xy - origin_px0) / px0_per_px, _codes(ring)


def _box_path(bounds: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    left, top, right, bottom = bounds.T
    corners = np.stack([left, top, right, top, right, bottom, left, bottom, left, top], axis=1)
    return corners.reshape(-1, 2), _codes(np.repeat(np.arange(len(bounds)), 5))


def _codes(ring: NDArray[np.integer]) -> NDArray[np.uint8]:
    from matplotlib.path import Path

    codes = np.full(len(ring), Path.LINETO, np.uint8)
    is_first = np.ones(len(ring), bool)
    is_first[1:] = ring[1:] != ring[:-1]
    codes[is_first] = Path.MOVETO
    codes[np.roll(is_first, -1)] = Path.CLOSEPOLY
    return codes


def _dots(picture: NDArray[np.uint8], bounds: NDArray[np.float64], colours: NDArray[np.uint8]) -> None:
    """Put one pixel at the middle of each tiny region."""
    middle = np.floor((bounds[:, :2] + bounds[:, 2:]) / 2).astype(int)
    height, width = picture.shape[:2]
    is_in = ((middle >= 0) & (middle < (width, height))).all(axis=1)
    column, row = middle[is_in].T
    picture[row, column, :3] = colours[is_in]
    picture[row, column, 3] = 255


class _Agg:
    """Matplotlib's antialiased drawing into an array, without a figure."""

    def __init__(self, width: int, height: int, pen: Pen) -> None:
        from matplotlib.backends import backend_agg
        from matplotlib.transforms import Affine2D

        agg: Any = backend_agg  # without types
        self._renderer = agg.RendererAgg(width, height, dpi=72)  # one point is one pixel
        self._upright = Affine2D().scale(1, -1).translate(0, height)  # Agg counts from the bottom
        self._pen = pen

    def areas(self, path: tuple[NDArray[np.float64], NDArray[np.uint8]], colour: Any) -> None:
        """Fill rings and draw their outlines."""
        from matplotlib.path import Path

        corners, codes = path
        if not len(corners):
            return
        shape = Path(corners, codes)
        fill = (*colour, self._pen.fill) if self._pen.fill > 0 else None
        with _drawing:
            if fill is not None:
                self._renderer.draw_path(self._context(colour, 0.0), shape, self._upright, fill)
            self._renderer.draw_path(self._context(colour, self._pen.width_px), shape, self._upright, None)

    def lines(self, corners: NDArray[np.float64], geometry: Any, colour: Any) -> None:
        """Draw a line, or marks at points."""
        from matplotlib.path import Path

        if "Point" in geometry.geom_type:
            marks = np.concatenate([corners - POINT_PX, corners + POINT_PX], axis=1)
            self.areas(_box_path(marks), colour)
            return
        _, part = shapely.get_coordinates(shapely.get_parts([geometry]), return_index=True)
        codes = np.where(np.diff(part, prepend=-1) > 0, Path.MOVETO, Path.LINETO).astype(np.uint8)
        with _drawing:
            context = self._context(colour, self._pen.width_px)
            self._renderer.draw_path(context, Path(corners, codes), self._upright, None)

    def picture(self) -> NDArray[np.uint8]:
        """Copy what has been drawn."""
        return np.array(self._renderer.buffer_rgba(), dtype=np.uint8)

    def _context(self, colour: Any, width_px: float) -> Any:
        context = self._renderer.new_gc()
        context.set_foreground(colour, isRGBA=True)
        context.set_linewidth(width_px)
        context.set_antialiased(True)
        context.set_joinstyle("round")
        return context
