"""The legend of classes: which lines it has, and in which colours.

Pure; `class_chips` shows it on the canvas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_histcode.annotations.annotation import Rgb

MOST_CHIPS = 9
"""More classes are counted in a last line: colours could not be told apart, and the slide is to be seen."""
LONGEST = 32
"""Longer names end in an ellipsis."""


@dataclass(frozen=True, kw_only=True)
class LegendClass:
    """One class."""

    label: str
    """Its name."""
    colour: Rgb
    """Its colour, 0 to 255."""


@dataclass(frozen=True, kw_only=True)
class Legend:
    """The classes of one layer."""

    title: str
    """What they are classes of."""
    classes: tuple[LegendClass, ...]
    """In the order in which they are shown."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the legend."""

    text: str
    """What it says."""
    colour: Rgb | None = None
    """Colour of its box; None for a line in the canvas's own colours."""


def lines_of(legends: Sequence[Legend]) -> tuple[Line, ...]:
    """Write the lines from top to bottom: classes, how many there are beyond, titles of several legends."""
    lines: list[Line] = []
    for legend in legends:
        shown = legend.classes
        if len(shown) > MOST_CHIPS:
            shown = shown[: MOST_CHIPS - 1]
        if len(legends) > 1:
            lines.append(Line(text=_shortened(legend.title)))
        lines += [Line(text=_shortened(each.label), colour=each.colour) for each in shown]
        if len(shown) < len(legend.classes):
            lines.append(Line(text=f"and {len(legend.classes) - len(shown)} more"))
    return tuple(lines)


def text_colour(box: Rgb) -> str:
    """Choose black or white for a text on a box of this colour, by its relative luminance (WCAG 2.1)."""
    red, green, blue = (_linear(channel / 255) for channel in box)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "black" if luminance > 0.179 else "white"


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
