"""A plot in the dock: matplotlib on a canvas of its own, with one point that moves without drawing anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from qtpy.QtCore import QSize, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QSizePolicy

from napari_histcode.plugin.compare.figures import Inks

DPI = 100
WIDTH_PX = 336
"""Of the column of a page 360 px wide."""

Margins = tuple[float, float, float, float]
"""Left, right, bottom and top of the axes as shares of the plot."""

CURVE_MARGINS: Margins = (0.135, 0.97, 0.215, 0.96)
MATRIX_MARGINS: Margins = (0.3, 0.98, 0.04, 0.82)


class Plot(FigureCanvasQTAgg):
    """One pair of axes across the panel.

    Parameters
    ----------
    name : str
        What it shows, for those who cannot see it.
    height_px : int
        Height.
    margins : tuple of float
        Where the axes lie.
    """

    pointed = Signal(float, float)
    """The axes were clicked at this place, in their own units."""

    def __init__(self, *, name: str, height_px: int, margins: Margins = CURVE_MARGINS) -> None:
        figure = Figure(figsize=(WIDTH_PX / DPI, height_px / DPI), dpi=DPI)
        super().__init__(figure)  # type: ignore[no-untyped-call]
        self._painter: Any = self  # matplotlib's own methods are untyped
        self._margins = margins
        self._mark: Any = None
        self._background: Any = None
        self.axes: Any = None
        self.setAccessibleName(name)
        self.setFixedHeight(height_px)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.mpl_connect("button_press_event", self._pressed)
        self.mpl_connect("draw_event", self._drawn)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Let the panel be as narrow as it likes."""
        return QSize(50, self.height())

    def paint(self, draw: Callable[[Any], None], inks: Inks) -> None:
        """Draw anew; the mark goes until it is set again."""
        self.figure.clear()
        left, right, bottom, top = self._margins
        self.axes = self.figure.add_axes((left, bottom, right - left, top - bottom))
        draw(self.axes)
        (self._mark,) = self.axes.plot(
            [], [], marker="o", markersize=7, color=inks.mark, markeredgecolor=inks.paper, animated=True,
            zorder=9,
        )  # fmt: skip
        self._background = None
        self._painter.draw_idle()

    def mark(self, point: tuple[float, float] | None) -> None:
        """Move the mark, without drawing the rest again; None takes it away."""
        if self._mark is None:
            return
        self._mark.set_data([] if point is None else [point[0]], [] if point is None else [point[1]])
        if self._background is None:
            return  # it comes with the drawing that is due
        self._painter.restore_region(self._background)
        self.axes.draw_artist(self._mark)
        self.update()  # not blit, which repaints the whole window at once

    def wheelEvent(self, event: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the page, which scrolls."""
        if event is not None:
            event.ignore()

    def _drawn(self, _event: Any) -> None:
        if self._mark is None:
            return
        self._background = self._painter.copy_from_bbox(self.figure.bbox)
        self.axes.draw_artist(self._mark)

    def _pressed(self, event: Any) -> None:
        if event.inaxes is not None and event.inaxes is self.axes and event.button == 1:
            self.pointed.emit(float(event.xdata), float(event.ydata))
