"""A guide through the window: it clicks, waits, and saves pictures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import napari
import numpy as np
from numpy.typing import ArrayLike
from PIL import Image
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QCheckBox, QComboBox, QTreeWidget, QWidget

from napari_histcode.files import replacing
from napari_histcode.plugin.dock import HistCodeDock
from napari_histcode.plugin.layers import world_from_px0
from napari_histcode.plugin.window import open_window, save_picture, settle, wait_until

PATIENCE_S = 300.0
BREATH_S = 0.8
STROKE_MS = 8
"""Between two places of a drag: moves that come faster are left out."""
LEFT = Qt.MouseButton.LeftButton


class Guide:
    """A window, and the folder for its pictures.

    Parameters
    ----------
    out : Path
        Folder for the pictures; made if it is not there.
    theme : str
        One of napari's themes.
    guides : Path, optional
        Folder for those of the pictures that the guides show, under the names that they call them by.
    """

    def __init__(self, out: Path, theme: str, guides: Path | None = None) -> None:
        self.out, self._guides = out, guides
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

    def picture(self, name: str, *, guide: str | None = None) -> None:
        """Save what is to be seen; under another name for a guide that shows it."""
        self.rest()
        self.picture_now(name, guide=guide)

    def picture_now(self, name: str, *, guide: str | None = None) -> None:
        """Save what is to be seen while work goes on."""
        save_picture(self.viewer, self.out / f"{name}.png")
        self._keep(name, guide)

    def _keep(self, name: str, guide: str | None) -> None:
        """Give a guide its picture, with 256 colours, which takes a third of the bytes."""
        if self._guides is None or guide is None:
            return
        with Image.open(self.out / f"{name}.png") as picture:
            fewer = picture.convert("RGB").quantize(
                256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
            )
        with replacing(self._guides / f"{guide}.png") as temporary:
            fewer.save(temporary, format="PNG", optimize=True)

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

    def widget_picture(self, widget: QWidget, name: str, *, guide: str | None = None) -> None:
        """Save what a window of its own shows, or a part of this one."""
        self.rest()
        widget.grab().save(str(self.out / f"{name}.png"))
        self._keep(name, guide)

    def choose(self, menu: QComboBox, words: str) -> None:
        """Choose the first line of a menu that has these words."""
        position = menu.findText(words, Qt.MatchFlag.MatchContains)
        menu.setCurrentIndex(position)
        menu.activated.emit(position)
        self.rest()

    def tick(self, tree: QTreeWidget, words: str) -> None:
        """Tick the first line of a list that has these words."""
        (item, *_) = tree.findItems(words, Qt.MatchFlag.MatchContains)
        item.setCheckState(0, Qt.CheckState.Checked)
        self.rest()

    def place_of(self, down: float, right: float) -> QPoint:
        """Find a place of the slide, given in shares of its height and width, on the canvas."""
        width, height = self.dock.session.current.record.dimensions
        return self._on_canvas([[right * width, down * height]])

    def _on_canvas(self, xy_px0: ArrayLike) -> QPoint:
        camera = self.viewer.scene.camera
        (world,) = world_from_px0(np.atleast_2d(xy_px0), self.dock.session.current.record)
        row, column = (world - camera.center[-2:]) * camera.zoom + np.array(self.viewer.canvas.size) / 2
        return QPoint(round(column), round(row))

    def stroke(self, way: Sequence[tuple[float, float]]) -> None:
        """Drag the mouse along places of the slide, given in shares of its height and width."""
        native = self.viewer.window._qt_viewer.canvas.native
        points = [self.place_of(*place) for place in way]
        QTest.mouseMove(native, points[0])
        QTest.mousePress(native, LEFT, pos=points[0])
        for point in points[1:]:
            there = QPointF(native.mapToGlobal(point))
            none = Qt.MouseButton.NoButton, LEFT, Qt.KeyboardModifier.NoModifier
            QApplication.sendEvent(native, QMouseEvent(QEvent.Type.MouseMove, QPointF(point), there, *none))
            QTest.qWait(STROKE_MS)
        QTest.mouseRelease(native, LEFT, pos=points[-1])
        self.rest()

    def click_tile(self, position: int) -> None:
        """Click the middle of a tile on the slide."""
        native = self.viewer.window._qt_viewer.canvas.native
        place = self._on_canvas(self.dock.session.result.scores.grid.centre_px0[position])
        QTest.mouseMove(native, place)
        QTest.mouseClick(native, LEFT, pos=place)
        self.rest()

    def end(self) -> None:
        """Close the window."""
        self.dock.shut_down()
        self.viewer.close()
