"""COMPARE: what to hold against what."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSignalBlocker, Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QAbstractItemView, QCheckBox, QFileDialog, QTreeWidget, QTreeWidgetItem, QWidget

from napari_histcode.export.comparisons.report import PAGE_FILE
from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.compare.offers import compare_offer, empty_reason, question_reason, save_offer
from napari_histcode.plugin.compare.state import ClassRow
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.export_panel import DEFAULT_FOLDER
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import Section, button, captioned, column, label, row
from napari_histcode.plugin.session import Choice, Phase
from napari_histcode.plugin.style import set_role

ROW_HEIGHT_PX = 22
MOST_ROWS = 6

EXHAUSTIVE = "Tick it only if all there is of the class was drawn: then tissue without a region is negative."
NOT_EXHAUSTIVE = "Only tissue inside regions counts: other classes are negative, the rest is left out."
EVERYTHING = "Everything was drawn: tissue without a region is negative."


class CompareQuestionPanel(Section):
    """The classes, the map, and the button."""

    def __init__(self, controller: CompareController) -> None:
        super().__init__("Compare")
        self._controller = controller
        self._session, self._state = controller.session, controller.state
        self.empty = label(role="muted", wraps=True)
        self.classes = QTreeWidget()
        self.classes.setAccessibleName("positive classes")
        self.classes.setHeaderHidden(True)
        self.classes.setRootIsDecorated(False)
        self.classes.setIndentation(0)
        self.classes.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.classes.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.classes.itemChanged.connect(self._ticked)
        self.guess = label(role="muted", wraps=True)
        self.map = ChoiceBox(controller.choose_map, name="map to compare")
        self.every_map = QCheckBox("Compare all maps")
        self.every_map.setToolTip(
            "Takes longer, and p-values are adjusted for all of them: compare the maps you mean."
        )
        self.every_map.toggled.connect(lambda is_on: controller.take_every_map(is_every=is_on))
        self.exhaustive = QCheckBox("My annotation is exhaustive")
        self.exhaustive.setToolTip(EXHAUSTIVE)
        self.exhaustive.toggled.connect(lambda is_on: controller.set_exhaustive(is_exhaustive=is_on))
        self.meaning = label(role="muted", wraps=True)
        self.compare_button = button("Compare", controller.compare, tooltip="", role="primary")
        self.save_button = button("Save report …", self._choose_folder, tooltip="")
        self.open_button = button("Open report", self._open, tooltip="Show the page in the browser")
        self.job = JobLine(controller.cancel, tooltip="Stop; the numbers without intervals stay")
        self.saving = label(wraps=True)
        self.body = QWidget()
        inside = column(self.body)
        inside.addWidget(label("The map should find", role="muted"))
        inside.addWidget(self.classes)
        inside.addWidget(self.guess)
        inside.addLayout(captioned(("Map", self.map)))
        inside.addWidget(self.every_map)
        inside.addWidget(self.exhaustive)
        inside.addWidget(self.meaning)
        inside.addLayout(row(self.compare_button, self.save_button, stretch=0))
        inside.addWidget(self.job)
        inside.addWidget(self.saving)
        inside.addWidget(self.open_button)
        self.content.addWidget(self.empty)
        self.content.addWidget(self.body)
        self._folder: Path | None = None
        session, state = self._session.events, self._state.events
        for signal in (session.result, session.annotations, session.current, session.veiled):
            signal.connect(self._refresh)
        for signal in (
            state.classes, state.positive, state.map, state.is_exhaustive, state.is_every_map, state.answer,
            state.updating, state.comparing, state.saving, state.spots, state.is_guess,
        ):  # fmt: skip
            signal.connect(self._refresh)
        session.map_rows.connect(self._list_maps)
        state.map.connect(self._list_maps)
        state.classes.connect(self._list_classes)
        state.positive.connect(self._list_classes)
        self._list_maps()
        self._list_classes()
        self._refresh()

    def _list_classes(self) -> None:
        """List the classes; the lines stay where the classes do, one of which may just be being ticked."""
        rows = self._state.classes
        with QSignalBlocker(self.classes):
            if [row.name for row in rows] != [_name_of(item) for item in self._items()]:
                self.classes.clear()
                self.classes.addTopLevelItems([_item(row) for row in rows])
            for item, row in zip(self._items(), rows, strict=True):
                _write(item, row, is_on=row.name in self._state.positive)
        lines = min(MOST_ROWS, max(1, len(rows)))
        self.classes.setFixedHeight(lines * ROW_HEIGHT_PX + 4)

    def _items(self) -> list[QTreeWidgetItem]:
        found = (self.classes.topLevelItem(k) for k in range(self.classes.topLevelItemCount()))
        return [item for item in found if item is not None]

    def _list_maps(self) -> None:
        session = self._session
        maps = [] if session.result is None else [*session.result.scores.maps, *session.tool_maps]
        choices = [Choice(name=one.name, label=one.label) for one in maps]
        self.map.fill(choices, self._state.map or "")

    def _refresh(self) -> None:
        session, state = self._session, self._state
        missing = empty_reason(session)
        self.empty.setText(missing)
        self.empty.setVisible(bool(missing))
        self.body.setVisible(not missing)
        if missing:
            return
        wanting = question_reason(session, state)
        self.guess.setText(wanting or "Our guess, by the names; tick what you mean.")
        self.guess.setVisible(bool(wanting) or state.is_guess)
        for box, is_on in ((self.exhaustive, state.is_exhaustive), (self.every_map, state.is_every_map)):
            with QSignalBlocker(box):
                box.setChecked(is_on)
        self.meaning.setText(EVERYTHING if state.is_exhaustive else NOT_EXHAUSTIVE)
        offer = compare_offer(session, state)
        self.compare_button.setEnabled(offer.is_enabled)
        self.compare_button.setToolTip(
            offer.reason
            or "The whole protocol: 95 % intervals, chance by shifting the regions, baselines; "
            "the same numbers as histcode compare"
        )
        saving = save_offer(state)
        self.save_button.setVisible((state.answer is not None and state.answer.is_full) or bool(state.spots))
        self.save_button.setEnabled(saving.is_enabled)
        self.save_button.setToolTip(
            saving.reason or "A page to read, and all numbers as JSON and CSV; under the slide's alias"
        )
        self.job.show_activity(
            state.comparing if state.comparing.phase is not Phase.IDLE or state.comparing.is_error
            else state.updating if state.updating.is_error else state.comparing
        )  # fmt: skip
        self.saving.setText(state.saving.text)
        self.saving.setVisible(bool(state.saving.text))
        set_role(self.saving, "error" if state.saving.is_error else "muted")
        is_written = bool(state.saving.text) and state.saving.phase is Phase.IDLE
        self.open_button.setVisible(is_written and not state.saving.is_error and self._folder is not None)

    def _ticked(self) -> None:
        ticked = [item for item in self._items() if item.checkState(0) is Qt.CheckState.Checked]
        self._controller.choose_positive(tuple(_name_of(item) for item in ticked))

    def _choose_folder(self) -> None:
        entry = self._session.current
        start = Path.home() / DEFAULT_FOLDER / (entry.record.alias if entry is not None else "")
        while not start.is_dir() and start != start.parent:
            start = start.parent
        folder = QFileDialog.getExistingDirectory(self, "Folder for the report", str(start))
        if folder:
            self.save(Path(folder))

    def save(self, folder: Path) -> None:
        """Write the report into a folder."""
        self._folder = folder
        self._controller.report.save(folder)

    def _open(self) -> None:
        if self._folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder / PAGE_FILE)))


def _item(entry: ClassRow) -> QTreeWidgetItem:
    item = QTreeWidgetItem()
    item.setData(0, Qt.ItemDataRole.UserRole, entry.name)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
    return item


def _name_of(item: QTreeWidgetItem) -> str:
    return str(item.data(0, Qt.ItemDataRole.UserRole))


def _write(item: QTreeWidgetItem, entry: ClassRow, *, is_on: bool) -> None:
    plural = "" if entry.n_regions == 1 else "s"
    remark = f" · {entry.remark}" if entry.remark else ""
    item.setText(0, f"{entry.name}  ({entry.n_regions:,} region{plural}{remark})")
    item.setToolTip(0, entry.remark or "Tick the classes that count as positive")
    item.setCheckState(0, Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)
