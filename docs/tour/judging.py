"""Annotate, compare, and ask the six questions."""

from __future__ import annotations

import numpy as np

from docs.tour.guide import Guide
from docs.tour.reading import NECROSIS


def annotate_and_compare(guide: Guide) -> None:
    """See the regions, and hold the map against them."""
    dock = guide.dock
    dock.pages.show_page("Annotate")
    guide.picture("08_annotate")
    dock.pages.show_page("Compare")
    guide.rest()
    dock.compare.compare()
    guide.picture("09_compare")
    page = dock.pages.stack.currentWidget()
    page.verticalScrollBar().setValue(page.verticalScrollBar().maximum() // 2)
    guide.picture("10_compare_curves")


def ask(guide: Guide) -> None:
    """Ask all six questions."""
    dock = guide.dock
    dock.pages.show_page("Ask")
    guide.rest()
    page = dock.ask_page
    for number, (name, section) in enumerate(
        (
            ("faithful", page.faithful),
            ("what_if", page.what_if),
            ("trust", page.trust),
            ("similar", page.similar),
            ("teach", page.teach),
            ("explore", page.explore),
        ),
        start=11,
    ):
        if not section.is_open:
            guide.press(section.toggle)
        if name == "similar":
            guide.click_tile(300)
        elif name == "teach":
            _teach(guide)
        guide.scroll_to(section)
        guide.picture(f"{number}_{name}")


def _teach(guide: Guide) -> None:
    """Mark a few tiles of two classes."""
    scores = guide.dock.session.result.scores
    order = np.argsort(scores.map(NECROSIS).values)
    for row, tiles in zip(guide.dock.ask_page.teach.rows.rows, (order[:60:10], order[-60::10]), strict=False):
        guide.press(row.choose_button)
        for position in tiles:
            guide.click_tile(int(position))
