"""Annotate, compare, and ask the six questions."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from docs.tour.guide import Guide
from napari_histcode.plugin.annotate.state import Stroke, Tool

STROKE = ((0.30, 0.55), (0.33, 0.57), (0.36, 0.56), (0.38, 0.58), (0.40, 0.60))
"""A stroke of the brush within a field of the sample, as shares of its height and width."""
OUTER, INNER = ((0.54, 0.06), (0.66, 0.20)), ((0.57, 0.10), (0.63, 0.16))
"""Corners of a region and of a hole in it."""
BRUSH_UM = 120.0
TAUGHT, N_MARKS = ("Tumor", "Necrosis", "Other"), 6


def annotate(guide: Guide) -> None:
    """See the regions, paint one, and take the corners of a hole in hand."""
    dock, drawing = guide.dock, guide.dock.annotate_page.tools
    dock.pages.show_page("Annotate")
    guide.picture("08_annotate")
    dock.annotate.set_radius(BRUSH_UM)
    guide.press(drawing.tools[Tool.BRUSH])
    guide.stroke(STROKE)
    guide.picture("08_annotate_brush", guide="annotate_brush")
    guide.press(drawing.undo_button)
    guide.press(drawing.tools[Tool.RECTANGLE])
    guide.stroke(OUTER)
    guide.press(drawing.strokes[Stroke.SUBTRACT])
    guide.stroke(INNER)
    guide.press(drawing.strokes[Stroke.NEW])
    guide.press(drawing.tools[Tool.SELECT])
    guide.stroke(OUTER[:1])
    guide.press(drawing.tools[Tool.VERTICES])
    guide.picture("08_annotate_corners", guide="annotate_corners")
    for _ in range(2):
        guide.press(drawing.undo_button)
    guide.press(drawing.tools[Tool.MOVE])


def compare(guide: Guide) -> None:
    """Hold the map against the regions: in colours, in numbers, tile by tile, class by class."""
    dock, page = guide.dock, guide.dock.compare_page
    dock.pages.show_page("Compare")
    guide.rest()
    guide.press(page.question.compare_button)
    guide.picture("09_compare", guide="compare_necrosis")
    guide.press(page.numbers.everything.toggle)
    guide.scroll_to(page.numbers.everything)
    guide.widget_picture(dock, "09_compare_numbers", guide="compare_numbers")
    guide.press(page.numbers.everything.toggle)
    guide.scroll_to(page.tiles)
    guide.choose(page.tiles.cells, "false positive")
    for _ in range(2):
        guide.press(page.tiles.next_button)
    guide.picture("10_compare_tile", guide="compare_tile")
    guide.press(dock.slide_panel.magnification.fit_button)
    guide.choose(page.tiles.matrix, " / ")
    guide.choose(page.curves.choice, "ROC")
    guide.scroll_to(page.tiles)
    guide.picture("10_compare_classes", guide="compare_classes")
    dock.compare.walk.clear()


def ask(guide: Guide) -> None:
    """Ask all six questions."""
    page = guide.dock.ask_page
    guide.dock.pages.show_page("Ask")
    guide.rest()
    for number, (name, section, question) in enumerate(
        (
            ("faithful", page.faithful, None),
            ("what_if", page.what_if, _leave_out),
            ("trust", page.trust, _say_another_organ),
            ("similar", page.similar, _search),
            ("teach", page.teach, _teach),
            ("explore", page.explore, _group),
        ),
        start=11,
    ):
        if not section.is_open:
            guide.press(section.toggle)
        if question is not None:
            question(guide)
        guide.scroll_to(section)
        guide.picture(f"{number}_{name}", guide=f"ask_{name}")
    guide.press(page.explore.clusters.box)


def _leave_out(guide: Guide) -> None:
    """Ask for the prediction without necrosis and without folds."""
    panel = guide.dock.ask_page.what_if
    guide.press(panel.find_button)
    for what in ("Regions: Necrosis", "Fold"):
        guide.tick(panel.list, what)


def _say_another_organ(guide: Guide) -> None:
    guide.choose(guide.dock.ask_page.trust.organ, "lung")


def _search(guide: Guide) -> None:
    """Search for tiles like one of a necrosis."""
    guide.click_tile(int(_tiles_in(guide, "Necrosis")[40]))


def _teach(guide: Guide) -> None:
    """Mark a few tiles of each of three classes."""
    rows = guide.dock.ask_page.teach.rows
    guide.press(rows.add_button)
    for number, name in enumerate(TAUGHT):
        row = rows.rows[number]
        row.name.setText(name)
        row.name.editingFinished.emit()
        guide.press(rows.rows[number].choose_button)
        tiles = _tiles_in(guide, name)
        for tile in tiles[:: len(tiles) // N_MARKS][:N_MARKS]:
            guide.click_tile(int(tile))


def _group(guide: Guide) -> None:
    guide.press(guide.dock.ask_page.explore.clusters.box)


def _tiles_in(guide: Guide, name: str) -> NDArray[np.intp]:
    """Find the tiles whose middle lies in a region of a class."""
    session = guide.dock.session
    regions = shapely.union_all([each.geometry for each in session.annotations if each.class_name == name])
    inside: NDArray[np.intp] = np.flatnonzero(
        shapely.contains_xy(regions, session.result.scores.grid.centre_px0)
    )
    return inside
