"""Colours as the programs write them, and red, green, blue."""

from __future__ import annotations

import re
from typing import Any

from napari_histcode.annotations.annotation import Rgb

_HEX = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_CSS = re.compile(r"rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(?:,\s*[\d.]+\s*)?\)")


def from_argb(packed: int) -> Rgb:
    """Unpack QuPath's signed 32-bit alpha, red, green, blue."""
    return (packed >> 16) & 255, (packed >> 8) & 255, packed & 255


def from_colorref(packed: int) -> Rgb:
    """Unpack ImageScope's Windows COLORREF: red + 256 green + 65536 blue, so that 255 is red."""
    return packed & 255, (packed >> 8) & 255, (packed >> 16) & 255


def to_colorref(colour: Rgb) -> int:
    """Pack as Windows COLORREF."""
    red, green, blue = colour
    return red + 256 * green + 65536 * blue


def to_hex(colour: Rgb) -> str:
    """Write as "#RRGGBB"."""
    return "#{:02X}{:02X}{:02X}".format(*colour)


def from_css(text: Any) -> Rgb | None:
    """Read "#RGB", "#RRGGBB", "#RRGGBBAA", "rgb(...)" or "rgba(...)"; None for anything else."""
    text = str(text).strip()
    if match := _HEX.fullmatch(text):
        digits = match[1] if len(match[1]) != 3 else "".join(2 * digit for digit in match[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if match := _CSS.fullmatch(text):
        red, green, blue = (min(255, int(part)) for part in match.groups()[:3])
        return red, green, blue
    return None


def from_list(values: Any) -> Rgb | None:
    """Read [red, green, blue] or [red, green, blue, alpha]; None for anything else."""
    if not isinstance(values, list) or len(values) not in (3, 4):
        return None
    if not all(isinstance(value, int | float) and 0 <= value <= 255 for value in values):
        return None
    red, green, blue = (int(value) for value in values[:3])
    return red, green, blue
