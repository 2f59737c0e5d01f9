"""Write ASAP's XML. Holes, which it does not have, become a group to be subtracted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO

from shapely.geometry import LineString, Point, Polygon

from napari_histcode.annotations.annotation import Annotation, Rgb
from napari_histcode.annotations.asap_read import HOLES_OF, NO_GROUP, ROOT
from napari_histcode.annotations.classes import DEFAULT_COLOUR
from napari_histcode.annotations.colours import to_hex
from napari_histcode.annotations.writing import (
    Writing,
    attribute,
    comment,
    number_text,
    pieces_of,
    report_losses,
    rings_of,
)

_UNCLASSIFIED: Rgb = (244, 250, 88)
"""ASAP's own colour of a new annotation."""


def write_asap(annotations: Sequence[Annotation], file: TextIO, writing: Writing) -> None:
    """Write annotations and the groups that are their classes.

    Several polygons in one object become as many annotations. A hole becomes an annotation of the group
    "<class> (holes)", right after its polygon: give that group the label 0 when a mask is made in this order.

    Parameters
    ----------
    annotations : sequence of Annotation
        In level-0 pixels.
    file : TextIO
        Where to write.
    writing : Writing
        Origin, colours and audit record; its report takes what cannot be written.
    """
    groups = _Groups()
    n_written = 0
    file.write('<?xml version="1.0" encoding="utf-8"?>\n')
    file.write(comment(json.dumps(dict(writing.audit), ensure_ascii=True)) + "\n")
    file.write(f"<{ROOT}>\n\t<Annotations>\n")
    for position, annotation in enumerate(annotations, start=1):
        for kind, group, corners in _items(annotation, position, writing, groups):
            n_written += 1
            name = annotation.name or f"Annotation {n_written - 1}"
            colour = annotation.own_colour or writing.colour_of(annotation) or _UNCLASSIFIED
            file.write(
                f"\t\t<Annotation Name={attribute(name)} Type={attribute(kind)} "
                f"PartOfGroup={attribute(group)} Color={attribute(to_hex(colour))}>\n\t\t\t<Coordinates>\n"
            )
            for order, (x, y) in enumerate(corners):
                file.write(
                    f'\t\t\t\t<Coordinate Order="{order}" X="{number_text(x)}" Y="{number_text(y)}" />\n'
                )
            file.write("\t\t\t</Coordinates>\n\t\t</Annotation>\n")
    file.write("\t</Annotations>\n\t<AnnotationGroups>\n")
    file.writelines(groups.elements())
    file.write(f"\t</AnnotationGroups>\n</{ROOT}>\n")
    report_losses(annotations, writing, kept=frozenset(("own_colour",)))


class _Groups:
    """Groups in order of first use; ASAP refuses a file that names a group it does not list."""

    def __init__(self) -> None:
        self._colours: dict[str, Rgb] = {}
        self._holes_of: dict[str, str] = {}

    def of_class(self, class_name: str | None, colour: Rgb | None) -> str:
        if class_name is None or class_name == NO_GROUP:
            return NO_GROUP
        self._colours.setdefault(class_name, colour or DEFAULT_COLOUR)
        return class_name

    def of_holes(self, group: str) -> str:
        name = "(holes)" if group == NO_GROUP else f"{group} (holes)"
        self._colours.setdefault(name, DEFAULT_COLOUR)
        self._holes_of[name] = group
        return name

    def elements(self) -> list[str]:
        lines = []
        for name, colour in self._colours.items():
            lines.append(
                f'\t\t<Group Name={attribute(name)} PartOfGroup="{NO_GROUP}" '
                f"Color={attribute(to_hex(colour))}>\n\t\t\t<Attributes>\n"
            )
            if name in self._holes_of:
                lines.append(f"\t\t\t\t<Attribute {HOLES_OF}={attribute(self._holes_of[name])} />\n")
            lines.append("\t\t\t</Attributes>\n\t\t</Group>\n")
        return lines


def _items(
    annotation: Annotation, position: int, writing: Writing, groups: _Groups
) -> list[tuple[str, str, list[list[float]]]]:
    """Type, group and corners of the ASAP annotations for one of ours."""
    place = f"object {position}"
    if annotation.class_name == NO_GROUP:
        writing.report.unwritten(f"the class '{NO_GROUP}' means no class in ASAP", place)
    group = groups.of_class(annotation.class_name, writing.colour_of(annotation))
    pieces = list(pieces_of(annotation.geometry))
    points = [piece for piece in pieces if isinstance(piece, Point)]
    polygons = [piece for piece in pieces if isinstance(piece, Polygon)]
    if any(isinstance(piece, LineString) for piece in pieces):
        writing.report.unwritten("ASAP has no lines", place)
    if len(polygons) > 1:
        writing.report.unwritten("several polygons in one object were written one by one", place)
    items = []
    for polygon in polygons:
        shell, *holes = rings_of(polygon)
        items.append(("Polygon", group, writing.corners(shell)))
        items += [("Polygon", groups.of_holes(group), writing.corners(hole)) for hole in holes]
    if points:
        kind = "Dot" if annotation.geometry.geom_type == "Point" else "PointSet"
        items.append((kind, group, [writing.xy(point)[0] for point in points]))
    return items
