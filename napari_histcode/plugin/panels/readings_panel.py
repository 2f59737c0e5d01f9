"""READS AS: what the model says of the whole slide, with what each number is."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QProgressBar, QWidget

from napari_histcode.plugin import wording
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.map_list import head_title
from napari_histcode.plugin.panels.job_line import STEPS
from napari_histcode.plugin.panels.section import Section, button, label
from napari_histcode.plugin.style import SPACING_PX
from napari_histcode.scores.scores import Prediction, SlideScores

MOST_LINES, FEW_LINES = 8, 6
"""Up to so many outputs are all shown; of more, only so many until they are asked for."""


class ReadingsPanel(Section):
    """Slide-level predictions of the current result."""

    def __init__(self, controller: Controller) -> None:
        super().__init__("Reads as")
        self._session = controller.session
        self.quantity = label(role="muted")
        self.heading_row.addWidget(self.quantity)
        self.table = QWidget()
        self.all_button = button("", self._show_all, tooltip="Show what the model says of every output")
        self._is_whole = False
        self.rest = label(role="muted", wraps=True)
        self.content.addWidget(self.table)
        self.content.addWidget(self.all_button)
        self.content.addWidget(self.rest)
        self._session.events.result.connect(self._result_changed)
        self._refresh()

    def _result_changed(self) -> None:
        self._is_whole = False
        self._refresh()

    def _show_all(self) -> None:
        self._is_whole = not self._is_whole
        self._refresh()

    def _refresh(self) -> None:
        result = self._session.result
        self.setVisible(result is not None)
        if result is None:
            return
        scores = result.scores
        quantities = list(dict.fromkeys(p.quantity for p in scores.predictions))
        self.quantity.setText(quantities[0] if len(quantities) == 1 else "")
        n_outputs = len(scores.predictions)
        has_many = n_outputs > MOST_LINES
        self.all_button.setVisible(has_many)
        self.all_button.setText("Show fewer" if self._is_whole else f"Show all {n_outputs}")
        table = prediction_table(scores, n_lines=FEW_LINES if has_many and not self._is_whole else n_outputs)
        self.content.replaceWidget(self.table, table)
        self.table.deleteLater()
        self.table = table
        self.rest.setText(" ".join(filter(None, attention_lines(scores))))


def prediction_table(scores: SlideScores, *, n_lines: int) -> QWidget:
    """Lay out a line for each of the first predictions: name, a bar where it is a probability, value.

    Of several heads each has a heading, so that nobody takes the classes of one for those of another.
    """
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(2 * SPACING_PX)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    has_headings = len({prediction.head for prediction in scores.predictions}) > 1
    heading = ""
    for prediction in scores.predictions[:n_lines]:
        if has_headings and heading != (heading := head_title(prediction.head, prediction.quantity)):
            grid.addWidget(label(heading, role="muted"), grid.rowCount(), 0, 1, 3)
        line = grid.rowCount()
        name = label(prediction.label)
        value = label(wording.prediction_value(prediction), role="title")
        value.setAlignment(Qt.AlignmentFlag.AlignRight)
        for cell in (name, value):
            cell.setToolTip(prediction_tooltip(prediction, scores))
        grid.addWidget(name, line, 0)
        if prediction.quantity == "probability":
            grid.addWidget(_bar(prediction.value), line, 1, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(value, line, 2)
    return table


def prediction_tooltip(prediction: Prediction, scores: SlideScores) -> str:
    """Where a number comes from."""
    lines = [
        f"{prediction.label}: {wording.prediction_value(prediction)} ({prediction.quantity})",
        f"Head: {prediction.head}, output before the activation: {prediction.raw:.3g}",
        f"Model: {scores.model_name} {scores.model_version} ({scores.model_digest[:8]})",
        f"Encoder: {scores.encoder.name}",
    ]
    return "\n".join(lines)


def attention_lines(scores: SlideScores) -> list[str]:
    """On how many tiles each head's attention rests, and how many tiles were lost."""
    n_tiles = len(scores.grid)
    several = len(scores.effective_tiles) > 1
    found = ", ".join(
        f"{number:.0f}" + f" ({head.replace('_', ' ')})" * several
        for head, number in scores.effective_tiles.items()
    )
    attention = f"Attention rests on about {found} of {n_tiles} tiles." if found else ""
    return [attention, wording.corrupt_tiles(scores.n_corrupt)]


def _bar(value: float) -> QProgressBar:
    bar = QProgressBar()
    bar.setTextVisible(False)
    bar.setRange(0, STEPS)
    bar.setValue(round(STEPS * value))
    return bar
