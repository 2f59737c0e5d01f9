"""Read Hamamatsu's NDPA: objects in nanometres from the centre of the glass slide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from napari_histcode.annotations.colours import from_css
from napari_histcode.annotations.curves import ellipse
from napari_histcode.annotations.draft import Draft
from napari_histcode.annotations.report import ReportBuilder
from napari_histcode.annotations.xml_stream import Event, number

ROOT = "annotations"

_NM_PER_UNIT = {"": 1.0, "nanometers": 1.0, "micrometers": 1e3, "millimeters": 1e6}


@dataclass(kw_only=True)
class _View:
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class _Item:
    place: str
    attributes: dict[str, str]
    texts: dict[str, str] = field(default_factory=dict)
    xs: list[str] = field(default_factory=list)
    ys: list[str] = field(default_factory=list)


def read_ndpa(events: Iterable[Event], report: ReportBuilder) -> Iterator[Draft]:
    """Yield the objects of an NDPA file in nanometres; the class is the title.

    Parameters
    ----------
    events : iterable of Event
        Of the file.
    report : ReportBuilder
        Takes what cannot be read.
    """
    view = _View()
    items: list[_Item] = []
    item: _Item | None = None
    is_point = False
    n_views = 0
    for kind, tag, attributes, text, _ in events:
        if kind == "start":
            if tag == "ndpviewstate":
                n_views += 1
                view, items = _View(), []
            elif tag == "annotation":
                item = _Item(place=f"view {n_views}", attributes=attributes)
            is_point = tag == "point" or (is_point and tag in ("x", "y"))
        elif tag == "ndpviewstate":
            yield from (draft for i in items if (draft := _draft(i, view, report)) is not None)
        elif tag == "annotation" and item is not None:
            items.append(item)
            item = None
        elif tag == "point":
            is_point = False
        elif item is None:
            view.texts[tag] = text
        elif is_point and tag in ("x", "y"):
            (item.xs if tag == "x" else item.ys).append(text)
        else:
            item.texts[tag] = text


def _draft(item: _Item, view: _View, report: ReportBuilder) -> Draft | None:
    units = view.texts.get("coordformat", "").lower()
    if units not in _NM_PER_UNIT:
        report.unread(f"its coordinates are in '{units}', which is not understood", item.place)
        return None
    if view.texts.get("details"):
        report.note("the details of an object are not read", item.place)
    kind = item.attributes.get("type", "").lower()
    try:
        draft = _DRAFTS[kind](item, _NM_PER_UNIT[units])
    except KeyError:
        report.unread(f"its type is '{kind}', which is not known", item.place)
        return None
    except ValueError:
        report.unread("a coordinate is missing or is no number", item.place)
        return None
    if kind == "circle":
        report.note("a circle was replaced by a polygon", item.place)
    elif kind in ("linearmeasure", "pointer"):
        report.note("a ruler or pointer was read as a line", item.place)
    title = view.texts.get("title") or None
    colour = from_css(item.attributes.get("color"))
    draft.fields |= {"class_name": title, "colour" if title else "own_colour": colour}
    return draft


def _freehand(item: _Item, nm: float) -> Draft:
    points = [(number(x) * nm, number(y) * nm) for x, y in zip(item.xs, item.ys, strict=True)]
    closed = item.texts.get("closed")
    is_closed = (
        item.attributes.get("displayname") != "AnnotateFreehandLine" if closed is None else closed == "1"
    )
    if is_closed:
        return Draft(place=item.place, shape="Polygon", coordinates=[points])
    return Draft(place=item.place, shape="LineString", coordinates=points)


def _circle(item: _Item, nm: float) -> Draft:
    x, y, radius = (number(item.texts.get(key)) * nm for key in ("x", "y", "radius"))
    outline = ellipse((x, y), (radius, radius)).tolist()
    return Draft(place=item.place, shape="Polygon", coordinates=[outline], fields={"is_ellipse": True})


def _pin(item: _Item, nm: float) -> Draft:
    point = [number(item.texts.get(key)) * nm for key in ("x", "y")]
    return Draft(place=item.place, shape="Point", coordinates=point)


def _ruler(item: _Item, nm: float) -> Draft:
    x1, y1, x2, y2 = (number(item.texts.get(key)) * nm for key in ("x1", "y1", "x2", "y2"))
    ends: Any = [(x1, y1), (x2, y2)]
    return Draft(place=item.place, shape="LineString", coordinates=ends)


_DRAFTS = {
    "freehand": _freehand,
    "circle": _circle,
    "pin": _pin,
    "linearmeasure": _ruler,
    "pointer": _ruler,
}
