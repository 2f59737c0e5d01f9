"""TILES: the confusion matrix; the tiles of a cell, one after the other, the most wrong first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, QSignalBlocker, Qt, QTimer
from qtpy.QtWidgets import QAbstractItemView, QListView

from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.compare.figures import Inks, draw_class_matrix, draw_threshold_matrix
from napari_histcode.plugin.compare.mistakes import CLASSES, THRESHOLD, Key
from napari_histcode.plugin.compare.state import TileGroup
from napari_histcode.plugin.compare.walk import MOST_OUTLINED, TileWalk
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.section import Section, button, captioned, label, row
from napari_histcode.plugin.session import Choice
from napari_histcode.plugin.style import set_role

if TYPE_CHECKING:
    from napari_histcode.plugin.panels.compare_plot import Plot

MATRIX_PX = 130
ROW_PX = 34
LIST_PX = 140
REST_MS = 120
"""A slider that has not moved for so long rests."""


class TileList(QAbstractListModel):
    """The tiles of a group, described only when they come into view."""

    def __init__(self, walk: TileWalk) -> None:
        super().__init__()
        self._walk = walk
        self._group: TileGroup | None = None

    def show(self, group: TileGroup | None) -> None:
        """List another group."""
        self.beginResetModel()
        self._group = group
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802, ARG002 - Qt's name
        """Count the tiles."""
        return 0 if self._group is None else len(self._group.tiles)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Describe a tile."""
        if role != Qt.ItemDataRole.DisplayRole or self._group is None:
            return None
        return f"{index.row() + 1:,}.  {self._walk.describe(int(self._group.tiles[index.row()]))}"


class CompareTilesPanel(Section):
    """The matrix, the list of its cells, and the walk."""

    def __init__(self, controller: CompareController, inks: Inks) -> None:
        super().__init__("Tiles")
        self._walk = controller.walk
        self._state = controller.state
        self._inks = inks
        self._matrix = THRESHOLD
        self.plot: Plot | None = None
        self.matrix = ChoiceBox(self._choose_matrix, name="matrix")
        self.cells = ChoiceBox(self._choose_cell, name="tiles to look at")
        self.kappa = label(role="muted", wraps=True)
        self.model = TileList(self._walk)
        self.list = QListView()
        self.list.setAccessibleName("tiles, the most wrong first")
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        set_role(self.list, "tiles")
        self.list.setFixedHeight(LIST_PX)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.activated.connect(lambda index: self._walk.go(index.row()))
        selection = self.list.selectionModel()
        if selection is not None:
            selection.currentChanged.connect(self._moved)
        self.count = label(wraps=True)
        self.previous_button = button("◂ Previous", lambda: self._walk.step(-1), tooltip="Key P")
        self.next_button = button("Next ▸", lambda: self._walk.step(1), tooltip="The next most wrong; key N")
        self.all_button = button(
            "Outline all", self._walk.show_all, tooltip="Lines around all of these tiles"
        )
        self.picked = label(wraps=True)
        self.content.addWidget(self.matrix)
        self.content.addWidget(self.kappa)
        self.content.addLayout(captioned(("Look at", self.cells)))
        self.content.addWidget(self.count)
        self.content.addWidget(self.list)
        self.content.addLayout(row(self.previous_button, self.next_button, self.all_button))
        self.content.addWidget(self.picked)
        events = self._state.events
        for signal in (events.answer, events.map):
            signal.connect(self._refresh)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._refresh)
        events.cut.connect(self._cut_moved)
        events.group.connect(self._list)
        events.place.connect(self._stand)
        events.picked.connect(self._tell)
        self._refresh()
        self._list()
        self._tell()

    def follow(self, inks: Inks) -> None:
        """Draw in the colours of another theme."""
        self._inks = inks
        self._refresh()

    def _cut_moved(self) -> None:
        """Draw the matrix when the slider rests: the numbers beside it are live."""
        if self.isHidden() or self._state.cut is None:
            self._refresh()
        else:
            self._rest.start()

    def _refresh(self) -> None:
        answer, cut = self._state.answer, self._state.cut
        self.setVisible(answer is not None and cut is not None)
        if answer is None or cut is None:
            return
        table = answer.comparison.classes
        kinds = [Choice(name=THRESHOLD, label=f"{', '.join(answer.comparison.reference.positive)} or not")]
        if table is not None:
            label_of = " / ".join(table.classes)
            kinds.append(Choice(name=CLASSES, label=label_of, tooltip="Drawn classes by the classes seen"))
        elif self._matrix == CLASSES:
            self._matrix = THRESHOLD
        self.matrix.fill(kinds, self._matrix)
        self.matrix.setVisible(len(kinds) > 1)
        shows_classes = self._matrix == CLASSES and table is not None
        self.kappa.setVisible(shows_classes)
        if table is not None and shows_classes:
            self.kappa.setText(
                f"Rows drawn, columns seen by {table.head.replace('_', ' ')}. "
                f"Kappa {table.kappa}, accuracy {table.accuracy}"
            )
        self._draw()
        self._list_cells()

    def _draw(self) -> None:
        answer, cut = self._state.answer, self._state.cut
        if answer is None or cut is None:
            return
        plot, table, inks = self._made_plot(), answer.comparison.classes, self._inks
        if self._matrix == CLASSES and table is not None:
            plot.setFixedHeight(MATRIX_PX - 2 * ROW_PX + ROW_PX * len(table.classes))
            plot.paint(lambda axes: draw_class_matrix(axes, table.matrix, table.classes, inks), inks)
        else:
            positive = answer.comparison.reference.positive
            plot.setFixedHeight(MATRIX_PX)
            plot.paint(lambda axes: draw_threshold_matrix(axes, cut, positive, inks), inks)

    def _made_plot(self) -> Plot:
        if self.plot is None:
            from napari_histcode.plugin.panels.compare_plot import MATRIX_MARGINS, Plot

            self.plot = Plot(name="confusion matrix", height_px=MATRIX_PX, margins=MATRIX_MARGINS)
            self.plot.setToolTip("Click a cell to look at its tiles")
            self.plot.pointed.connect(self._pointed)
            self.content.insertWidget(2, self.plot)
        return self.plot

    def _list_cells(self) -> None:
        group = self._state.group
        cells = [cell for cell in self._walk.cells() if cell.key[0] == self._matrix]
        choices = [Choice(name="", label="choose a cell …")] if group is None else []
        choices += [Choice(name=_name(cell.key), label=f"{cell.title} ({cell.n_tiles:,})") for cell in cells]
        self.cells.fill(choices, "" if group is None else _name(group.key))

    def _choose_matrix(self, name: str) -> None:
        self._matrix = name
        self._walk.clear()
        self._refresh()

    def _choose_cell(self, name: str) -> None:
        for cell in self._walk.cells():
            if _name(cell.key) == name:
                self._walk.choose(cell.key)

    def _pointed(self, x: float, y: float) -> None:
        self._walk.choose((self._matrix, int(y), int(x)))

    def _list(self) -> None:
        group = self._state.group
        self.model.show(group)
        has_tiles = group is not None and len(group.tiles) > 0
        for widget in (self.list, self.previous_button, self.next_button, self.all_button):
            widget.setVisible(has_tiles)
        self.count.setVisible(group is not None)
        self._list_cells()
        self._stand()

    def _stand(self) -> None:
        """Show which tile of the list is in view."""
        group, place = self._state.group, self._state.place
        selection = self.list.selectionModel()
        if group is not None:
            n = len(group.tiles)
            at = f"{place + 1:,} of " if place is not None else ""
            some = f" (the first {MOST_OUTLINED} are outlined)" if n > MOST_OUTLINED and place is None else ""
            self.count.setText(f"{group.title}: {at}{n:,} tile{'' if n == 1 else 's'}{some}")
        if selection is None:
            return
        index = self.model.index(place) if place is not None and group is not None else QModelIndex()
        with QSignalBlocker(selection):  # or it would fly there again
            self.list.setCurrentIndex(index)
        if index.isValid():
            self.list.scrollTo(index)
        viewport = self.list.viewport()
        if viewport is not None:
            viewport.update()

    def _moved(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self._walk.go(now.row())

    def _tell(self) -> None:
        picked = self._state.picked
        self.picked.setVisible(picked is not None)
        self.picked.setText("\n".join(picked.lines) if picked is not None else "")


def _name(key: Key) -> str:
    return f"{key[0]} {key[1]} {key[2]}"
