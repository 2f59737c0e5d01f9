"""NUMBERS: a short table of what a reader needs first, and all numbers when asked for."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QWidget

from napari_histcode.comparison.compare import is_quantity
from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.compare.numbers import Line, all_lines, main_lines, map_warnings
from napari_histcode.plugin.panels.elided_label import ElidedLabel
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.section import Section, label
from napari_histcode.plugin.session import Phase
from napari_histcode.plugin.style import SPACING_PX

NO_INTERVALS = "Compare adds intervals, chance and baselines."
ALL_HEIGHT_PX = 320


class NumberTable(QWidget):
    """Lines of name, number and what is beside it; the labels stay, their texts change."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._rows: list[tuple[QLabel, QLabel, ElidedLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACING_PX)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(2, 1)

    def fill(self, lines: Sequence[Line]) -> None:
        """Show these lines."""
        while len(self._rows) < len(lines):
            cells = (label(), label(role="title"), ElidedLabel(role="muted"))
            cells[1].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for position, cell in enumerate(cells):
                self._grid.addWidget(cell, len(self._rows), position)
            self._rows.append(cells)
        for position, cells in enumerate(self._rows):
            shown = lines[position] if position < len(lines) else None
            for cell, text in zip(cells, _texts(shown), strict=True):
                cell.setVisible(shown is not None)
                cell.setText(text)
                cell.setToolTip(shown.tooltip if shown is not None else "")

    def texts(self) -> list[tuple[str, str, str]]:
        """Return what is shown, line by line."""
        shown = [cells for cells in self._rows if not cells[0].isHidden()]
        return [(name.text().strip(), value.text(), beside.text()) for name, value, beside in shown]


def _texts(line: Line | None) -> tuple[str, str, str]:
    return ("", "", "") if line is None else (line.name, line.value, line.beside)


class CompareNumbersPanel(Section):
    """The numbers of the map in question."""

    def __init__(self, controller: CompareController) -> None:
        super().__init__("Numbers")
        self._controller = controller
        self._state = controller.state
        self.subject = label(role="title", wraps=True)
        self.warnings = label(wraps=True)
        self.table = NumberTable("main numbers")
        self.hint = label(role="muted", wraps=True)
        self.everything = FoldingSection("All numbers", "Every metric, with intervals and p-values.")
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("all numbers")
        self.tree.setHeaderLabels(["", "value", "95 %"])
        self.tree.setFixedHeight(ALL_HEIGHT_PX)
        self.tree.setIndentation(8)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setRootIsDecorated(False)
        header = self.tree.header()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            header.setStretchLastSection(False)
        self.everything.content.addWidget(self.tree)
        self.everything.unfolded.connect(self._fill_tree)
        for widget in (self.subject, self.warnings, self.table, self.hint, self.everything):
            self.content.addWidget(widget)
        events = self._state.events
        for signal in (events.cut, events.updating):
            signal.connect(self._refresh)
        events.answer.connect(self._fill_tree)
        events.map.connect(self._fill_tree)
        self._refresh()

    def _refresh(self) -> None:
        state, compared = self._state, self._state.compared
        answer, cut = state.answer, state.cut
        is_waiting = state.updating.phase is not Phase.IDLE
        self.setVisible(is_waiting or (answer is not None and cut is not None))
        self.hint.setVisible(is_waiting or (answer is not None and not answer.is_full))
        self.hint.setText(state.updating.text if is_waiting else NO_INTERVALS)
        is_known = answer is not None and compared is not None and cut is not None
        for widget in (self.subject, self.table, self.everything):
            widget.setVisible(is_known)
        if answer is None or compared is None or cut is None:
            self.warnings.setVisible(False)
            return
        reference = answer.comparison.reference
        self.subject.setText(f"{compared.label} against {', '.join(reference.positive)}")
        self.subject.setToolTip(reference.statement)
        warnings = map_warnings(answer, compared)
        self.warnings.setText("\n".join(f"⚠ {warning}" for warning in warnings))
        self.warnings.setVisible(bool(warnings))
        amount = is_quantity(answer.scores.map(compared.name))
        self.table.fill(main_lines(answer, compared, cut, is_quantity=amount))

    def _fill_tree(self) -> None:
        """List all numbers, if somebody looks at them."""
        answer, compared = self._state.answer, self._state.compared
        if not self.everything.is_open or answer is None or compared is None:
            return
        self.tree.clear()
        for heading, lines in all_lines(answer, compared):
            group = QTreeWidgetItem([heading])
            self.tree.addTopLevelItem(group)
            group.setFirstColumnSpanned(True)
            for one in lines:
                item = QTreeWidgetItem([one.name, one.value, one.beside])
                item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
                for position in range(3):
                    item.setToolTip(position, one.tooltip)
                group.addChild(item)
        self.tree.expandAll()
