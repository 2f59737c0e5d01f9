"""A region that somebody drew on a slide."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A region with its class, in level-0 pixels."""

    geometry: BaseGeometry
    """Polygon or multipolygon, holes included, in level-0 pixels, x right, y down."""
    class_name: str | None = None
    """What it is said to be: "Tumor", "Necrosis"; None for an unclassified region."""
    name: str | None = None
    """Name of this region."""
    colour: tuple[int, int, int] | None = None
    """Colour of the class as red, green, blue, 0 to 255."""
