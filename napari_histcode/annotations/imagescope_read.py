"""Read Aperio ImageScope's XML: layers of regions in level-0 pixels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import dist
from typing import Any

from napari_histcode.annotations.colours import from_colorref
from napari_histcode.annotations.curves import ellipse
from napari_histcode.annotations.draft import Draft
from napari_histcode.annotations.holes import Shells
from napari_histcode.annotations.report import ReportBuilder
from napari_histcode.annotations.xml_stream import Event, corners_of, number

ROOT = "Annotations"
UNCLASSIFIED = "Unclassified"
"""Layer name of what has no class."""

WIDEST_GAP_PX = 30.0
"""A freehand line whose ends are farther apart is reported when it is closed."""

_FREEHAND, _RECTANGLE, _ELLIPSE, _ARROW, _RULER = "0", "1", "2", "3", "4"
_DESCRIPTION = "Description"


@dataclass(kw_only=True)
class _Region:
    place: str
    attributes: dict[str, str]
    corners: list[dict[str, str]] = field(default_factory=list)


@dataclass(kw_only=True)
class _Layer:
    attributes: dict[str, str]
    named: list[dict[str, str]] = field(default_factory=list)
    regions: list[_Region] = field(default_factory=list)


def read_imagescope(events: Iterable[Event], report: ReportBuilder) -> Iterator[Draft]:
    """Yield the regions of an ImageScope file, layer by layer.

    The class is the layer's name; if it has none, the layer's attribute, else the region's text. Regions
    marked as negative become holes of the region that they refer to, else of the smallest around them.

    Parameters
    ----------
    events : iterable of Event
        Of the file.
    report : ReportBuilder
        Takes what cannot be read.
    """
    layer: _Layer | None = None
    n_layers = 0
    for kind, tag, attributes, _, corners in events:
        if kind == "end":
            if corners and layer is not None and layer.regions:
                layer.regions[-1].corners += corners
            if tag == "Annotation" and layer is not None:
                yield from _drafts(layer, report)
                layer = None
        elif tag == "Annotation":
            n_layers += 1
            layer = _Layer(attributes=attributes)
        elif layer is None:
            continue
        elif tag == "Region":
            place = f"layer {n_layers}, region {len(layer.regions) + 1}"
            layer.regions.append(_Region(place=place, attributes=attributes))
        elif tag == "Attribute" and not layer.regions:
            layer.named.append(attributes)


def microns_per_pixel(attributes: dict[str, str]) -> float | None:
    """Resolution that the file was drawn at, from the attributes of its root."""
    try:
        value = number(attributes.get("MicronsPerPixel"))
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None


def _drafts(layer: _Layer, report: ReportBuilder) -> list[Draft]:
    drafts: list[Draft] = []
    by_id: dict[str, Draft] = {}
    holes: list[tuple[_Region, Draft]] = []
    for region in layer.regions:
        draft = _draft(region, layer, report)
        if draft is None:
            continue
        if region.attributes.get("NegativeROA") == "1" and draft.shape == "Polygon":
            holes.append((region, draft))
        else:
            drafts.append(draft)
            by_id[region.attributes.get("Id", "")] = draft
    if holes:
        _cut(holes, by_id, [draft for draft in drafts if draft.shape == "Polygon"], report)
    return drafts


def _cut(
    holes: list[tuple[_Region, Draft]], by_id: dict[str, Draft], polygons: list[Draft], report: ReportBuilder
) -> None:
    shells = Shells(polygons)
    for region, hole in holes:
        ring = hole.coordinates[0]
        shell = by_id.get(region.attributes.get("InputRegionId") or "0")
        if shell is None or shell.shape != "Polygon" or Shells([shell]).around(ring) is None:
            shell = shells.around(ring)
        if shell is None:
            report.unread("it is negative, and there is no region that it could be a hole of", region.place)
        else:
            shell.coordinates.append(ring)


def _draft(region: _Region, layer: _Layer, report: ReportBuilder) -> Draft | None:
    try:
        corners = corners_of(region.corners)
    except ValueError:
        report.unread("a coordinate is missing or is no number", region.place)
        return None
    fields = _fields(region, layer)
    kind = region.attributes.get("Type", _FREEHAND)
    if kind in (_ARROW, _RULER):
        report.note("an arrow or ruler was read as a line", region.place)
        return Draft(place=region.place, shape="LineString", coordinates=corners, fields=fields)
    if kind == _ELLIPSE and len(corners) >= 2:
        corners = _ellipse(corners)
        fields["is_ellipse"] = True
        report.note("an ellipse was replaced by a polygon", region.place)
    elif kind == _RECTANGLE and len(corners) == 2:
        (left, top), (right, bottom) = corners
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    elif kind == _FREEHAND and _is_wide_open(corners):
        report.note(
            f"its outline is open by more than {WIDEST_GAP_PX:.0f} px, and was closed by a straight line",
            region.place,
        )
    elif kind not in (_FREEHAND, _RECTANGLE, _ELLIPSE):
        report.unread(f"its type is '{kind}', which is no region", region.place)
        return None
    return Draft(place=region.place, shape="Polygon", coordinates=[corners], fields=fields)


def _ellipse(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    xs, ys = zip(*corners, strict=True)
    centre = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    return [(x, y) for x, y in ellipse(centre, ((max(xs) - min(xs)) / 2, (max(ys) - min(ys)) / 2)).tolist()]


def _is_wide_open(corners: list[tuple[float, float]]) -> bool:
    """Whether the gap is wide, and much wider than the steps of the pen."""
    if len(corners) < 3:
        return False
    gap = dist(corners[0], corners[-1])
    return gap > WIDEST_GAP_PX and gap > 2 * max(dist(a, b) for a, b in pairwise(corners))


def _fields(region: _Region, layer: _Layer) -> dict[str, Any]:
    text = region.attributes.get("Text") or None
    name = layer.attributes.get("Name") or _attribute_name(layer.named)
    colour = layer.attributes.get("LineColor", "")
    return {
        "class_name": None if name == UNCLASSIFIED else name or text,
        "name": text if name else None,
        "colour": from_colorref(int(colour)) if re.fullmatch(r"[0-9]{1,10}", colour) else None,
        "is_locked": layer.attributes.get("ReadOnly") == "1",
    }


def _attribute_name(attributes: list[dict[str, str]]) -> str | None:
    """Name of a layer in its attributes: the value of its description, or the name of another attribute."""
    for attribute in attributes:
        name, value = attribute.get("Name", ""), attribute.get("Value", "")
        if name == _DESCRIPTION and value:
            return value
        if name and name != _DESCRIPTION:
            return name
    return None
