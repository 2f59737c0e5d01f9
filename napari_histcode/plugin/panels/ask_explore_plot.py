"""The plane of tiles as a plot: a picture of all points, and a line to be drawn around some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.widgets import LassoSelector
from numpy.typing import NDArray
from qtpy.QtCore import Signal  # type: ignore[attr-defined]

from napari_histcode.exploration.project import Projection
from napari_histcode.plugin.ask.explore_colours import Colours
from napari_histcode.plugin.ask.explore_picture import Limits, limits_of, paint_points
from napari_histcode.plugin.compare.figures import Inks, restyle
from napari_histcode.plugin.panels.compare_plot import Margins, Plot

HEIGHT_PX = 290
MARGINS: Margins = (0.065, 0.985, 0.075, 0.985)
CLICK_PX = 4.0
"""A line that stays within so many pixels is a click."""

Corners = Sequence[tuple[float, float]]


class CloudPlot(Plot):
    """All tiles as points."""

    drawn_around = Signal(object)
    """A line was drawn: its corners in the plane."""
    clicked = Signal(float, float)
    """The plane was clicked here."""

    def __init__(self) -> None:
        super().__init__(name="tiles as points on a plane", height_px=HEIGHT_PX, margins=MARGINS)
        self._lasso: Any = None
        self._limits: Limits = (0.0, 1.0, 0.0, 1.0)
        self.setToolTip("")

    def show_cloud(
        self,
        projection: Projection,
        colours: Colours,
        inks: Inks,
        *,
        is_selected: NDArray[np.bool_] | None = None,
    ) -> None:
        """Draw all points anew; the mark goes until it is set again."""
        if self._lasso is not None:
            self._lasso.disconnect_events()
        self._limits = limits_of(projection.points)

        def draw(axes: Any) -> None:
            width, height = (max(1, round(float(length))) for length in axes.bbox.size)
            picture = paint_points(
                projection.points, colours, self._limits, (width, height), is_selected=is_selected
            )
            axes.imshow(picture, extent=self._limits, aspect="auto", interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_xlabel(projection.axis_labels[0], labelpad=3)
            axes.set_ylabel(projection.axis_labels[1], labelpad=3)
            restyle(axes, inks)

        self.paint(draw, inks)
        self._lasso = LassoSelector(
            self.axes,
            self._around,
            useblit=False,  # blitting repaints the whole window where there is no graphics card
            props={"color": inks.mark, "linewidth": 1.4},
            button=1,  # type: ignore[arg-type]
        )

    def _around(self, corners: Corners) -> None:
        pixels = self.axes.transData.transform(np.asarray(corners, np.float64))
        if len(corners) < 3 or np.ptp(pixels, axis=0).max() < CLICK_PX:
            x, y = corners[-1]
            self.clicked.emit(float(x), float(y))
        else:
            self.drawn_around.emit([(float(x), float(y)) for x, y in corners])
