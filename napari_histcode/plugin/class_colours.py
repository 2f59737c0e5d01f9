"""Colours of annotation classes: the file's own, else QuPath's for its usual classes, else one by turns."""

from __future__ import annotations

from collections.abc import Sequence

from napari_histcode.annotations import QUPATH_CLASSES, Annotation
from napari_histcode.annotations.annotation import Rgb

QUPATH_COLOURS = {entry.name.casefold(): entry.colour for entry in QUPATH_CLASSES}
FURTHER_COLOURS: tuple[Rgb, ...] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
)
"""For classes of other names: Okabe and Ito's palette, safe for colour-blind eyes."""

UNCLASSIFIED: Rgb = (255, 215, 0)


def outline_colours(annotations: Sequence[Annotation]) -> list[str]:
    """Choose an outline colour, ``"#rrggbb"``, for every annotation; equal classes look alike."""
    names = dict.fromkeys(a.class_name for a in annotations if a.class_name)
    others = [name for name in names if name.casefold() not in QUPATH_COLOURS]
    further = {name: FURTHER_COLOURS[i % len(FURTHER_COLOURS)] for i, name in enumerate(others)}
    return ["#{:02x}{:02x}{:02x}".format(*_colour(annotation, further)) for annotation in annotations]


def _colour(annotation: Annotation, further: dict[str, Rgb]) -> Rgb:
    if annotation.colour is not None:
        return annotation.colour
    if annotation.class_name is None:
        return UNCLASSIFIED
    return QUPATH_COLOURS.get(annotation.class_name.casefold()) or further[annotation.class_name]
