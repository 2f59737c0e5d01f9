"""What stands above and below the pictures of every figure: title, facts, research-use line, model."""

from __future__ import annotations

from collections.abc import Sequence

from napari_histcode.export.figures.sheet import SOFT_INK, Sheet
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.scores.scores import SlideScores

FRAME = (200, 200, 200)
"""Colour of frames and rules."""

_TITLE_TYPE = 1.5


def facts_of(scores: SlideScores) -> tuple[str, ...]:
    """Name the slide by its alias, and say what tiles there are at what resolution."""
    grid = scores.grid
    tiles = "tile" if len(grid) == 1 else "tiles"
    return (
        grid.slide.alias,
        f"{len(grid):,} {tiles} of {grid.config.tile_um:.4g} µm",
        f"{grid.mpp.mean:.3g} µm/px ({grid.mpp.source})",
    )


def set_header(
    sheet: Sheet, title: str, facts: Sequence[str], *, x: float, y: float, width: float, base: float,
    title_type: float = _TITLE_TYPE,
) -> float:  # fmt: skip
    """Set title and facts from their top-left corner; return where they end.

    Parameters
    ----------
    sheet : Sheet
        Where to set them.
    title : str
        First line, bold.
    facts : sequence of str
        Second line.
    x, y, width : float
        Corner and greatest width in pixels.
    base : float
        Size of the type in pixels.
    title_type : float
        Size of the title's type in base sizes.
    """
    y = sheet.paragraph(x, y, title, width=width, size=title_type * base, is_bold=True)
    return sheet.paragraph(x, y, " · ".join(facts), width=width, size=base, colour=SOFT_INK)


def set_foot(
    sheet: Sheet, scores: SlideScores, *, x: int, y: float, width: int, base: float, rule: int = 1
) -> float:
    """Set a rule, the research-use line and the model; return where they end.

    Parameters
    ----------
    sheet : Sheet
        Where to set them.
    scores : SlideScores
        What the figure shows.
    x, y, width : float
        Corner and width in pixels.
    base : float
        Size of the type in pixels.
    rule : int
        Thickness of the rule in pixels.
    """
    sheet.rectangle(x, round(y), width, rule, FRAME)
    y += 0.6 * base
    model = f"model {scores.model_name} {scores.model_version}".strip()
    used = sheet.width_of(RESEARCH_USE, base, is_bold=True)
    below = sheet.paragraph(x, y, RESEARCH_USE, width=width, size=base, is_bold=True)
    if used + 2 * base + sheet.width_of(model, base) <= width:
        sheet.text(x + width, y, model, size=base, colour=SOFT_INK, align="right")
        return below
    return sheet.paragraph(x, below, model, width=width, size=base, colour=SOFT_INK)
