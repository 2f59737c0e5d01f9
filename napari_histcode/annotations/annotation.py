"""A region, line or set of points that somebody (or some program) drew on a slide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shapely.geometry.base import BaseGeometry

Rgb = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

NOTHING: Mapping[str, Any] = {}
"""The one empty mapping that annotations without measurements share; never write to it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plane:
    """Where in a stack an object lies; slides with one focal plane have only the default."""

    c: int = -1
    """Channel; -1 for all."""
    z: int = 0
    """Focal plane."""
    t: int = 0
    """Time point."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """An object with its class, in level-0 pixels.

    It holds all that QuPath knows of an object, so that a file from QuPath and back loses nothing.
    """

    geometry: BaseGeometry
    """Shapely geometry in level-0 pixels, x right, y down; holes included. Points and lines have no area."""
    class_name: str | None = None
    """What it is said to be: "Tumor", "Tumor: Positive"; None for an unclassified object."""
    name: str | None = None
    """Name of this object."""
    colour: Rgb | None = None
    """Colour of the class."""
    own_colour: Rgb | None = None
    """Colour of this object alone, where it differs from its class."""
    id: str | None = None
    """Identity within its file; QuPath's are UUIDs."""
    object_type: str = "annotation"
    """"annotation", "detection", "cell", "tile", "tmaCore" or "root"."""
    is_locked: bool = False
    """Whether it must not be edited."""
    is_missing: bool = False
    """Whether a TMA core is missing."""
    is_ellipse: bool = False
    """Whether the polygon stands for an ellipse."""
    measurements: Mapping[str, float] = field(default_factory=lambda: NOTHING, hash=False)
    """Measured values by name."""
    metadata: Mapping[str, str] = field(default_factory=lambda: NOTHING, hash=False)
    """Texts by name."""
    nucleus: BaseGeometry | None = None
    """Outline of a cell's nucleus in level-0 pixels."""
    plane: Plane | None = None
    """Where in a stack it lies, if the file says so."""

    @property
    def has_area(self) -> bool:
        """Whether it is a polygon or several; points and lines are not."""
        return self.geometry.geom_type in ("Polygon", "MultiPolygon")

    @property
    def shown_colour(self) -> Rgb | None:
        """Its own colour, else that of its class, else None."""
        return self.own_colour or self.colour
