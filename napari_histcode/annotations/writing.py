"""What all writers of annotation files share: their setting, the parts of a geometry, and safe text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations.annotation import Annotation, Rgb
from napari_histcode.annotations.classes import QUPATH_CLASSES, ClassList
from napari_histcode.annotations.report import ReportBuilder

DECIMALS = 4
"""Digits after the point; ASAP writes as many."""

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How a file is written."""

    offset_px0: tuple[float, float] = (0.0, 0.0)
    """Level-0 pixel of the file's (0, 0)."""
    classes: ClassList = QUPATH_CLASSES
    """Colours of classes that have none of their own."""
    mpp: float | None = None
    """Micrometres per level-0 pixel, where known."""
    audit: Mapping[str, Any] = field(default_factory=dict)
    """Where the annotations come from: made of what JSON knows, without names."""
    report: ReportBuilder = field(default_factory=ReportBuilder)
    """Takes what the format cannot hold."""

    def colour_of(self, annotation: Annotation) -> Rgb | None:
        """Colour of an annotation's class, always known if it has a class."""
        if annotation.class_name is None:
            return None
        return annotation.colour or self.classes.colour_of(annotation.class_name)

    def xy(self, geometry: BaseGeometry, *, decimals: int = DECIMALS) -> list[list[float]]:
        """Corners of a ring, line or point in the file's frame, rounded."""
        return xy_in(geometry, self.offset_px0, decimals)

    def corners(self, ring: BaseGeometry) -> list[list[float]]:
        """Corners of a ring without the repeated last one."""
        return self.xy(ring)[:-1]


def rounded_to_valid(annotations: Sequence[Annotation], decimals: int) -> list[Annotation]:
    """Return annotations whose outlines stay valid when their coordinates are rounded.

    Rounding can make an outline touch itself where it nearly does. Such outlines are snapped to the grid of
    the rounded numbers, which moves them by less than one step of it; what is smaller becomes empty.

    Parameters
    ----------
    annotations : sequence of Annotation
        What is to be written.
    decimals : int
        Digits after the point.
    """
    settled = list(annotations)
    for name in ("geometry", "nucleus"):
        geometries = np.array(
            [getattr(annotation, name) for annotation in annotations] + [None], dtype=object
        )
        is_valid = shapely.is_valid(shapely.transform(geometries, lambda xy: np.round(xy, decimals)))
        for position in np.flatnonzero(~is_valid & ~shapely.is_missing(geometries)).tolist():
            valid = shapely.make_valid(geometries[position], method="structure", keep_collapsed=False)
            snapped = shapely.set_precision(valid, 10.0**-decimals)
            settled[position] = replace(settled[position], **{name: snapped})
    return settled


def xy_in(geometry: BaseGeometry, offset_px0: tuple[float, float], decimals: int) -> list[list[float]]:
    """Corners of a geometry relative to an offset, rounded, never as -0."""
    xy = shapely.get_coordinates(geometry) - np.asarray(offset_px0)
    rounded: list[list[float]] = (np.round(xy, decimals) + 0.0).tolist()
    return rounded


def rings_of(polygon: Polygon) -> list[BaseGeometry]:
    """Shell of a polygon, then its holes."""
    return [polygon.exterior, *polygon.interiors]


def pieces_of(geometry: BaseGeometry) -> Iterator[Polygon | LineString | Point]:
    """Yield the single polygons, lines and points of a geometry, without the empty ones."""
    if hasattr(geometry, "geoms"):
        for part in geometry.geoms:
            yield from pieces_of(part)
    elif not geometry.is_empty:
        yield geometry


def attribute(text: object) -> str:
    """Quote a text as XML attribute; characters that XML has no place for are left out."""
    return quoteattr(_NOT_XML.sub("", str(text)))


def comment(text: str) -> str:
    """Make an XML comment."""
    return f"<!-- {_NOT_XML.sub('', text).replace('--', '- -')} -->"


def number_text(value: float) -> str:
    """Write a coordinate without useless zeros."""
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")


_LOSSES = {
    "measurements": "measurements",
    "metadata": "metadata",
    "nucleus": "outlines of nuclei",
    "own_colour": "an object's own colour",
    "plane": "planes of a stack",
    "is_locked": "locks",
    "is_missing": "missing TMA cores",
}


def report_losses(annotations: Sequence[Annotation], writing: Writing, *, kept: frozenset[str]) -> None:
    """Report fields that a format has no place for.

    Parameters
    ----------
    annotations : sequence of Annotation
        What is written.
    writing : Writing
        Its report takes the findings.
    kept : frozenset of str
        Fields that the format can hold.
    """
    lost = {name: what for name, what in _LOSSES.items() if name not in kept}
    for position, annotation in enumerate(annotations, start=1):
        for name, what in lost.items():
            if getattr(annotation, name):
                writing.report.unwritten(f"the format has no place for {what}", f"object {position}")
        if annotation.object_type != "annotation":
            reason = f"the format knows no '{annotation.object_type}' objects; they become annotations"
            writing.report.unwritten(reason, f"object {position}")
