"""Read HistomicsUI's (large_image's) JSON annotations: elements in level-0 pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from napari_histcode.annotations.colours import from_css
from napari_histcode.annotations.curves import ellipse, rectangle
from napari_histcode.annotations.draft import Draft
from napari_histcode.annotations.json_stream import Member
from napari_histcode.annotations.report import ReportBuilder

ELEMENTS = "elements"
_NO_GROUP = "default"
_NO_REGIONS = {
    "heatmap": "a heatmap",
    "griddata": "a grid of values",
    "image": "an image overlay",
    "pixelmap": "an image overlay",
}


def read_histomics(members: Iterable[Member], report: ReportBuilder) -> Iterator[Draft]:
    """Yield the elements of an annotation, of a downloaded record of one, or of a list of them.

    The class is the element's group, and its name the element's label.

    Parameters
    ----------
    members : iterable of Member
        Of the file, with "elements" streamed.
    report : ReportBuilder
        Takes what cannot be read.
    """
    n_elements = 0
    for member in members:
        for element in _elements(member):
            n_elements += 1
            draft = _draft(element, f"element {n_elements}", report)
            if draft is not None:
                yield draft


def _elements(member: Member) -> Iterator[Any]:
    if member.key == ELEMENTS and member.position is not None:
        yield member.value
        return
    value = member.value if member.key in (None, "annotation") else None
    if isinstance(value, dict):
        value = value.get("annotation", value)
    elements = value.get(ELEMENTS) if isinstance(value, dict) else None
    yield from elements if isinstance(elements, list) else ()


def _draft(element: Any, place: str, report: ReportBuilder) -> Draft | None:
    if not isinstance(element, dict):
        report.unread("it is no element", place)
        return None
    kind = str(element.get("type"))
    if kind in _NO_REGIONS:
        report.unread(f"it is {_NO_REGIONS[kind]}, no region", place)
        return None
    if kind not in _DRAFTS:
        report.unread(f"its type is '{kind:.60}', which is not known", place)
        return None
    try:
        draft: Draft = _DRAFTS[kind](element, place)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        report.unread("its coordinates are missing or no numbers", place)
        return None
    if draft.fields.get("is_ellipse"):
        report.note("an ellipse or circle was replaced by a polygon", place)
    elif kind == "arrow":
        report.note("an arrow was read as a line", place)
    elif kind == "rectanglegrid":
        report.note("a grid of rectangles was read as its outline", place)
    draft.fields |= _fields(element)
    return draft


def _fields(element: dict[str, Any]) -> dict[str, Any]:
    label = element.get("label")
    name = label.get("value") if isinstance(label, dict) else label
    group = element.get("group")
    class_name = str(group) if group and group != _NO_GROUP else None
    colour = from_css(element.get("lineColor"))
    return {
        "name": str(name) if name else None,
        "class_name": class_name,
        "colour" if class_name else "own_colour": colour,
    }


def _polyline(element: dict[str, Any], place: str) -> Draft:
    points = [point[:2] for point in element["points"]]
    if not element.get("closed"):
        return Draft(place=place, shape="LineString", coordinates=points)
    holes = [[point[:2] for point in hole] for hole in element.get("holes") or ()]
    return Draft(place=place, shape="Polygon", coordinates=[points, *holes])


def _rectangle(element: dict[str, Any], place: str) -> Draft:
    x, y = element["center"][:2]
    size = float(element["width"]), float(element["height"])
    corners = rectangle((float(x), float(y)), size, rotation=_rotation(element))
    return Draft(place=place, shape="Polygon", coordinates=[corners.tolist()])


def _ellipse(element: dict[str, Any], place: str) -> Draft:
    x, y = element["center"][:2]
    radii = float(element["width"]) / 2, float(element["height"]) / 2
    outline = ellipse((float(x), float(y)), radii, rotation=_rotation(element))
    return Draft(place=place, shape="Polygon", coordinates=[outline.tolist()], fields={"is_ellipse": True})


def _circle(element: dict[str, Any], place: str) -> Draft:
    diameter = 2 * float(element["radius"])
    return _ellipse({**element, "width": diameter, "height": diameter, "rotation": 0}, place)


def _rotation(element: dict[str, Any]) -> float:
    """Radians about the normal.

    The schema says counterclockwise about +z; with y down this runs from x to y, as large_image's own client
    computes it (``atan2`` of a side in image coordinates). A normal of -z turns it round.
    """
    normal = element.get("normal") or (0, 0, 1)
    return float(element.get("rotation") or 0) * (-1 if normal[2] < 0 else 1)


def _point(element: dict[str, Any], place: str) -> Draft:
    return Draft(place=place, shape="Point", coordinates=element["center"][:2])


def _arrow(element: dict[str, Any], place: str) -> Draft:
    return Draft(place=place, shape="LineString", coordinates=[point[:2] for point in element["points"]])


_DRAFTS = {
    "polyline": _polyline,
    "rectangle": _rectangle,
    "rectanglegrid": _rectangle,
    "ellipse": _ellipse,
    "circle": _circle,
    "point": _point,
    "arrow": _arrow,
}
