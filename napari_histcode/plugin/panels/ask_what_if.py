"""WHAT IF? Tissue that is left out, and what the model says of the rest."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QCheckBox,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from napari_histcode.export.quality import COLOURS
from napari_histcode.plugin.ask import what_if_words
from napari_histcode.plugin.ask.choosables import ARTEFACT
from napari_histcode.plugin.ask.explained import ExplainerState
from napari_histcode.plugin.ask.what_if_controller import WhatIfController
from napari_histcode.plugin.ask.what_if_state import Choosable
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.compare_numbers import NumberTable
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import button, captioned, column, label, row
from napari_histcode.plugin.session import Choice, Phase
from napari_histcode.plugin.style import set_role
from napari_histcode.scores.what_if import WhatIf
from napari_histcode.tissue.quality import Artefact

ROW_PX = 22
MOST_ROWS = 8
SWATCH_PX = 10

SUMMARY = "Leave tissue out, and see whether the prediction stands."
NOTHING_TO_TICK = (
    "Nothing to leave out yet. Draw regions (page Annotate), look for artefacts, or click tiles on the slide."
)
PICKING = "Click a tile to leave it out, again to take it back; with Shift, several."


class AskWhatIfPanel(FoldingSection):
    """What is left out, and what that changes."""

    def __init__(self, controller: WhatIfController, explainer: ExplainerState) -> None:
        super().__init__("What if?", SUMMARY)
        self._controller = controller
        self._state = controller.state
        self._explainer = explainer
        self._choices: list[Choice] = []
        self.empty = label(role="muted", wraps=True)
        self.find_button = button(
            "Find artefacts",
            controller.finder.find,
            tooltip="Look for pen marks, folds and tissue out of focus",
        )
        self.pick_button = QPushButton("Click tiles")
        self.pick_button.setCheckable(True)
        self.pick_button.setToolTip(PICKING)
        set_role(self.pick_button, "tool")
        self.pick_button.toggled.connect(lambda is_on: controller.pick_tiles(is_picking=is_on))
        self.reset_button = button("Reset", controller.reset, tooltip="Leave nothing out")
        self.picking = label(PICKING, role="muted", wraps=True)
        self.job = JobLine(controller.finder.cancel, tooltip="Stop looking")
        self.heading = label("Leave out", role="muted")
        self.list = _list()
        self.list.itemChanged.connect(self._ticked)
        self.only_inside = QCheckBox("Keep only what is inside these regions")
        self.only_inside.setToolTip("Turns the regions round; artefacts and clicked tiles stay left out")
        self.only_inside.toggled.connect(lambda is_on: controller.keep_only_inside(is_only_inside=is_on))
        self.artefacts_box = QCheckBox("Show artefacts on the slide")
        self.artefacts_box.toggled.connect(lambda is_on: controller.finder.show(is_shown=is_on))
        self.verdict = label(role="title", wraps=True)
        self.left = label(wraps=True)
        self.table = NumberTable("predictions before and after")
        self.rest = label(role="muted", wraps=True)
        self.map = ChoiceBox(controller.choose_map, name="map to draw without what is left out")
        self.before_button = _choice("everything", "The map of all tiles")
        self.after_button = _choice("without", "The map as if the excluded tiles were not there")
        group = QButtonGroup(self)
        for each in (self.before_button, self.after_button):
            group.addButton(each)
        group.buttonClicked.connect(
            lambda clicked: controller.show_before(is_before=clicked is self.before_button)
        )
        self.answer = QWidget()
        inside = column(self.answer)
        for part in (self.verdict, self.left, self.table, self.rest):
            inside.addWidget(part)
        self.maps = QWidget()
        column(self.maps).addLayout(
            captioned(
                ("Map", self.map),
                ("Show", row(self.before_button, self.after_button, QWidget(), stretch=2)),
            )
        )
        inside.addWidget(self.maps)
        self.tools = QWidget()
        tools = column(self.tools)
        tools.addLayout(row(self.find_button, self.pick_button, self.reset_button, stretch=0))
        for tool in (self.picking, self.job, self.heading, self.list, self.only_inside, self.artefacts_box):
            tools.addWidget(tool)
        for whole in (self.empty, self.tools, self.answer):
            self.content.addWidget(whole)
        events = self._state.events
        for signal in (
            explainer.events.explained, explainer.events.explaining, events.choosable, events.is_only_inside,
            events.is_picking, events.artefacts, events.finding, events.shows_artefacts,
        ):  # fmt: skip
            signal.connect(self._refresh)
        for signal in (events.answer, events.updating, events.is_before, events.map):
            signal.connect(self._show_answer)
        self._refresh()
        self._show_answer()

    def _refresh(self) -> None:
        state, explained = self._state, self._explainer.explained
        reason = self._explainer.explaining
        is_ready = explained is not None
        self.tools.setVisible(is_ready)
        text = reason.text if not is_ready else "" if state.choosable else NOTHING_TO_TICK
        self.empty.setText(text)
        set_role(self.empty, "error" if reason.is_error else "muted")
        self.empty.setVisible(bool(text))
        is_finding = state.finding.phase is not Phase.IDLE
        self.find_button.setVisible(not is_finding)
        self.find_button.setEnabled(state.artefacts is None)
        self.job.show_activity(state.finding)
        self.picking.setVisible(state.is_picking)
        self._list(state.choosable)
        has_regions = any(not one.key.startswith((ARTEFACT, "clicked")) for one in state.choosable)
        self.only_inside.setVisible(has_regions)
        self.artefacts_box.setVisible(state.artefacts is not None and state.artefacts.mask.has_artefacts)
        for box, is_on in (
            (self.only_inside, state.is_only_inside),
            (self.artefacts_box, state.shows_artefacts),
            (self.pick_button, state.is_picking),
        ):
            with QSignalBlocker(box):
                box.setChecked(is_on)
        if explained is not None:
            maps = explained.result.scores.maps
            self._choices = [Choice(name=one.name, label=one.label) for one in maps]
        self.reset_button.setEnabled(bool(state.ticked or state.clicked or state.is_only_inside))

    def _list(self, choosable: tuple[Choosable, ...]) -> None:
        self.heading.setVisible(bool(choosable))
        self.list.setVisible(bool(choosable))
        self.heading.setText("Keep only regions" if self._state.is_only_inside else "Leave out")
        with QSignalBlocker(self.list):
            self.list.clear()
            for one in choosable:
                self.list.addTopLevelItem(_item(one))
        self.list.setFixedHeight(min(MOST_ROWS, max(1, len(choosable))) * ROW_PX + 4)

    def _ticked(self, item: QTreeWidgetItem, _column: int) -> None:
        key = str(item.data(0, Qt.ItemDataRole.UserRole))
        self._controller.tick(key, is_on=item.checkState(0) is Qt.CheckState.Checked)

    def _show_answer(self) -> None:
        state, explained = self._state, self._explainer.explained
        found = state.answer
        self.answer.setVisible(found is not None or state.updating.is_error)
        if state.updating.is_error:
            self.verdict.setText(state.updating.text)
            set_role(self.verdict, "error")
            return
        if found is None or explained is None:
            return
        grid = explained.explanation.grid
        said = what_if_words.verdict(explained.explanation, found)
        self.verdict.setText(said)
        self.verdict.setVisible(bool(said))
        set_role(self.verdict, "title" if what_if_words.stands(explained.explanation, found) else "error")
        self.left.setText(what_if_words.left(found, grid))
        self._fill(found)
        self.maps.setVisible(not found.is_empty)
        self.map.fill(self._choices, state.map or "")
        for each, is_on in ((self.before_button, state.is_before), (self.after_button, not state.is_before)):
            with QSignalBlocker(each):
                each.setChecked(is_on)

    def _fill(self, found: WhatIf) -> None:
        self.table.setVisible(not found.is_empty)
        self.table.fill(what_if_words.change_lines(found.changes))
        rest = what_if_words.rest_line(found.changes)
        self.rest.setText(rest)
        self.rest.setVisible(bool(rest) and not found.is_empty)


def _item(one: Choosable) -> QTreeWidgetItem:
    item = QTreeWidgetItem([one.label, one.amount])
    item.setData(0, Qt.ItemDataRole.UserRole, one.key)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
    item.setCheckState(0, Qt.CheckState.Checked if one.is_on else Qt.CheckState.Unchecked)
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setToolTip(0, f"{one.label}: {one.amount}")
    if one.key.startswith(ARTEFACT):
        item.setIcon(0, _swatch(Artefact(int(one.key.removeprefix(ARTEFACT)))))
    return item


def _swatch(artefact: Artefact) -> QIcon:
    """Show the colour in which an artefact is painted."""
    pixmap = QPixmap(SWATCH_PX, SWATCH_PX)
    pixmap.fill(QColor(*COLOURS[artefact]))
    return QIcon(pixmap)


def _list() -> QTreeWidget:
    made = QTreeWidget()
    made.setAccessibleName("what to leave out")
    made.setHeaderHidden(True)
    made.setRootIsDecorated(False)
    made.setIndentation(0)
    made.setColumnCount(2)
    made.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header = made.header()
    if header is not None:
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    return made


def _choice(text: str, tooltip: str) -> QPushButton:
    made = QPushButton(text)
    made.setCheckable(True)
    made.setToolTip(tooltip)
    set_role(made, "choice")
    return made
