"""CURVES: Dice over thresholds, ROC, precision and recall, FROC; a click takes the threshold there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.compare.figures import (
    CURVE_NAMES,
    Curve,
    Inks,
    curves_of,
    draw_curve,
    nearest_threshold,
    point_at,
)
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.section import Section, label
from napari_histcode.plugin.session import Choice

if TYPE_CHECKING:
    from napari_histcode.plugin.panels.compare_plot import Plot

HEIGHT_PX = 210

TIPS: dict[Curve, str] = {
    "dice": "How Dice changes as more tiles are taken",
    "roc": "Sensitivity over the share of negative tiles taken; the diagonal is chance",
    "precision": "Share of taken tiles that are right, over the share found; the line is a random map",
    "froc": "Lesions found over false alarms",
}


class CompareCurvesPanel(Section):
    """One curve of the map in question, with the chosen threshold on it."""

    def __init__(self, controller: CompareController, inks: Inks) -> None:
        super().__init__("Curves")
        self._controller = controller
        self._state = controller.state
        self._inks = inks
        self._curve: Curve = "dice"
        self.plot: Plot | None = None
        self.choice = ChoiceBox(self._choose, name="curve")
        self.hint = label("Click on the curve to cut the map there.", role="muted", wraps=True)
        self.content.addWidget(self.choice)
        self.content.addWidget(self.hint)
        self._state.events.answer.connect(self._draw)
        self._state.events.map.connect(self._draw)
        self._state.events.cut.connect(self._mark)
        self._draw()

    def follow(self, inks: Inks) -> None:
        """Draw in the colours of another theme."""
        self._inks = inks
        self._draw()

    def show_curve(self, curve: Curve) -> None:
        """Show this curve."""
        self._curve = curve
        self._draw()

    def _choose(self, name: str) -> None:
        self.show_curve(next(curve for curve in CURVE_NAMES if curve == name))

    def _draw(self) -> None:
        compared = self._state.compared
        self.setVisible(compared is not None)
        if compared is None:
            return
        found = curves_of(compared)
        curve = self._curve if self._curve in found else found[0]
        choices = tuple(Choice(name=one, label=CURVE_NAMES[one], tooltip=TIPS[one]) for one in found)
        self.choice.fill(choices, curve)
        plot = self._made_plot()
        plot.paint(lambda axes: draw_curve(axes, curve, compared, self._inks), self._inks)
        plot.setAccessibleName(f"{CURVE_NAMES[curve]} of {compared.label}")
        self._mark()

    def _made_plot(self) -> Plot:
        """Make the plot when it is first wanted: matplotlib takes its time to load."""
        if self.plot is None:
            from napari_histcode.plugin.panels.compare_plot import Plot

            self.plot = Plot(name="curve", height_px=HEIGHT_PX)
            self.plot.pointed.connect(self._pointed)
            self.content.insertWidget(2, self.plot)
        return self.plot

    def _mark(self) -> None:
        compared, cut = self._state.compared, self._state.cut
        if self.plot is None or compared is None or cut is None or cut.map != compared.name:
            return
        found = curves_of(compared)
        self.plot.mark(point_at(self._curve if self._curve in found else found[0], compared, cut))

    def _pointed(self, x: float, y: float) -> None:
        compared = self._state.compared
        if compared is None or self.plot is None:
            return
        (left, right), (bottom, top) = self.plot.axes.get_xlim(), self.plot.axes.get_ylim()
        value = nearest_threshold(self._curve, compared, (x, y), (right - left, top - bottom))
        if value is not None:
            self._controller.cut.set_threshold(value)
