"""Write HistomicsUI's (large_image's) JSON annotation, to be uploaded beside a slide."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO

from shapely.geometry import LineString, Point, Polygon

from napari_histcode.annotations.annotation import Annotation, Rgb
from napari_histcode.annotations.writing import Writing, pieces_of, report_losses, rings_of

NAME = "napari-histcode annotations"
_NO_CLASS: Rgb = (0, 0, 0)
_FILL_OPACITY = 0.2


def write_histomics(annotations: Sequence[Annotation], file: TextIO, writing: Writing) -> None:
    """Write one annotation with an element for each polygon, line and point.

    Parameters
    ----------
    annotations : sequence of Annotation
        In level-0 pixels.
    file : TextIO
        Where to write.
    writing : Writing
        Origin, colours and audit record; its report takes what cannot be written.
    """
    head = {"name": NAME, "description": "Research use only. Not for diagnosis."}
    file.write(json.dumps(head)[:-1] + f', "attributes": {json.dumps(dict(writing.audit))}, "elements": [')
    separator = "\n"
    for position, annotation in enumerate(annotations, start=1):
        pieces = list(pieces_of(annotation.geometry))
        if len(pieces) > 1:
            writing.report.unwritten(
                "several parts of one object were written one by one", f"object {position}"
            )
        for piece in pieces:
            element = _element(piece, annotation, writing)
            file.write(separator + json.dumps(element, separators=(",", ":")))
            separator = ",\n"
    file.write("\n]}\n")
    report_losses(annotations, writing, kept=frozenset(("own_colour",)))


def _element(piece: Polygon | LineString | Point, annotation: Annotation, writing: Writing) -> dict[str, Any]:
    red, green, blue = annotation.own_colour or writing.colour_of(annotation) or _NO_CLASS
    element: dict[str, Any] = {"lineColor": f"rgb({red}, {green}, {blue})", "lineWidth": 2}
    if annotation.class_name is not None:
        element["group"] = annotation.class_name
    if annotation.name is not None:
        element["label"] = {"value": annotation.name}
    if isinstance(piece, Point):
        return {"type": "point", "center": [*writing.xy(piece)[0], 0], **element}
    if isinstance(piece, Polygon):
        shell, *holes = ([[x, y, 0] for x, y in writing.corners(ring)] for ring in rings_of(piece))
        element |= {"closed": True, "points": shell}
        element["fillColor"] = f"rgba({red}, {green}, {blue}, {_FILL_OPACITY})"
        return {"type": "polyline", **element, **({"holes": holes} if holes else {})}
    points = [[x, y, 0] for x, y in writing.xy(piece)]
    return {"type": "polyline", **element, "closed": False, "points": points}
