"""THRESHOLD: where to cut the map, and what that gives, on the slide and in numbers."""

from __future__ import annotations

import math

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFrame, QGridLayout, QSlider, QWidget

from napari_histcode.comparison.thresholds import Rule, Threshold
from napari_histcode.comparison.tile_agreement import AGREEMENT_COLOURS, AGREEMENT_LABELS, TileAgreement
from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.compare.cuts import thresholds_of
from napari_histcode.plugin.compare.state import Cut
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.section import Section, captioned, label
from napari_histcode.plugin.session import Choice
from napari_histcode.plugin.style import SPACING_PX

STEPS = 1000
OWN = "own"
DIGITS = 4
"""Significant digits of a threshold in its box."""

MEANINGS: dict[Rule, str] = {
    "fixed": "Set before the slide was seen: 0 for signed maps, the uniform weight for attention",
    "otsu": "From the slide's values alone",
    "top": "The highest tiles of the slide",
    "oracle": "The greatest Dice with the regions in sight: an upper bound, not a result",
}

LEGEND = (
    TileAgreement.TRUE_POSITIVE,
    TileAgreement.FALSE_POSITIVE,
    TileAgreement.FALSE_NEGATIVE,
    TileAgreement.BORDER,
    TileAgreement.TRUE_NEGATIVE,
)


class CompareThresholdPanel(Section):
    """The choice of a threshold, a slider, and the legend of the agreement."""

    def __init__(self, controller: CompareController) -> None:
        super().__init__("Threshold")
        self._cuts = controller.cut
        self._state = controller.state
        self.rule = ChoiceBox(self._choose, name="rule of the threshold")
        self.value = QDoubleSpinBox()
        self.value.setAccessibleName("threshold")
        self.value.setToolTip("Tiles with at least this value are taken")
        self.value.setKeyboardTracking(False)
        self.value.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.value.valueChanged.connect(self._cuts.set_threshold)
        self.slider = QuietSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setAccessibleName("threshold, by the share of tiles below it")
        self.slider.setToolTip("From the lowest value to the highest; every step passes as many tiles")
        self.slider.valueChanged.connect(lambda step: self._cuts.set_position(step / STEPS))
        self.live = label(role="title", wraps=True)
        self.live.setToolTip("Dice, sensitivity and specificity of tiles at this threshold")
        self.live.setAccessibleName("at this threshold")
        self.legend = AgreementLegend()
        self.agreement = QCheckBox("Paint the agreement")
        self.agreement.setToolTip("Colours of the tiles on the slide; true negatives are not painted")
        self.agreement.toggled.connect(self._paint)
        self.below = QCheckBox("Keep the map below it")
        self.below.setToolTip("Both together are hard to tell apart: the map is hidden unless you want it")
        self.below.toggled.connect(self._keep_map)
        self.content.addLayout(captioned(("Cut at", self.rule), ("Value", self.value)))
        for widget in (self.slider, self.live, self.agreement, self.legend, self.below):
            self.content.addWidget(widget)
        events = self._state.events
        for signal in (events.cut, events.is_agreement_shown, events.is_map_shown):
            signal.connect(self._refresh)
        events.answer.connect(self._offer_rules)
        events.map.connect(self._offer_rules)
        self._refresh()

    def _offer_rules(self) -> None:
        compared, cut = self._state.compared, self._state.cut
        if compared is None or cut is None:
            return
        choices = [
            Choice(name=_key(threshold), label=_label(threshold), tooltip=MEANINGS[threshold.rule])
            for threshold in thresholds_of(compared)
        ]
        if cut.is_own:
            tip = "Chosen with the slide in sight: say so where you show these numbers"
            choices.append(Choice(name=OWN, label="my own", tooltip=tip))
        self.rule.fill(choices, OWN if cut.is_own else _key(cut.threshold))

    def _refresh(self) -> None:
        cut, state = self._state.cut, self._state
        self.setVisible(cut is not None)
        if cut is None:
            return
        if cut.is_own != (self.rule.currentData() == OWN) or not cut.is_own:
            self._offer_rules()
        with QSignalBlocker(self.slider), QSignalBlocker(self.value):
            if not self.slider.isSliderDown():
                self.slider.setValue(round(STEPS * self._cuts.position))
            _show_value(self.value, cut.threshold.value)
        rates = cut.rates
        self.live.setText(
            f"Dice {_rate(rates['dice'])} · sens. {_rate(rates['sensitivity'])} · "
            f"spec. {_rate(rates['specificity'])}"
        )
        for box, is_on in ((self.agreement, state.is_agreement_shown), (self.below, state.is_map_shown)):
            with QSignalBlocker(box):
                box.setChecked(is_on)
        self.below.setVisible(state.is_agreement_shown)
        self.legend.fill(cut)

    def _choose(self, key: str) -> None:
        compared = self._state.compared
        for threshold in thresholds_of(compared) if compared is not None else ():
            if _key(threshold) == key:
                self._cuts.choose_rule(threshold.rule, threshold.share)

    def _paint(self, is_on: bool) -> None:  # noqa: FBT001 - a signal's slot
        self._state.is_agreement_shown = is_on

    def _keep_map(self, is_on: bool) -> None:  # noqa: FBT001 - a signal's slot
        self._state.is_map_shown = is_on


class QuietSlider(QSlider):
    """A slider that leaves the wheel to the page."""

    def wheelEvent(self, e: QWheelEvent | None) -> None:  # noqa: N802 - Qt's name
        """Scroll the page, rather than move the threshold by accident."""
        if e is not None:
            e.ignore()


class AgreementLegend(QWidget):
    """A swatch, name, number of tiles and area for each kind of tile."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("legend of the agreement")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(SPACING_PX)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        self.numbers = {kind: (label(), label(role="muted")) for kind in LEGEND}
        for position, kind in enumerate(LEGEND):
            grid.addWidget(_swatch(kind), position, 0)
            grid.addWidget(label(AGREEMENT_LABELS[kind]), position, 1)
            for k, cell in enumerate(self.numbers[kind]):
                cell.setAlignment(Qt.AlignmentFlag.AlignRight)
                grid.addWidget(cell, position, 2 + k)

    def fill(self, cut: Cut) -> None:
        """Show the numbers of a cut."""
        for kind, (tiles, area) in self.numbers.items():
            n = cut.counts[kind]
            tiles.setText(f"{n:,} tile{'' if n == 1 else 's'}")
            area.setText(f"{n * cut.cell_mm2:.2f} mm²")


def _swatch(kind: TileAgreement) -> QFrame:
    made = QFrame()
    made.setFixedSize(14, 14)
    colour = AGREEMENT_COLOURS.get(kind)
    fill = "transparent" if colour is None else "rgb({}, {}, {})".format(*colour)
    made.setStyleSheet(f"background: {fill}; border: 1px solid rgba(128, 128, 128, 160); border-radius: 2px;")
    made.setToolTip("not painted" if colour is None else AGREEMENT_LABELS[kind])
    return made


def _show_value(box: QDoubleSpinBox, value: float) -> None:
    """Show a threshold with as many digits as its size needs."""
    box.setEnabled(math.isfinite(value))
    if not math.isfinite(value):
        return
    size = math.floor(math.log10(abs(value))) if value else 0
    box.setDecimals(max(0, min(12, DIGITS - 1 - size)))
    box.setRange(-1e9, 1e9)
    box.setSingleStep(10.0 ** (size - 1))
    box.setValue(value)


def _key(threshold: Threshold) -> str:
    return f"{threshold.rule} {threshold.share or ''}"


def _label(threshold: Threshold) -> str:
    return "oracle (knows the regions)" if threshold.is_oracle else threshold.name


def _rate(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "\N{EN DASH}"
