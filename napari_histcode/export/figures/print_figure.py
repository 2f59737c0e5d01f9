"""A figure for print: panels side by side over one region of a slide, measured in millimetres and points.

All panels show the same rectangle at the same scale. Sizes follow from the width that the page has and from
the resolution: the sheet's pixels are the printer's, so that pictures are neither enlarged nor reduced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from napari_histcode.export.figures.figure_frame import FRAME, facts_of, set_foot, set_header
from napari_histcode.export.figures.legend import ColourBar, draw_scale_bar
from napari_histcode.export.figures.outlines import ClassOutline
from napari_histcode.export.figures.sheet import LINE_HEIGHT, Sheet, wrap
from napari_histcode.export.figures.view import Box
from napari_histcode.scores.scores import SlideScores

TYPE_PT = 7.0
"""Size of the type in points, whatever the width; ticks are a little smaller."""

_MARGIN_MM = 2.0
_GAP_MM = 3.5
_LEAST_PANEL_MM = 36.0
_TALLEST_MM = 200.0  # of all rows of pictures
_LINE_PT = 0.9
_CASING_PT = 2.0
_NARROW = 0.55  # of its place: a picture narrower than that has its legend beside it
_SIDE_BY_SIDE = 30.0  # in base sizes: scale bar and colour bar
_TITLE_TYPE = 1.3

Swatch = tuple[tuple[int, int, int], str]
"""A colour and what it stands for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One picture of a figure, before its size is known."""

    title: str
    """What stands above it."""
    paint: Callable[[NDArray[np.uint8], float], tuple[NDArray[np.uint8], ColourBar | None]]
    """Turns the plain slide (height, width, 3) and the size of the type into the picture and its legend."""
    swatches: tuple[Swatch, ...] = ()
    """Colours to explain below it."""
    has_outlines: bool = False
    """Whether the regions' outlines are drawn over it."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where panels stand; all in pixels of the sheet."""

    width: int
    """Width of the figure."""
    margin: int
    """Margin on all sides."""
    gap: int
    """Between panels."""
    n_columns: int
    """Panels in a row."""
    place: int
    """Width that a panel has."""
    picture: tuple[int, int]
    """Width and height of its picture."""
    base: float
    """Size of the type."""
    point: float
    """Pixels of a point."""

    @property
    def content(self) -> int:
        """Width between the margins."""
        return self.width - 2 * self.margin

    @property
    def is_narrow(self) -> bool:
        """Whether legends stand beside their pictures."""
        return self.picture[0] < _NARROW * self.place


def lay_out(n_panels: int, size_um: tuple[float, float], *, width_mm: float, dpi: int) -> Layout:
    """Decide the places of panels.

    Parameters
    ----------
    n_panels : int
        How many there are.
    size_um : tuple of float
        Width and height of the region in micrometres.
    width_mm : float
        Width of the figure.
    dpi : int
        Pixels per inch.
    """
    mm = dpi / 25.4
    margin, gap = round(_MARGIN_MM * mm), round(_GAP_MM * mm)
    width = round(width_mm * mm)
    content = width - 2 * margin
    fitting = max(1, floor((content + gap) / (_LEAST_PANEL_MM * mm + gap)))
    n_rows = ceil(n_panels / fitting)
    n_columns = ceil(n_panels / n_rows)
    place = (content - gap * (n_columns - 1)) // n_columns
    tallest = _TALLEST_MM * mm / n_rows
    factor = min(place / size_um[0], tallest / size_um[1])
    picture = max(1, floor(size_um[0] * factor)), max(1, floor(size_um[1] * factor))
    return Layout(
        width=width, margin=margin, gap=gap, n_columns=n_columns, place=place, picture=picture,
        base=TYPE_PT * dpi / 72, point=dpi / 72,
    )  # fmt: skip


def draw_print_figure(
    scores: SlideScores,
    panels: Sequence[Panel],
    layout: Layout,
    box_px0: Box,
    plain_rgb: NDArray[np.uint8],
    outlines: Sequence[ClassOutline],
    *,
    title: str,
    facts: Sequence[str] = (),
) -> tuple[Sheet, tuple[int, int]]:
    """Draw panels, legends, title and foot.

    Parameters
    ----------
    scores : SlideScores
        What the figure shows.
    panels : sequence of Panel
        From left to right.
    layout : Layout
        Where they stand.
    box_px0 : tuple of float
        The region in level-0 pixels.
    plain_rgb : ndarray of uint8, (height, width, 3)
        The region in the size of the layout's pictures.
    outlines : sequence of ClassOutline
        In pixels of that picture.
    title : str
        First line.
    facts : sequence of str
        More to say below it.

    Returns
    -------
    sheet : Sheet
        The figure, not rendered.
    size_px : tuple of int
        Its width and height.
    """
    sheet, base, margin = Sheet(), layout.base, layout.margin
    y = set_header(
        sheet, title, [*facts_of(scores)[1:], *facts], x=margin, y=margin - 0.25 * base,
        width=layout.content, base=base, title_type=_TITLE_TYPE,
    )  # fmt: skip
    um_per_px = box_px0[2] * scores.grid.mpp.x / layout.picture[0]
    for first in range(0, len(panels), layout.n_columns):
        row = panels[first : first + layout.n_columns]
        top = round(y + 0.5 * base + _title_height(sheet, row, layout))
        ends = []
        for column, panel in enumerate(row):
            left = margin + column * (layout.place + layout.gap)
            is_first = first == 0 and column == 0
            ends.append(
                _draw_panel(
                    sheet,
                    panel,
                    layout,
                    (left, top),
                    plain_rgb,
                    outlines,
                    um_per_px=um_per_px if is_first else None,
                )
            )
        y = max(ends) + 0.6 * base
    if outlines and any(panel.has_outlines for panel in panels):
        swatches = [(outline.colour, outline.name) for outline in outlines]
        y = set_swatches(sheet, swatches, x=margin, y=y + 0.2 * base, width=layout.content, base=base)
    end = set_foot(
        sheet, scores, x=margin, y=y + 0.5 * base, width=layout.content, base=base,
        rule=max(1, round(0.4 * layout.point)),
    )  # fmt: skip
    return sheet, (layout.width, ceil(end + margin - 0.35 * base))


def set_swatches(
    sheet: Sheet, swatches: Sequence[Swatch], *, x: float, y: float, width: float, base: float
) -> float:
    """Set coloured squares with their names in lines of at most ``width``; return where they end."""
    side = round(0.8 * base)
    line_x = x
    for colour, name in swatches:
        for text in wrap(name, width - 1.4 * side, lambda part: sheet.width_of(part, base)) or [""]:
            needed = 1.4 * side + sheet.width_of(text, base)
            if line_x > x and line_x + needed > x + width:
                line_x, y = x, y + LINE_HEIGHT * base
            top = round(y + 0.16 * base)
            edge = tuple(round(0.75 * part) for part in colour)
            sheet.rectangle(round(line_x), top, side, side, (edge[0], edge[1], edge[2]))
            rim = max(1, round(0.06 * side))
            sheet.rectangle(round(line_x) + rim, top + rim, side - 2 * rim, side - 2 * rim, colour)
            sheet.text(line_x + 1.4 * side, y, text, size=base)
            line_x += needed + 1.2 * base
    return y + LINE_HEIGHT * base if swatches else y


def _title_height(sheet: Sheet, panels: Sequence[Panel], layout: Layout) -> float:
    """Height of the longest title of a row, so that pictures stand in one line."""
    n_lines = max(len(_title_lines(sheet, panel, layout)) for panel in panels)
    return (n_lines * LINE_HEIGHT + 0.25) * layout.base


def _title_lines(sheet: Sheet, panel: Panel, layout: Layout) -> list[str]:
    return wrap(panel.title, layout.place, lambda part: sheet.width_of(part, layout.base, is_bold=True))


def _draw_panel(
    sheet: Sheet,
    panel: Panel,
    layout: Layout,
    corner: tuple[int, int],
    plain_rgb: NDArray[np.uint8],
    outlines: Sequence[ClassOutline],
    *,
    um_per_px: float | None,
) -> float:
    """Draw a panel whose picture has its corner there; return where picture and legend end."""
    (left, top), (width, height), base = corner, layout.picture, layout.base
    lines = _title_lines(sheet, panel, layout)
    y = top - (len(lines) * LINE_HEIGHT + 0.25) * base
    for line in lines:
        y = sheet.text(left, y, line, size=base, is_bold=True)
    rgb, bar = panel.paint(plain_rgb, base)
    rim = max(1, round(0.4 * layout.point))
    sheet.rectangle(left - rim, top - rim, width + 2 * rim, height + 2 * rim, FRAME)
    sheet.picture(left, top, rgb)
    if panel.has_outlines:
        placed = [[line + corner for line in outline.lines] for outline in outlines]
        for outlined in placed:
            sheet.lines(outlined, "white", width=_CASING_PT * layout.point)
        for outline, outlined in zip(outlines, placed, strict=True):
            colour = tuple(part / 255 for part in outline.colour)
            sheet.lines(outlined, colour, width=_LINE_PT * layout.point)
    if layout.is_narrow:
        beside = round(left + width + 1.5 * base)
        room = layout.place - width - round(1.5 * base)
        end = _legend(sheet, panel, bar, beside, top, room, base, um_per_px, is_stacked=True)
        return max(top + height, end)
    return _legend(sheet, panel, bar, left, top + height + 0.9 * base, layout.place, base, um_per_px)


def _legend(
    sheet: Sheet,
    panel: Panel,
    bar: ColourBar | None,
    x: int,
    y: float,
    width: int,
    base: float,
    um_per_px: float | None,
    *,
    is_stacked: bool = False,
) -> float:
    """Set colour bar, scale bar and swatches; return where they end."""
    end = y
    if bar is not None:
        is_beside = um_per_px is not None and width >= _SIDE_BY_SIDE * base and not is_stacked
        bar_width = min(width, round(26 * base)) if not is_beside else round(min(0.62 * width, 30 * base))
        end = bar.draw(sheet, x + width - bar_width if is_beside else x, y, bar_width)
        if is_beside and um_per_px is not None:
            longest = 0.8 * (width - bar_width - 2 * base)
            return max(end, draw_scale_bar(sheet, x, y, um_per_px, longest, base))
        end += 0.5 * base
    if panel.swatches:
        end = set_swatches(sheet, panel.swatches, x=x, y=end, width=width, base=base) + 0.2 * base
    if um_per_px is not None:
        end = draw_scale_bar(sheet, x, end, um_per_px, 0.45 * width, base)
    return end
