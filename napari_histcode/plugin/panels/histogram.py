"""The values of a map as a histogram in the map's colours, with a window that can be moved."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_histcode.heatmap.colour import colour_table
from napari_histcode.heatmap.heatmap import Heatmap
from napari_histcode.heatmap.window import Range, through_window, value_range

N_BINS = 64
HEIGHT_PX = 46
TEXT_PX = 13
GRIP_PX = 8
STEP_SHARE = 0.02
"""An arrow key moves an end of the window by this share of the values' range."""


class Histogram(QWidget):
    """Shows how many tiles have which value; its two handles are the ends of the window.

    Parameters
    ----------
    changed : callable
        Called with the new window, or with None when it is put back by a double click.
    """

    def __init__(self, changed: Callable[[Range | None], object]) -> None:
        super().__init__()
        self._changed = changed
        self._range: Range = (0.0, 1.0)
        self.window_range: Range = (0.0, 1.0)
        self._counts: NDArray[np.float64] = np.zeros(N_BINS)
        self._colours: list[QColor] = []
        self._unit = ""
        self._held: int | None = None
        self._chosen = 0
        self.setAccessibleName("window of values")
        self.setToolTip(
            "How many tiles have which value. Drag the two lines: the colours spread between them.\n"
            "The arrow keys move one end, the space bar chooses the other; Escape or a double click put both "
            "both back."
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for a low strip."""
        return QSize(200, HEIGHT_PX + TEXT_PX)

    def show_values(self, whole: Heatmap, window: Range, colormap: str) -> None:
        """Show the values of a heatmap through a window.

        Parameters
        ----------
        whole : Heatmap
            Without anything hidden.
        window : tuple of float
            Ends of the window.
        colormap : str
            Name of the colour scale.
        """
        self._range = value_range(whole)
        low, high = self._range
        self._unit = whole.unit
        self.window_range = (max(window[0], low), min(window[1], high))
        if not self.window_range[0] < self.window_range[1]:
            self.window_range = self._range
        finite = whole.raster[np.isfinite(whole.raster)]
        counts, edges = np.histogram(finite, bins=N_BINS, range=(low, high) if low < high else (low, low + 1))
        self._counts = np.sqrt(counts / max(counts.max(), 1))
        shown_low, shown_high = through_window(whole, window, hides_outside=False).limits
        place = np.clip(((edges[:-1] + edges[1:]) / 2 - shown_low) / (shown_high - shown_low), 0, 1)
        table = colour_table(colormap)
        rgb = table[np.round(place * (len(table) - 1)).astype(int), :3]
        self._colours = [QColor.fromRgbF(*map(float, colour)) for colour in rgb]
        self.update()

    def position_of(self, value: float) -> float:
        """Tell at which x, in pixels, a value lies."""
        low, high = self._range
        share = (value - low) / (high - low) if high > low else 0.0
        return GRIP_PX / 2 + share * (self.width() - GRIP_PX)

    def value_at(self, x: float) -> float:
        """Tell which value lies at an x in pixels."""
        low, high = self._range
        share = (x - GRIP_PX / 2) / max(1, self.width() - GRIP_PX)
        return low + min(max(share, 0.0), 1.0) * (high - low)

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint bars, the shade outside the window, its ends and their values."""
        painter = QPainter(self)
        width = (self.width() - GRIP_PX) / N_BINS
        for position, (share, colour) in enumerate(zip(self._counts, self._colours, strict=False)):
            tall = share * (HEIGHT_PX - 2)
            bar = QRectF(GRIP_PX / 2 + position * width, HEIGHT_PX - tall, max(1.0, width - 0.5), tall)
            painter.fillRect(bar, colour)
        shade = QColor(self.palette().color(QPalette.ColorRole.Window))
        shade.setAlpha(170)
        ends = [self.position_of(value) for value in self.window_range]
        painter.fillRect(QRectF(0, 0, ends[0], HEIGHT_PX), shade)
        painter.fillRect(QRectF(ends[1], 0, self.width() - ends[1], HEIGHT_PX), shade)
        text = self.palette().color(QPalette.ColorRole.WindowText)
        for position, (x, value) in enumerate(zip(ends, self.window_range, strict=True)):
            is_marked = self.hasFocus() and position == self._chosen
            painter.setPen(QPen(text, 3 if is_marked else 1.5))
            painter.drawLine(round(x), 0, round(x), HEIGHT_PX)
            self._write(painter, x, value, is_low=position == 0)
        painter.end()

    def _write(self, painter: QPainter, x: float, value: float, *, is_low: bool) -> None:
        text = f"{value:.3g}" + (f" {self._unit}" if self._unit and not is_low else "")
        font = painter.font()
        font.setPixelSize(TEXT_PX - 2)
        painter.setFont(font)
        wide = painter.fontMetrics().horizontalAdvance(text)
        left = min(max(0.0, x - wide / 2), self.width() - wide)
        if is_low:
            left = min(left, max(0.0, self.position_of(self.window_range[1]) - wide - 40))
        painter.drawText(QRectF(left, HEIGHT_PX, wide + 2, TEXT_PX), Qt.AlignmentFlag.AlignLeft, text)

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take the nearer end."""
        if a0 is None:
            return
        distances = [abs(a0.position().x() - self.position_of(value)) for value in self.window_range]
        self._held = self._chosen = int(np.argmin(distances))
        self.mouseMoveEvent(a0)

    def mouseMoveEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Move the end that is held."""
        if a0 is not None and self._held is not None:
            self._move(self._held, self.value_at(a0.position().x()))

    def mouseReleaseEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Let go."""
        self._held = None

    def mouseDoubleClickEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Put the window back to where it was at first."""
        self._held = None
        self._changed(None)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Move the chosen end by arrow keys; the space bar chooses the other, Escape puts both back."""
        key = a0.key() if a0 is not None else None
        if key == Qt.Key.Key_Space:
            self._chosen = 1 - self._chosen
            self.update()
        elif key == Qt.Key.Key_Escape:
            self._changed(None)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = STEP_SHARE * (self._range[1] - self._range[0])
            direction = 1 if key == Qt.Key.Key_Right else -1
            self._move(self._chosen, self.window_range[self._chosen] + direction * step)
        else:
            super().keyPressEvent(a0)

    def _move(self, end: int, value: float) -> None:
        low, high = self._range
        least = (high - low) * 1e-3
        ends = list(self.window_range)
        ends[end] = min(max(value, low), high)
        ends[0] = min(ends[0], self.window_range[1] - least) if end == 0 else ends[0]
        ends[1] = max(ends[1], self.window_range[0] + least) if end == 1 else ends[1]
        if ends[0] < ends[1]:
            self._changed((ends[0], ends[1]))
