"""Other readers: second opinions from files, and the model beside the range between readers."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_histcode.comparison.readers import Pair, ReaderAgreement
from napari_histcode.export.html_table import cell_text
from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.compare.numbers import Line
from napari_histcode.plugin.panels.compare_numbers import NumberTable
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.section import button, column, label, row
from napari_histcode.plugin.style import set_role

FILES = "Annotations (*.geojson *.json *.gz *.xml *.ndpa);;All files (*)"
RANGE = "Cohen's kappa and Dice over the tiles that both call positive or negative."


class CompareReadersPanel(FoldingSection):
    """A list of readers, and a table of every two of them and of the map with each."""

    def __init__(self, controller: CompareController) -> None:
        super().__init__("Other readers", "Hold the map against the range between readers.")
        self._controller = controller
        self._state = controller.state
        self.load_button = button(
            "Load reader …", self._choose_file, tooltip="Regions that somebody else drew on this slide"
        )
        self._list = QWidget()
        self.notice = label(wraps=True)
        self.sentence = label(wraps=True)
        self.table = NumberTable("agreement of readers")
        self.content.addLayout(row(self.load_button, stretch=0))
        for widget in (self._list, self.notice, self.sentence, self.table):
            self.content.addWidget(widget)
        self._state.events.readers.connect(self._list_readers)
        for signal in (self._state.events.answer, self._state.events.map, self._state.events.reading):
            signal.connect(self._refresh)
        self._list_readers()
        self._refresh()

    def _list_readers(self) -> None:
        listed = QWidget()
        layout = column(listed)
        for reader in self._state.readers:
            remove = button(
                "Remove",
                partial(self._controller.readers.remove, reader.name),
                tooltip="Leave this reader out",
            )
            n = len(reader.annotations)
            name = label(f"{reader.name} · {n:,} region{'' if n == 1 else 's'}")
            name.setToolTip("\n".join(reader.notes))
            layout.addLayout(row(name, remove, stretch=0))
        self.content.replaceWidget(self._list, listed)
        self._list.deleteLater()
        self._list = listed

    def _refresh(self) -> None:
        state, answer = self._state, self._state.answer
        self.setVisible(answer is not None)
        self.notice.setText(state.reading.text)
        self.notice.setVisible(bool(state.reading.text))
        set_role(self.notice, "error" if state.reading.is_error else "muted")
        readers = answer.comparison.readers if answer is not None else None
        self.sentence.setVisible(readers is not None)
        self.table.setVisible(readers is not None)
        if readers is not None:
            self.sentence.setText(_sentence(readers, state.map))
            self.table.fill(_lines(readers, state.map))

    def _choose_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Regions of another reader", "", FILES)
        if chosen:
            self._controller.readers.add(Path(chosen))


def _sentence(readers: ReaderAgreement, name: str | None) -> str:
    low, high = readers.kappa_range
    text = f"Between readers, kappa is {_range(low, high)} and Dice {_range(*readers.dice_range)}."
    among = next((one for one in readers.maps if one.map == name), None)
    if among is None:
        return text
    verdict = "within the readers' range" if among.is_within_kappa else "below the readers' range"
    return (
        f"{text} The map has a mean kappa of {cell_text(among.mean_kappa)} with them "
        f"({among.threshold.name} threshold): {verdict}."
    )


def _range(low: float, high: float) -> str:
    if not math.isfinite(low) or low == high:
        return cell_text(low)
    return f"{cell_text(low)} to {cell_text(high)}"


def _lines(readers: ReaderAgreement, name: str | None) -> list[Line]:
    lines = [Line(name="", value="kappa", beside="Dice")]
    lines += [_line(f"{pair.first}, {pair.second}", pair) for pair in readers.pairs]
    for among in readers.maps:
        if among.map == name:
            lines += [_line(f"map, {pair.second}", pair) for pair in among.pairs]
    for text, value in (("Fleiss' kappa", readers.fleiss), ("Krippendorff's alpha", readers.krippendorff)):
        lines.append(Line(name=text, value=cell_text(value), tooltip="All readers together"))
    return lines


def _line(name: str, pair: Pair) -> Line:
    tips = [RANGE, f"{pair.n_tiles:,} tiles."]
    tips += [f"AUROC against this reader: {cell_text(pair.auroc)}."] if math.isfinite(pair.auroc) else []
    return Line(name=name, value=cell_text(pair.kappa), beside=cell_text(pair.dice), tooltip=" ".join(tips))
