"""The overview: the whole slide, what of it is in view, and what has been seen."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QTransform,
)
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_histcode.plugin.layers import Box
from napari_histcode.plugin.session import Session
from napari_histcode.plugin.style import ACCENT
from napari_histcode.plugin.view.controller import ViewController

HEIGHT_PX = 150
"""Tallest overview; a wide slide's is as wide as the dock."""

LEAST_BOX_PX = 6.0
"""The view's box stays large enough to be seen and taken, however far in the view is."""

UNSEEN = QColor(20, 20, 30, 120)
STEP_SHARE = 0.25
"""An arrow key moves the view by this share of what is in view."""


class Minimap(QWidget):
    """Paints the overview; dragging in it moves the view.

    Parameters
    ----------
    session : Session
        Knows the slide.
    view : ViewController
        Knows the view, and moves it.
    """

    def __init__(self, session: Session, view: ViewController) -> None:
        super().__init__()
        self._session = session
        self._view = view
        self._pixmap: QPixmap | None = None
        self._shade: QPixmap | None = None
        self.setAccessibleName("overview of the slide")
        self.setToolTip("The whole slide. Drag or use the arrow keys to move the view.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        events = view.state.events
        events.overview.connect(self._picture_changed)
        events.seen.connect(self._seen_changed)
        for signal in (events.box, events.shows_seen):
            signal.connect(self._repaint)
        events.n_quarters.connect(self._picture_changed)
        session.events.current.connect(self._picture_changed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for the height that the slide needs at the dock's width."""
        entry = self._session.current
        if entry is None:
            return QSize(10, 0)
        width, height = self._turned(*entry.record.dimensions)
        return QSize(10, round(min(HEIGHT_PX, max(self.width(), 200) * height / width)))

    def place(self) -> QRectF:
        """Tell where in the widget the slide is drawn."""
        entry = self._session.current
        if entry is None:
            return QRectF()
        width, height = self._turned(*entry.record.dimensions)
        scale = min(self.width() / width, self.height() / height)
        shown = QRectF(0, 0, width * scale, height * scale)
        shown.moveCenter(QRectF(self.rect()).center())
        return shown

    def box_on_widget(self, box: Box) -> QRectF:
        """Tell where in the widget a box of level-0 pixels lies."""
        left, top, width, height = box
        rect = self._from_px0().mapRect(QRectF(left, top, width, height)).intersected(self.place())
        grow_x, grow_y = (max(0.0, LEAST_BOX_PX - side) / 2 for side in (rect.width(), rect.height()))
        return rect.adjusted(-grow_x, -grow_y, grow_x, grow_y)

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint slide, shade and box."""
        place = self.place()
        if place.isEmpty():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._pixmap is None:
            painter.fillRect(place, QColor(128, 128, 128, 40))
        else:
            painter.drawPixmap(place, self._pixmap, QRectF(self._pixmap.rect()))
        if self._shade is not None and self._view.state.shows_seen:
            painter.drawPixmap(place, self._shade, QRectF(self._shade.rect()))
        if self._view.state.box is not None:
            box = self.box_on_widget(self._view.state.box)
            painter.setPen(QPen(QColor(255, 255, 255, 200), 3))
            painter.drawRect(box)
            painter.setPen(QPen(QColor(ACCENT), 1.5))
            painter.drawRect(box)
        if self.hasFocus():
            painter.setPen(QPen(QColor(ACCENT), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Move the view to where the mouse is."""
        self.mouseMoveEvent(a0)

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Move the view along with the mouse."""
        if a0 is None or not a0.buttons() & Qt.MouseButton.LeftButton or self.place().isEmpty():
            return
        to_px0, is_possible = self._from_px0().inverted()
        if is_possible:
            point: QPointF = to_px0.map(a0.position())
            self._view.centre_on((point.x(), point.y()))

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Move the view by arrow keys."""
        box = self._view.state.box
        step = _STEPS.get(Qt.Key(a0.key())) if a0 is not None else None
        if box is None or step is None:
            super().keyPressEvent(a0)
            return
        left, top, width, height = box
        x, y = left + width * (0.5 + STEP_SHARE * step[0]), top + height * (0.5 + STEP_SHARE * step[1])
        self._view.centre_on((x, y))

    def _from_px0(self) -> QTransform:
        """Make the map from level-0 pixels to the widget, turned as the scene is."""
        entry = self._session.current
        if entry is None:
            return QTransform()
        width, height = entry.record.dimensions
        turned_width, turned_height = self._turned(width, height)
        place = self.place()
        whole = QTransform()
        whole.translate(place.x(), place.y())
        whole.scale(place.width() / turned_width, place.height() / turned_height)
        whole.translate(turned_width / 2, turned_height / 2)
        whole.rotate(90 * self._view.state.n_quarters)
        whole.translate(-width / 2, -height / 2)
        return whole

    def _turned(self, width: int, height: int) -> tuple[int, int]:
        return (height, width) if self._view.state.n_quarters % 2 else (width, height)

    def _picture_changed(self) -> None:
        overview = self._view.state.overview
        self._pixmap = None
        if overview is not None:
            turned = np.ascontiguousarray(np.rot90(overview, -self._view.state.n_quarters))
            height, width, _ = turned.shape
            image = QImage(turned.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            self._pixmap = QPixmap.fromImage(image)
        self._seen_changed()
        self.setVisible(self._session.current is not None)
        self.updateGeometry()

    def _seen_changed(self) -> None:
        seen = self._view.state.seen
        self._shade = None
        if seen is not None:
            turned = np.ascontiguousarray(np.rot90(seen, -self._view.state.n_quarters))
            alpha = np.where(turned, 0, UNSEEN.alpha()).astype(np.uint8)
            height, width = alpha.shape
            shade = np.zeros((height, width, 4), dtype=np.uint8)
            shade[..., :3] = UNSEEN.red(), UNSEEN.green(), UNSEEN.blue()
            shade[..., 3] = alpha
            image = QImage(shade.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
            self._shade = QPixmap.fromImage(image)
        self.update()

    def _repaint(self) -> None:
        self.update()


_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
