"""Drive the real window through its pages on the bundled sample, and save a picture of each step.

Run as ``python -m docs.tour --out DIR`` where there is a screen, or under ``xvfb-run``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QCheckBox, QPushButton, QWidget

from napari_histcode import resources
from napari_histcode.plugin.dock import HistCodeDock
from napari_histcode.plugin.layers import world_from_px0
from napari_histcode.plugin.window import open_window, save_picture, settle, wait_until

PATIENCE_S = 300.0
BREATH_S = 0.8
NECROSIS = "tissue.necrosis.single_tile"
LEFT = Qt.MouseButton.LeftButton


class Tour:
    """A window, and the folder for its pictures.

    Parameters
    ----------
    out : Path
        Folder for the pictures; made if it is not there.
    theme : str
        One of napari's themes.
    """

    def __init__(self, out: Path, theme: str) -> None:
        self._out = out
        self.viewer: napari.Viewer
        self.dock: HistCodeDock
        self.viewer, self.dock = open_window(theme=theme)
        self.viewer.window.resize(1366, 768)
        out.mkdir(parents=True, exist_ok=True)

    def rest(self) -> None:
        """Let the window live until all work is done and drawn."""
        for _ in range(2):
            end = time.monotonic() + BREATH_S
            wait_until(lambda end=end: time.monotonic() > end, patience_s=2 * BREATH_S)  # type: ignore[misc]
            wait_until(lambda: not self.dock._jobs.is_busy, patience_s=PATIENCE_S)
        settle(self.viewer, self.dock, patience_s=PATIENCE_S)

    def picture(self, name: str) -> None:
        """Save what is to be seen."""
        self.rest()
        save_picture(self.viewer, self._out / f"{name}.png")

    def press(self, button: QPushButton | QCheckBox) -> None:
        """Click a button with the mouse."""
        x = 8 if isinstance(button, QCheckBox) else button.width() // 2
        QTest.mouseClick(button, LEFT, pos=QPoint(x, button.height() // 2))
        self.rest()

    def scroll_to(self, widget: QWidget) -> None:
        """Bring a part of the page to its top."""
        page = self.dock.pages.stack.currentWidget()
        column = page.widget()
        self.rest()
        page.verticalScrollBar().setValue(widget.mapTo(column, QPoint(0, 0)).y() - 6)

    def click_tile(self, position: int) -> None:
        """Click the middle of a tile on the slide."""
        grid, record = self.dock.session.result.scores.grid, self.dock.session.current.record
        camera, native = self.viewer.scene.camera, self.viewer.window._qt_viewer.canvas.native
        world = world_from_px0(grid.centre_px0[position], record)
        row, column = (world - camera.center[-2:]) * camera.zoom + np.array(self.viewer.canvas.size) / 2
        place = QPoint(round(column), round(row))
        QTest.mouseMove(native, place)
        QTest.mouseClick(native, LEFT, pos=place)
        self.rest()

    def end(self) -> None:
        """Close the window."""
        self.dock.shut_down()
        self.viewer.close()


def look_around(tour: Tour) -> None:
    """Start, be asked for a resolution, open the sample, look closely, turn."""
    dock = tour.dock
    tour.picture("01_start")
    dock.controller.open_slide(resources.SAMPLE_WITHOUT_MPP)
    tour.picture("02_resolution_is_asked_for")
    question = dock.slide_panel.question
    tour.press(question.suggestions[1])
    tour.press(question.use_button)
    dock.controller.open_sample()
    tour.rest()
    tour.press(dock.slide_panel.magnification.step_buttons[3])
    tour.press(dock.slide_panel.seen_box)
    tour.picture("03_magnified")
    tour.press(dock.slide_panel.magnification.turn_button)
    tour.press(dock.slide_panel.magnification.fit_button)
    tour.picture("04_turned")
    for _ in range(3):
        tour.press(dock.slide_panel.magnification.turn_button)
    tour.press(dock.slide_panel.magnification.fit_button)
    tour.press(dock.slide_panel.seen_box)


def read_the_maps(tour: Tour) -> None:
    """Analyse, see the maps, hide what speaks against, look at the highest tiles."""
    dock = tour.dock
    tour.press(dock.analyse_panel.analyse_button)
    dock.controller.maps.show_alone(NECROSIS)
    tour.scroll_to(dock.readings_panel)
    tour.picture("05_maps")
    dock.controller.maps.set_window((0.0, dock.maps_panel.histogram.window_range[1]))
    tour.press(dock.maps_panel.hide_box)
    tour.scroll_to(dock.maps_panel)
    tour.picture("06_window_of_values")
    tour.press(dock.maps_panel.hide_box)
    dock.controller.maps.set_window(None)
    dock.controller.fly_to_tile(dock.tiles_panel.gallery.positions[0])
    tour.picture("07_highest_tile")
    tour.press(dock.slide_panel.magnification.fit_button)


def annotate_and_compare(tour: Tour) -> None:
    """See the regions, and hold the map against them."""
    dock = tour.dock
    dock.pages.show_page("Annotate")
    tour.picture("08_annotate")
    dock.pages.show_page("Compare")
    tour.rest()
    dock.compare.compare()
    tour.picture("09_compare")
    page = dock.pages.stack.currentWidget()
    page.verticalScrollBar().setValue(page.verticalScrollBar().maximum() // 2)
    tour.picture("10_compare_curves")


def ask(tour: Tour) -> None:
    """Ask all six questions."""
    dock = tour.dock
    dock.pages.show_page("Ask")
    tour.rest()
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
            tour.press(section.toggle)
        if name == "similar":
            tour.click_tile(300)
        elif name == "teach":
            _teach(tour)
        tour.scroll_to(section)
        tour.picture(f"{number}_{name}")


def _teach(tour: Tour) -> None:
    """Mark a few tiles of two classes."""
    scores = tour.dock.session.result.scores
    order = np.argsort(scores.map(NECROSIS).values)
    for row, tiles in zip(tour.dock.ask_page.teach.rows.rows, (order[:60:10], order[-60::10]), strict=False):
        tour.press(row.choose_button)
        for position in tiles:
            tour.click_tile(int(position))


def take_home(tour: Tour) -> None:
    """See what can be exported."""
    dock = tour.dock
    dock.pages.show_page("Export")
    dock.export.choose_kind("figure-pdf")
    tour.picture("17_export")


def main(arguments: Sequence[str] | None = None) -> None:
    """Take the tour."""
    parser = argparse.ArgumentParser(prog="python -m docs.tour", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="napari's theme")
    options = parser.parse_args(arguments)
    tour = Tour(options.out, options.theme)
    for part in (look_around, read_the_maps, annotate_and_compare, ask, take_home):
        part(tour)
    tour.end()


if __name__ == "__main__":
    main()
