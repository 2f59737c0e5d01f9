"""The place under the pointer of one canvas, marked on the other."""

from __future__ import annotations

from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QWidget

from napari_histcode.plugin.layers import Pair

SIZE_PX = 29
"""Odd, so that the mark has a middle pixel."""
GAP_PX = 4
"""Left free around the place itself."""


class PointerMark(QWidget):
    """A cross-hair with a free middle that the mouse does not feel.

    Parameters
    ----------
    canvas : QWidget
        On which it lies.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedSize(SIZE_PX, SIZE_PX)
        self.hide()

    def point_at(self, xy_px: Pair) -> None:
        """Stand around a place of the canvas, in pixels from its corner; off the canvas, nothing is seen."""
        x, y = (max(-1e6, min(1e6, part)) for part in xy_px)  # far off, Qt's whole numbers would overflow
        self.move(round(x) - SIZE_PX // 2, round(y) - SIZE_PX // 2)
        self.show()

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint white lines on dark ones: to be seen on any tissue and any map."""
        painter = QPainter(self)
        middle, end = SIZE_PX / 2, SIZE_PX - 1.0
        for colour, width in ((QColor(20, 20, 20, 190), 3.0), (QColor(255, 255, 255), 1.0)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            for near, far in ((1.0, middle - GAP_PX), (middle + GAP_PX, end)):
                painter.drawLine(QPointF(near, middle), QPointF(far, middle))
                painter.drawLine(QPointF(middle, near), QPointF(middle, far))
        painter.end()
