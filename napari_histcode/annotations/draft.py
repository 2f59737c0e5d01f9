"""An object as a file tells it: coordinates still as nested lists, the rest ready for an `Annotation`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Shape = Literal["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
"""GeoJSON's names."""


@dataclass(kw_only=True, slots=True)
class Draft:
    """What a reader yields for each object; `assemble` makes annotations of many at once."""

    place: str
    """Where in the file, for the report: "feature 12"."""
    shape: Shape
    """What the coordinates are."""
    coordinates: Any
    """Nested as in GeoJSON, in the file's own frame; not yet checked. Rings may be open."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Further fields of `Annotation` by name."""
    nucleus: tuple[Shape, Any] | None = None
    """Shape and coordinates of a nucleus."""
