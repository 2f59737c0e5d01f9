"""Read ASAP's XML: annotations in level-0 pixels of the whole slide, and groups that are their classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from napari_histcode.annotations.colours import from_css
from napari_histcode.annotations.curves import closed_spline
from napari_histcode.annotations.draft import Draft, Shape
from napari_histcode.annotations.geometry import GeometryError, pairs
from napari_histcode.annotations.holes import Shells
from napari_histcode.annotations.report import ReportBuilder
from napari_histcode.annotations.xml_stream import Event, corners_of

ROOT = "ASAP_Annotations"
NO_GROUP = "None"
HOLES_OF = "holes_of"
"""Attribute of a group whose polygons are holes in those of the group that it names."""

_SHAPES: dict[str, Shape] = {
    "Polygon": "Polygon",
    "Rectangle": "Polygon",
    "Spline": "Polygon",
    "Dot": "Point",
    "PointSet": "MultiPoint",
    "Measurement": "LineString",
}
_DEFAULT_NAME = re.compile(r"Annotation \d+")


@dataclass(kw_only=True)
class _Group:
    colour: tuple[int, int, int] | None = None
    holes_of: str | None = None


@dataclass(kw_only=True)
class _Item:
    place: str
    attributes: dict[str, str]
    corners: list[dict[str, str]] = field(default_factory=list)


def read_asap(events: Iterable[Event], report: ReportBuilder) -> Iterator[Draft]:
    """Yield the annotations of an ASAP file.

    The class is the group's name and its colour the group's. ASAP has no holes: polygons of a group that says
    so (as this package writes them) become holes of the polygon before them that lies around them.

    Parameters
    ----------
    events : iterable of Event
        Of the file.
    report : ReportBuilder
        Takes what cannot be read.
    """
    items, groups = _collect(events)
    drafts = [draft for item in items if (draft := _draft(item, groups, report)) is not None]
    yield from _with_holes(drafts, groups, report)


def _collect(events: Iterable[Event]) -> tuple[list[_Item], dict[str, _Group]]:
    items: list[_Item] = []
    groups: dict[str, _Group] = {}
    group = _Group()
    for kind, tag, attributes, _, corners in events:
        if kind == "end":
            if corners and items:
                items[-1].corners += corners
        elif tag == "Annotation":
            items.append(_Item(place=f"annotation {len(items) + 1}", attributes=attributes))
        elif tag == "Group":
            group = groups[attributes.get("Name", "")] = _Group(colour=from_css(attributes.get("Color")))
        elif tag == "Attribute" and HOLES_OF in attributes:
            group.holes_of = attributes[HOLES_OF]
    return items, groups


def _draft(item: _Item, groups: dict[str, _Group], report: ReportBuilder) -> Draft | None:
    kind = item.attributes.get("Type", "")
    if kind not in _SHAPES:
        report.unread(f"its type is '{kind}', which is no region", item.place)
        return None
    try:
        corners = _in_order(item, report)
    except ValueError:
        report.unread("a coordinate is missing or is no number", item.place)
        return None
    if not corners:
        report.unread("it has no corners", item.place)
        return None
    shape = _SHAPES[kind]
    coordinates: Any = {"Polygon": [corners], "Point": corners[0]}.get(shape, corners)
    if kind == "Spline":
        coordinates = [_curve(corners)]
        report.note("a spline was replaced by a polygon along a smooth curve through its points", item.place)
    return Draft(place=item.place, shape=shape, coordinates=coordinates, fields=_fields(item, groups, report))


def _in_order(item: _Item, report: ReportBuilder) -> list[tuple[float, float]]:
    """Sort corners by their order, which a file may not follow."""
    corners = corners_of(item.corners)
    try:
        order = [int(c["Order"]) for c in item.corners]
    except (KeyError, ValueError):
        order = []
    expected = list(range(len(corners)))
    if order == expected:
        return corners
    if sorted(order) != expected:
        report.repaired("the order of its corners is incomplete; they were taken as they come", item.place)
        return corners
    return [corner for _, corner in sorted(zip(order, corners, strict=True))]


def _curve(corners: list[tuple[float, float]]) -> Any:
    try:
        return closed_spline(pairs(corners)).tolist()
    except GeometryError:
        return corners  # will be refused with its reason


def _fields(item: _Item, groups: dict[str, _Group], report: ReportBuilder) -> dict[str, Any]:
    name = item.attributes.get("Name", "")
    fields: dict[str, Any] = {"name": None if not name or _DEFAULT_NAME.fullmatch(name) else name}
    own = from_css(item.attributes.get("Color"))
    group = item.attributes.get("PartOfGroup", NO_GROUP)
    if group in ("", NO_GROUP):
        fields["own_colour"] = own
        return fields
    if group not in groups:
        report.note(
            f"the group '{group}' is not in the list of groups; ASAP would refuse the file", item.place
        )
    colour = groups[group].colour if group in groups else own
    return fields | {"class_name": group, "colour": colour, "own_colour": own if own != colour else None}


def _with_holes(drafts: list[Draft], groups: dict[str, _Group], report: ReportBuilder) -> Iterator[Draft]:
    holes_of = {name: group.holes_of for name, group in groups.items() if group.holes_of is not None}
    if not holes_of:
        yield from drafts
        return
    kept: list[Draft] = []
    polygons: dict[str | None, list[Draft]] = {}
    holes: list[tuple[Draft, str | None, int]] = []  # with the number of polygons before
    for draft in drafts:
        name = draft.fields.get("class_name")
        if name in holes_of and draft.shape == "Polygon":
            base = None if holes_of[name] == NO_GROUP else holes_of[name]
            holes.append((draft, base, len(polygons.setdefault(base, []))))
            continue
        kept.append(draft)
        if draft.shape == "Polygon":
            polygons.setdefault(name, []).append(draft)
    shells = {base: Shells(of_class) for base, of_class in polygons.items()}
    for hole, base, n_before in holes:
        shell = shells[base].around(hole.coordinates[0], is_nearest=True, before=n_before)
        if shell is None:
            report.note("a hole lies in no region before it, and was kept as a region", hole.place)
            kept.append(hole)
        else:
            shell.coordinates.append(hole.coordinates[0])
    yield from kept
