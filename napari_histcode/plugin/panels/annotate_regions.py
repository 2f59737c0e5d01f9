"""REGIONS: what is on the slide, measured."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QItemSelectionModel, QSignalBlocker, Qt
from qtpy.QtWidgets import QAbstractItemView, QFileDialog, QSlider, QTableView

from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.annotate.edits import counted
from napari_histcode.plugin.annotate.view import MOST_IN_HAND
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.region_model import RegionModel
from napari_histcode.plugin.panels.section import Section, button, captioned, label, row
from napari_histcode.plugin.session import Choice

ROWS = (
    Choice(name="regions", label="one row a region", tooltip="Every region by itself"),
    Choice(
        name="classes",
        label="one row a class",
        tooltip="All regions of a class together; overlaps count once",
    ),
)
MOST_ROWS = 8
ROW_HEIGHT_PX = 22
EMPTY = "No regions yet. Choose a tool above and draw, drop a file here, or import one below."


class AnnotateRegionsPanel(Section):
    """The measurement table, and how regions are shown."""

    def __init__(self, annotate: AnnotateController) -> None:
        super().__init__("Regions")
        self._annotate = annotate
        self._state = annotate.state
        self.shown = label(role="muted", wraps=True)
        self.rows = ChoiceBox(self._choose_rows, name="rows of the table")
        self.rows.fill(ROWS, "regions")
        self._is_by_class = False
        self.model = RegionModel()
        self.table = self._make_table()
        self.fill = QSlider(Qt.Orientation.Horizontal)
        self.fill.setRange(0, 100)
        self.fill.setAccessibleName("opacity of areas")
        self.fill.setToolTip("Opacity of areas; outlines stay")
        self.fill.valueChanged.connect(lambda percent: annotate.set_fill(percent / 100))
        self.view_button = button(
            "Edit those in view",
            annotate.selecting.select_in_view,
            tooltip=f"Select all regions in view (A), to drag or reshape up to {MOST_IN_HAND} of them",
        )
        self.csv_button = button("Save table …", self._save, tooltip="Write these measurements as CSV")
        self.content.addWidget(self.shown)
        self.content.addWidget(self.table)
        self.content.addLayout(captioned(("Rows", self.rows), ("Fill", self.fill)))
        buttons = row(self.view_button, self.csv_button)
        buttons.addStretch(1)
        self.content.addLayout(buttons)
        events = self._state.events
        for signal in (events.table, events.is_measuring, events.classes):
            signal.connect(self._refresh)
        events.selected.connect(self._refresh_selection)
        events.fill.connect(self._refresh)
        for signal in (annotate.session.events.annotations, annotate.session.events.current):
            signal.connect(self._refresh)
        self._refresh()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setAccessibleName("measurements of regions")
        table.setModel(self.model)
        table.setSortingEnabled(True)
        table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        for header in (table.verticalHeader(), table.horizontalHeader()):
            if header is not None:
                header.setDefaultSectionSize(ROW_HEIGHT_PX if header is table.verticalHeader() else 50)
        vertical = table.verticalHeader()
        if vertical is not None:
            vertical.hide()
        horizontal = table.horizontalHeader()
        if horizontal is not None:
            horizontal.setHighlightSections(False)
        table.setTabKeyNavigation(False)  # Tab leaves the table; the arrow keys go through it
        table.clicked.connect(self._clicked)
        table.activated.connect(self._clicked)
        return table

    def _refresh(self) -> None:
        session, state = self._annotate.session, self._state
        self.setVisible(session.current is not None)
        n = len(session.annotations)
        has_table = state.table is not None and n > 0
        self.shown.setText(self._how_shown(n))
        for widget in (self.table, self.rows, self.csv_button):
            widget.setEnabled(has_table)
        self.table.setVisible(n > 0)
        self.view_button.setEnabled(n > 0)
        self.csv_button.setEnabled(has_table and not state.is_measuring)
        if (
            state.table is None
            or state.table is not self._shown_table
            or self._is_by_class != self._shown_rows
        ):
            self._show_table()
        with QSignalBlocker(self.fill):
            self.fill.setValue(round(100 * state.fill))

    _shown_table: object = None
    _shown_rows = False
    _has_sizes = False

    def _show_table(self) -> None:
        state = self._state
        self._shown_table, self._shown_rows = state.table, self._is_by_class
        n_columns = self.model.columnCount()
        self.model.show_table(state.table, state.classes, is_by_class=self._is_by_class)
        n_rows = min(MOST_ROWS, max(self.model.rowCount(), 2))
        self.table.setFixedHeight((n_rows + 1) * ROW_HEIGHT_PX + 20)
        if self.model.columnCount() != n_columns or not self._has_sizes:
            self._size_columns()
            self._has_sizes = True
        self._refresh_selection()

    def _size_columns(self) -> None:
        for column, width in enumerate((86, 70, 50, 44, 40)):
            self.table.setColumnWidth(column, width)
        for column in range(5, self.model.columnCount()):
            self.table.resizeColumnToContents(column)

    def _how_shown(self, n: int) -> str:
        if not n:
            return EMPTY
        text = f"{counted(n)}. All are drawn as a picture; up to {MOST_IN_HAND} selected ones can be edited."
        return f"{text} Measuring …" if self._state.is_measuring else text

    def _choose_rows(self, name: str) -> None:
        self._is_by_class = name == "classes"
        self.rows.fill(ROWS, name)
        self._refresh()

    def _clicked(self) -> None:
        chosen = self.table.selectionModel()
        rows = [] if chosen is None else [index.row() for index in chosen.selectedRows()]
        ids = [identity for row in rows if (identity := self.model.id_of(row)) is not None]
        if len(ids) == 1:
            self._annotate.selecting.fly_to(ids[0])
        elif ids:
            self._annotate.selecting.select(ids)

    def _refresh_selection(self) -> None:
        """Mark the row of the selected region; of several only where that is quick."""
        marks = self.table.selectionModel()
        chosen = self._state.selected
        if marks is None or self._is_by_class:
            return
        with QSignalBlocker(marks):
            marks.clearSelection()
            row_number = self.model.row_of(next(iter(chosen))) if len(chosen) == 1 else None
            if row_number is not None:
                index = self.model.index(row_number, 0)
                flags = QItemSelectionModel.SelectionFlag
                marks.select(index, flags.Select | flags.Rows)
                self.table.scrollTo(index)
        viewport = self.table.viewport()
        if viewport is not None:
            viewport.update()

    def _save(self) -> None:
        entry = self._annotate.session.current
        if entry is None:
            return
        proposed = Path.home() / f"{entry.record.alias}-regions.csv"
        path, _ = QFileDialog.getSaveFileName(self, "Save measurements", str(proposed), "CSV (*.csv)")
        if path:
            self._annotate.measures.save(Path(path))
