"""Colours of annotation classes: the file's own, else QuPath's for its usual classes, else one by turns."""

from __future__ import annotations

from collections.abc import Sequence

from napari_histcode.annotations import Annotation

QUPATH_COLOURS = {
    "tumor": "#c80000",
    "stroma": "#96c896",
    "immune cells": "#a05aa0",
    "necrosis": "#323232",
    "other": "#ffc800",
    "region*": "#0000b4",
    "ignore*": "#b4b4b4",
    "positive": "#fa3e3e",
    "negative": "#7070e1",
}
"""QuPath's default classes and their colours."""

FURTHER_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""For classes of other names: Okabe and Ito's palette, safe for colour-blind eyes."""

UNCLASSIFIED = "#ffd700"


def outline_colours(annotations: Sequence[Annotation]) -> list[str]:
    """Choose an outline colour, ``"#rrggbb"``, for every annotation; equal classes look alike."""
    names = dict.fromkeys(a.class_name for a in annotations if a.class_name)
    others = [name for name in names if name.lower() not in QUPATH_COLOURS]
    further = {name: FURTHER_COLOURS[i % len(FURTHER_COLOURS)] for i, name in enumerate(others)}
    return [_colour(annotation, further) for annotation in annotations]


def _colour(annotation: Annotation, further: dict[str, str]) -> str:
    if annotation.colour is not None:
        return "#{:02x}{:02x}{:02x}".format(*annotation.colour)
    if annotation.class_name is None:
        return UNCLASSIFIED
    return QUPATH_COLOURS.get(annotation.class_name.lower()) or further[annotation.class_name]
