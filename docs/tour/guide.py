"""A guide through the window: it clicks, waits, and saves pictures."""

from __future__ import annotations

import time
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QCheckBox, QWidget

from napari_histcode.plugin.dock import HistCodeDock
from napari_histcode.plugin.layers import world_from_px0
from napari_histcode.plugin.window import open_window, save_picture, settle, wait_until

PATIENCE_S = 300.0
BREATH_S = 0.8
LEFT = Qt.MouseButton.LeftButton


class Guide:
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
        self.picture_now(name)

    def picture_now(self, name: str) -> None:
        """Save what is to be seen while work goes on."""
        save_picture(self.viewer, self._out / f"{name}.png")

    def press(self, button: QAbstractButton) -> None:
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

    def look_at(self, down: float, right: float) -> None:
        """Bring a place of the slide that is shown to the middle, given in shares of its height and width."""
        record = self.dock.session.current.record
        width, height = record.dimensions
        self.viewer.scene.camera.center = tuple(world_from_px0([[right * width, down * height]], record)[0])
        self.rest()

    def widget_picture(self, widget: QWidget, name: str) -> None:
        """Save what a window of its own shows."""
        self.rest()
        widget.grab().save(str(self._out / f"{name}.png"))

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
