"""Outlines of annotated regions as lines on a picture of the slide, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from napari_histcode.annotations import QUPATH_CLASSES, Annotation, ClassList, Rgb
from napari_histcode.export.figures.view import View

UNCLASSIFIED = "unclassified"
"""Stands in legends for regions without a class."""

_FINEST_PX = 0.3
"""Outlines are simplified to this: less than a third of a printed pixel."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassOutline:
    """The outlines of all regions of a class, as far as a picture shows them."""

    name: str
    """Name of the class; `UNCLASSIFIED` where it has none."""
    colour: Rgb
    """Its colour."""
    lines: tuple[NDArray[np.float64], ...]
    """Open lines, each (n_points, 2) x and y in pixels of the picture."""


def outlines_in(
    annotations: Sequence[Annotation], view: View, *, classes: ClassList = QUPATH_CLASSES
) -> tuple[ClassOutline, ...]:
    """Cut the outlines of regions to a picture.

    A region that reaches over the picture's edge has no line along the edge. Points and lines are left out.

    Parameters
    ----------
    annotations : sequence of Annotation
        Regions in level-0 pixels.
    view : View
        What the picture shows.
    classes : ClassList
        Colours of classes where the annotations have none of their own.

    Returns
    -------
    tuple of ClassOutline
        Classes that can be seen, in the order in which they first occur; the colour of each is that of its
        first region.
    """
    areas = [annotation for annotation in annotations if annotation.has_area]
    if not areas:
        return ()
    left, top, width, height = view.box_px0
    frame = shapely.box(left, top, left + width, top + height)
    shapes = np.array([annotation.geometry for annotation in areas], dtype=object)
    seen = np.flatnonzero(shapely.intersects(shapes, frame))
    cut = shapely.intersection(shapely.boundary(shapes[seen]), frame)
    scale = np.array(view.px0_per_px)
    placed = shapely.transform(cut, lambda xy: (xy - (left, top)) / scale)
    placed = shapely.simplify(placed, _FINEST_PX)
    lines: dict[str, list[NDArray[np.float64]]] = {}
    colours: dict[str, Rgb] = {}
    for position, shape in zip(seen.tolist(), placed.tolist(), strict=True):
        area = areas[position]
        name = area.class_name or UNCLASSIFIED
        colours.setdefault(name, area.shown_colour or classes.colour_of(name))
        parts = [shapely.get_coordinates(part) for part in shapely.get_parts(shape)]
        lines.setdefault(name, []).extend(part for part in parts if len(part) > 1)  # a point only touches
    return tuple(
        ClassOutline(name=name, colour=colours[name], lines=tuple(found))
        for name, found in lines.items()
        if found
    )
