"""The figure of one heatmap: title, slide with heatmap, scale bar, colour bar, foot line.

Wide and square slides have the legend below, narrow ones beside them, so that neither wastes the page. All
lengths are pixels; type and margins follow from the size of the figure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.export.blend import blend, place_on, resize_rgb
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.scale import (
    TIMES,
    common_exponent,
    length_label,
    power_of_ten,
    round_length,
    round_ticks,
    tick_labels,
)
from napari_histcode.export.sheet import LINE_HEIGHT, SOFT_INK, Sheet
from napari_histcode.heatmap import Heatmap
from napari_histcode.heatmap.colour import colour_table, default_colormap
from napari_histcode.scores.scores import SlideScores

_LINES_A_SIDE = 48  # lines of base text along the longer side of the picture
_SMALLEST_TYPE = 13.0
_NARROW = 0.62  # width / height below which the legend stands beside the picture
_LEAST_CONTENT = 31.0  # in base sizes; holds scale bar and colour bar side by side
_SIDE_LEGEND = 17.0
_LARGEST_ENLARGEMENT = 4.0
_SMALLEST_PICTURE = 640
_TICK_TYPE = 0.92
_LABEL_ROOM = 1.6  # how far tick labels may reach into the margins
_FRAME = (200, 200, 200)
_BLACK = (26, 26, 26)


@dataclass(frozen=True, kw_only=True)
class OverlayStyle:
    """How a heatmap is shown; what is None follows from the heatmap."""

    alpha: float = 0.5
    """Weight of the heatmap's colours over the tissue, 0 to 1."""
    size: int = 1600
    """Longer side of the slide's picture in pixels."""
    colormap: str | None = None
    """Name of the colour scale."""
    limits: tuple[float, float] | None = None
    """Values at the ends of the colour scale."""


def picture_size(slide_um: tuple[float, float], overview_px: tuple[int, int], size: int) -> tuple[int, int]:
    """Choose width and height in pixels for the picture of a slide.

    The sides relate as on the slide in micrometres, also where its pixels are not square. An overview of
    few pixels is not blown up to the full size.
    """
    longest = min(size, max(int(_LARGEST_ENLARGEMENT * max(overview_px)), _SMALLEST_PICTURE))
    factor = longest / max(slide_um)
    return max(1, round(slide_um[0] * factor)), max(1, round(slide_um[1] * factor))


def draw_overlay_figure(
    scores: SlideScores, heatmap: Heatmap, overview_rgb: NDArray[np.uint8], style: OverlayStyle
) -> NDArray[np.uint8]:
    """Draw the figure.

    Parameters
    ----------
    scores : SlideScores
        Where the heatmap comes from.
    heatmap : Heatmap
        What to show.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide.
    style : OverlayStyle
        How to show it.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        The figure.
    """
    mpp = scores.grid.mpp
    slide_um = (heatmap.slide.dimensions[0] * mpp.x, heatmap.slide.dimensions[1] * mpp.y)
    width, height = picture_size(slide_um, (overview_rgb.shape[1], overview_rgb.shape[0]), style.size)
    picture = resize_rgb(overview_rgb, (width, height))
    mixed = blend(picture, heatmap, alpha=style.alpha, colormap=style.colormap, limits=style.limits)

    sheet = Sheet()
    base = max(_SMALLEST_TYPE, max(width, height) / _LINES_A_SIDE)
    margin = round(2 * base)
    is_narrow = width < _NARROW * height
    beside = round((2 + _SIDE_LEGEND) * base) if is_narrow else 0
    content = max(width + beside, round(_LEAST_CONTENT * base))
    top = round(_header(sheet, scores, heatmap, margin, content, base))
    sheet.rectangle(margin - 1, top - 1, width + 2, height + 2, _FRAME)
    sheet.picture(margin, top, mixed)

    legend = _Legend(sheet=sheet, base=base, heatmap=heatmap, style=style, grey=_grey_under(picture, heatmap))
    um_per_px = slide_um[0] / width
    bottom = top + height
    if is_narrow:
        left = margin + width + round(2 * base)
        y = legend.colour_bar(left, top, round(_SIDE_LEGEND * base))
        y = legend.scale_bar(left, y + 1.5 * base, um_per_px, min(0.8 * width, _SIDE_LEGEND * base))
        bottom = max(bottom, round(y))
    else:
        bar = round(min(max(0.5 * content, 17 * base), 26 * base))
        y = bottom + 1.1 * base
        longest = min(0.3 * width, content - bar - 3 * base)
        below_scale = legend.scale_bar(margin, y, um_per_px, longest)
        bottom = round(max(below_scale, legend.colour_bar(margin + content - bar, y, bar)))
    end = _foot(sheet, scores, margin, bottom + 1.1 * base, content, base)
    return sheet.render(content + 2 * margin, round(end + margin - 0.35 * base))


def _header(
    sheet: Sheet, scores: SlideScores, heatmap: Heatmap, margin: int, content: int, base: float
) -> float:
    """Set title and facts; return where the picture begins."""
    grid = scores.grid
    tiles = "tile" if len(grid) == 1 else "tiles"
    facts = (
        heatmap.slide.alias,
        f"{len(grid):,} {tiles} of {grid.config.tile_um:.4g} µm",
        f"{grid.mpp.mean:.3g} µm/px ({grid.mpp.source})",
    )
    y = sheet.paragraph(
        margin, margin - 0.3 * base, heatmap.label, width=content, size=1.5 * base, is_bold=True
    )
    y = sheet.paragraph(margin, y, " · ".join(facts), width=content, size=base, colour=SOFT_INK)
    return y + 0.7 * base


def _foot(sheet: Sheet, scores: SlideScores, margin: int, y: float, content: int, base: float) -> float:
    """Set the research-use line and the model; return where they end."""
    sheet.rectangle(margin, round(y), content, 1, _FRAME)
    y += 0.6 * base
    model = f"model {scores.model_name} {scores.model_version}".strip()
    used = sheet.width_of(RESEARCH_USE, base, is_bold=True)
    below = sheet.paragraph(margin, y, RESEARCH_USE, width=content, size=base, is_bold=True)
    if used + 2 * base + sheet.width_of(model, base) <= content:
        sheet.text(margin + content, y, model, size=base, colour=SOFT_INK, align="right")
        return below
    return sheet.paragraph(margin, below, model, width=content, size=base, colour=SOFT_INK)


def _grey_under(picture: NDArray[np.uint8], heatmap: Heatmap) -> float:
    """Mean brightness of the picture under the raster, 0 to 255: what the colours lie on."""
    columns, rows = place_on(heatmap, (picture.shape[1], picture.shape[0]))
    under = picture[rows >= 0][:, columns >= 0]
    return float(under.mean()) if under.size else 255.0


@dataclass(frozen=True, kw_only=True)
class _Legend:
    """Scale bar and colour bar."""

    sheet: Sheet
    base: float
    heatmap: Heatmap
    style: OverlayStyle
    grey: float

    def scale_bar(self, x: float, y: float, um_per_px: float, longest: float) -> float:
        """Draw a bar of round length, at most ``longest`` pixels; return where it ends."""
        length_um = round_length(longest * um_per_px)
        y = self.sheet.text(x, y, length_label(length_um), size=self.base) + 0.15 * self.base
        thickness = max(3, round(0.3 * self.base))
        length = max(1, round(length_um / um_per_px))
        self.sheet.rectangle(round(x), round(y), length, thickness, _BLACK)
        return y + thickness

    def colour_bar(self, x: int, y: float, width: int) -> float:
        """Draw the colours as they look over the tissue, with ticks and quantity; return where it ends."""
        base = self.base
        low, high = self.style.limits or self.heatmap.limits
        exponent = common_exponent(low, high)
        y = self.sheet.paragraph(x, y, self._title(exponent), width=width, size=base) + 0.15 * base
        top, thickness, reach = round(y), round(1.05 * base), round(0.6 * base)
        is_below, is_above = self._has_beyond(low, high)
        left, right = x + reach * is_below, x + width - reach * is_above
        colours = self._colours(right - left)
        self.sheet.picture(left, top, np.tile(colours, (thickness, 1, 1)))
        for is_beyond, end, tip, colour in (
            (is_below, left, x, colours[0]),
            (is_above, right, x + width, colours[-1]),
        ):
            if is_beyond:
                corners = [(end, top), (tip, top + thickness / 2), (end, top + thickness)]
                self.sheet.polygon(corners, tuple(colour / 255))
        y = top + thickness
        ticks = round_ticks(low, high)
        for tick, label in zip(ticks, tick_labels(ticks, exponent), strict=True):
            place = left + (right - left - 1) * (tick - low) / (high - low)
            self.sheet.rectangle(round(place), y, max(1, round(base / 14)), round(0.35 * base), _BLACK)
            room = _LABEL_ROOM * base - self.sheet.width_of(label, _TICK_TYPE * base) / 2
            place = min(max(place, x - room), x + width + room)
            self.sheet.text(place, y + 0.45 * base, label, size=_TICK_TYPE * base, align="center")
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
        name = self.style.colormap or default_colormap(self.heatmap)
        pure = 255 * colour_table(name, n_colours)[:, :3]
        mixed = (1 - self.style.alpha) * self.grey + self.style.alpha * pure
        return np.round(mixed).astype(np.uint8)
