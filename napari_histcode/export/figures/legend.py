"""The legend of a heatmap: scale bar and colour bar, set on a sheet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.export.figures.blend import place_on
from napari_histcode.export.figures.scale import (
    TIMES,
    common_exponent,
    length_label,
    power_of_ten,
    round_length,
    round_ticks,
    tick_labels,
)
from napari_histcode.export.figures.sheet import LINE_HEIGHT, Sheet
from napari_histcode.export.figures.view import Box
from napari_histcode.heatmap import Heatmap
from napari_histcode.heatmap.colour import colour_table, default_colormap

_TICK_TYPE = 0.92
_ROOM_A_TICK = 2.8  # in base sizes
_BLACK = (26, 26, 26)


def draw_scale_bar(sheet: Sheet, x: float, y: float, um_per_px: float, longest: float, base: float) -> float:
    """Draw a bar of round length, at most ``longest`` pixels; return where it ends.

    Parameters
    ----------
    sheet : Sheet
        Where to draw.
    x, y : float
        Top-left corner of its label.
    um_per_px : float
        Micrometres per pixel of the picture, and so of the sheet.
    longest : float
        Greatest length in pixels.
    base : float
        Size of the type.
    """
    length_um = round_length(longest * um_per_px)
    y = sheet.text(x, y, length_label(length_um), size=base) + 0.15 * base
    thickness = max(3, round(0.3 * base))
    length = max(1, round(length_um / um_per_px))
    sheet.rectangle(round(x), round(y), length, thickness, _BLACK)
    return y + thickness


def grey_under(picture: NDArray[np.uint8], heatmap: Heatmap, box_px0: Box | None = None) -> float:
    """Mean brightness of a picture under the raster, 0 to 255: what the colours lie on.

    Parameters
    ----------
    picture : ndarray of uint8, (height, width, 3)
        A part of the slide without the heatmap.
    heatmap : Heatmap
        What will lie over it.
    box_px0 : tuple of float, optional
        What it shows in level-0 pixels; the whole slide if not given.
    """
    columns, rows = place_on(heatmap, (picture.shape[1], picture.shape[0]), box_px0)
    under = picture[rows >= 0][:, columns >= 0]
    return float(under.mean()) if under.size else 255.0


@dataclass(frozen=True, kw_only=True)
class ColourBar:
    """The colours of a heatmap as they look over the tissue, with ticks and quantity."""

    heatmap: Heatmap
    """What it explains."""
    base: float
    """Size of the type in pixels."""
    alpha: float
    """Weight of the colours over the tissue, 0 to 1."""
    grey: float
    """Mean brightness of the tissue under them, 0 to 255."""
    colormap: str | None = None
    """Colour scale; the heatmap's default if None."""
    limits: tuple[float, float] | None = None
    """Values at its ends; the heatmap's own if None."""
    overhang: float = 1.6
    """How far tick labels may reach over its ends, in sizes of the type."""

    def draw(self, sheet: Sheet, x: int, y: float, width: int) -> float:
        """Draw it, ``width`` pixels wide, from its top-left corner; return where it ends."""
        base = self.base
        low, high = self.limits or self.heatmap.limits
        exponent = common_exponent(low, high)
        y = sheet.paragraph(x, y, self._title(exponent), width=width, size=base) + 0.15 * base
        top, thickness, reach = round(y), round(1.05 * base), round(0.6 * base)
        is_below, is_above = self._has_beyond(low, high)
        left, right = x + reach * is_below, x + width - reach * is_above
        colours = self._colours(right - left)
        sheet.picture(left, top, np.tile(colours, (thickness, 1, 1)))
        for is_beyond, end, tip, colour in (
            (is_below, left, x, colours[0]),
            (is_above, right, x + width, colours[-1]),
        ):
            if is_beyond:
                inside = end + (1 if tip < end else -1)  # under the bar, lest a hairline shows between
                corners = [(inside, top), (end, top), (tip, top + thickness / 2)]
                corners += [(end, top + thickness), (inside, top + thickness)]
                sheet.polygon(corners, tuple(colour / 255))
        y = top + thickness
        n_steps = min(6, max(2, int(width / (_ROOM_A_TICK * base))))
        ticks = round_ticks(low, high, n_steps)
        for tick, label in zip(ticks, tick_labels(ticks, exponent), strict=True):
            place = left + (right - left - 1) * (tick - low) / (high - low)
            sheet.rectangle(round(place), y, max(1, round(base / 14)), round(0.35 * base), _BLACK)
            room = self.overhang * base - sheet.width_of(label, _TICK_TYPE * base) / 2
            place = min(max(place, x - room), x + width + room)
            sheet.text(place, y + 0.45 * base, label, size=_TICK_TYPE * base, align="center")
        return y + 0.45 * base + _TICK_TYPE * base * LINE_HEIGHT

    def _has_beyond(self, low: float, high: float) -> tuple[bool, bool]:
        """Whether there are values below and above the limits."""
        values = self.heatmap.raster[np.isfinite(self.heatmap.raster)]
        slack = 1e-6 * (high - low)  # float32 values against float64 limits
        return bool((values < low - slack).any()), bool((values > high + slack).any())

    def _title(self, exponent: int) -> str:
        parts = [f"{TIMES} {power_of_ten(exponent)}"] if exponent else []
        parts += [self.heatmap.unit] if self.heatmap.unit else []
        return f"{self.heatmap.quantity} ({' '.join(parts)})" if parts else self.heatmap.quantity

    def _colours(self, n_colours: int) -> NDArray[np.uint8]:
        name = self.colormap or default_colormap(self.heatmap)
        pure = 255 * colour_table(name, n_colours)[:, :3]
        mixed = (1 - self.alpha) * self.grey + self.alpha * pure
        return np.round(mixed).astype(np.uint8)
