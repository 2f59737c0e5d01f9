"""Spatial transcriptomics: maps beside what was measured at spots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QFileDialog, QHeaderView, QTreeWidget, QTreeWidgetItem

from napari_histcode.comparison.spots import SpotResult
from napari_histcode.export.html_table import cell_text, p_text
from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.compare.figures import Inks, draw_scatter
from napari_histcode.plugin.compare.tasks import SpotRequest
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import button, captioned, label, row
from napari_histcode.plugin.session import Choice, Phase

if TYPE_CHECKING:
    from napari_histcode.plugin.panels.compare_plot import Plot

TABLES = "Tables (*.csv *.tsv *.txt *.gz);;All files (*)"
COUNTS, AS_THEY_ARE = "counts", "values"
KINDS = (
    Choice(name=COUNTS, label="counts", tooltip="Become log1p of counts per 10,000 of each spot"),
    Choice(name=AS_THEY_ARE, label="other values", tooltip="Stay as they are, such as shares of cell types"),
)
MOST_ROWS = 8
ROW_HEIGHT_PX = 22
HEIGHT_PX = 210
SCATTER_MARGINS = (0.17, 0.98, 0.23, 0.97)
"""Left, right, bottom and top of the axes: values of genes have more digits than shares."""


class CompareSpotsPanel(FoldingSection):
    """A table of maps with their correlations, and the scatter of one of them."""

    def __init__(self, controller: CompareController, inks: Inks) -> None:
        super().__init__("Spatial transcriptomics", "Hold gene maps against what was measured at spots.")
        self._controller = controller
        self._state, self._session = controller.state, controller.session
        self._inks = inks
        self._are_counts = True
        self._shown: str | None = None
        self.plot: Plot | None = None
        self.kind = ChoiceBox(self._choose_kind, name="kind of the table of values")
        self.kind.fill(KINDS, COUNTS)
        self.load_button = button(
            "Load spots …",
            self._choose_files,
            tooltip="First the table of places (spot, pixel_x, pixel_y), then that of values, one row a spot",
        )
        self.job = JobLine(controller.spots.cancel, tooltip="Wait for the numbers no more")
        self.coverage = label(role="muted", wraps=True)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("maps and spots")
        self.tree.setHeaderLabels(["map", "Pearson", "Spearman"])
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(0)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.currentItemChanged.connect(self._chosen)
        header = self.tree.header()
        if header is not None:
            header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            header.setStretchLastSection(False)
        self.content.addLayout(captioned(("Table of", self.kind)))
        self.content.addLayout(row(self.load_button, stretch=0))
        for widget in (self.job, self.coverage, self.tree):
            self.content.addWidget(widget)
        self._session.events.result.connect(self._refresh)
        for signal in (self._state.events.spots, self._state.events.spotting):
            signal.connect(self._refresh)
        self._refresh()

    def follow(self, inks: Inks) -> None:
        """Draw in the colours of another theme."""
        self._inks = inks
        self._draw()

    def load(self, places: Path, values: Path) -> None:
        """Compare the maps with these tables."""
        self._controller.spots.compare(SpotRequest(places=places, values=values, are_counts=self._are_counts))

    def _choose_kind(self, name: str) -> None:
        self._are_counts = name == COUNTS

    def _choose_files(self) -> None:
        places, _ = QFileDialog.getOpenFileName(self, "1 of 2: where the spots are", "", TABLES)
        if not places:
            return
        folder = str(Path(places).parent)
        values, _ = QFileDialog.getOpenFileName(self, "2 of 2: what was measured there", folder, TABLES)
        if values:
            self.load(Path(places), Path(values))

    def _refresh(self) -> None:
        state = self._state
        self.setVisible(self._session.result is not None)
        self.load_button.setEnabled(state.spotting.phase is Phase.IDLE)
        self.job.show_activity(state.spotting)
        answer = state.spots
        self.coverage.setVisible(answer is not None)
        self.tree.setVisible(answer is not None and bool(answer.comparison.results))
        if answer is None:
            self._shown = None
            self._draw()
            return
        spots = answer.comparison
        text = f"{spots.n_covered:,} of {spots.n_spots:,} spots lie on a tile; {spots.quantity}."
        if not spots.results:
            text += " No map is named like a column of the table."
        self.coverage.setText(text)
        self.tree.clear()
        for result in spots.results:
            self.tree.addTopLevelItem(_item(result))
        self.tree.setFixedHeight((min(MOST_ROWS, len(spots.results)) + 1) * ROW_HEIGHT_PX + 8)
        if spots.results:
            self.tree.setCurrentItem(self.tree.topLevelItem(0))

    def _chosen(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        self._shown = str(item.data(0, Qt.ItemDataRole.UserRole)) if item is not None else None
        self._draw()

    def _draw(self) -> None:
        """Draw the scatter of the chosen map."""
        answer = self._state.spots
        results = answer.comparison.results if answer is not None else ()
        found = next((one for one in results if one.map == self._shown), None)
        if self.plot is not None:
            self.plot.setVisible(found is not None)
        if answer is None or found is None:
            return
        if self.plot is None:
            from napari_histcode.plugin.panels.compare_plot import Plot

            self.plot = Plot(name="map and spots", height_px=HEIGHT_PX, margins=SCATTER_MARGINS)
            self.content.addWidget(self.plot)
        x, y = self._controller.spots.points(found.map)
        names = (found.label, f"{' + '.join(found.columns)} at the spot")
        self.plot.paint(lambda axes: draw_scatter(axes, x, y, names, self._inks), self._inks)


def _item(result: SpotResult) -> QTreeWidgetItem:
    item = QTreeWidgetItem([result.label, cell_text(result.pearson.value), cell_text(result.spearman.value)])
    item.setData(0, Qt.ItemDataRole.UserRole, result.map)
    item.setToolTip(0, f"With {' + '.join(result.columns)}, {result.n_spots:,} spots")
    for position, estimate, test in zip((1, 2), (result.pearson, result.spearman), result.tests, strict=True):
        item.setTextAlignment(position, Qt.AlignmentFlag.AlignRight)
        item.setToolTip(
            position,
            f"{estimate}\np by shifts of the map {p_text(test.p)}, adjusted (Holm) {p_text(test.p_holm)}",
        )
    return item
