"""The measurement table as Qt wants it: only what is seen is written, so that 100,000 rows cost nothing."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt

from napari_histcode.annotations import ClassList
from napari_histcode.comparison.measure_regions import Measures, RegionTable
from napari_histcode.plugin.annotate.colours import UNCLASSIFIED as NO_CLASS_COLOUR
from napari_histcode.plugin.annotate.colours import colour_of
from napari_histcode.plugin.annotate.edits import class_label
from napari_histcode.plugin.panels.annotate_classes import swatch
from napari_histcode.scores.scores import TileMap

FIXED_TIPS = {
    "mm²": "Area in square millimetres",
    "mm": "Length of all outlines in millimetres, holes included",
    "µm²": "Area in square micrometres, since no row reaches 0.01 mm²",
    "µm": "Length of all outlines in micrometres, holes included",
    "tiles": "Tiles of which the region covers at least half",
    "n": "Number of regions; their areas count once where they overlap",
}
NOTHING = QModelIndex()
SMALL_MM2 = 0.01
"""Where no row is so large, sizes are given in micrometres: nuclei have none in millimetres."""
NO_VALUE = "\N{EN DASH}"


class RegionModel(QAbstractTableModel):
    """Rows of regions, or of classes."""

    def __init__(self) -> None:
        super().__init__()
        self._table: RegionTable | None = None
        self._classes = ClassList(classes=())
        self._is_by_class = False
        self._is_small = False
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)
        self._sorting: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)

    def show_table(self, table: RegionTable | None, classes: ClassList, *, is_by_class: bool) -> None:
        """Show other measurements, in the order that the user chose."""
        self.beginResetModel()
        self._table, self._classes, self._is_by_class = table, classes, is_by_class
        areas = np.zeros(0) if self._measures is None else self._measures.area_mm2
        self._is_small = bool(areas.size) and bool(np.nanmax(areas, initial=0.0) < SMALL_MM2)
        self._order = self._ordered()
        self.endResetModel()

    @property
    def headings(self) -> list[str]:
        """Titles of the columns."""
        units = ["µm²", "µm"] if self._is_small else ["mm²", "mm"]
        fixed = ["class", "n" if self._is_by_class else "name", *units, "tiles"]
        return fixed + [
            f"{tile_map.label}: {what}"
            for tile_map in self._maps
            for what in ("mean", "10 %", "50 %", "90 %")
        ]

    def id_of(self, row: int) -> str | None:
        """Id of the region in a row; None for a class."""
        if self._table is None or self._is_by_class or not 0 <= row < len(self._order):
            return None
        return self._table.regions[int(self._order[row])].id

    def row_of(self, identity: str) -> int | None:
        """Row of a region, or None."""
        if self._table is None or self._is_by_class:
            return None
        for row, place in enumerate(self._order.tolist()):
            if self._table.regions[place].id == identity:
                return row
        return None

    @property
    def _maps(self) -> tuple[TileMap, ...]:
        return () if self._table is None else self._table.maps

    @property
    def _measures(self) -> Measures | None:
        if self._table is None:
            return None
        return self._table.by_class.measures if self._is_by_class else self._table.measures

    # Qt's part

    def rowCount(self, parent: QModelIndex = NOTHING) -> int:  # noqa: N802 - Qt's name
        """Count the rows."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = NOTHING) -> int:  # noqa: N802 - Qt's name
        """Count the columns."""
        return 0 if parent.isValid() else len(self.headings)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Title and explanation of a column."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.headings):
            return None
        heading = self.headings[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return heading
        if role == Qt.ItemDataRole.ToolTipRole:
            return FIXED_TIPS.get(heading, f"{heading}, raw values weighted by the area covered")
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Words, colour and place of a cell."""
        place, column = int(self._order[index.row()]), index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._text(place, column)
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return swatch(self._colour(place))
        if role == Qt.ItemDataRole.TextAlignmentRole and column > 1:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; what has no value comes last."""
        self.layoutAboutToBeChanged.emit()
        self._sorting = (column, order)
        self._order = self._ordered()
        self.layoutChanged.emit()

    def _text(self, place: int, column: int) -> str:
        if column < 2:
            return str(self._words(place, column))
        value = float(self._values(column)[place])
        if isnan(value):
            return NO_VALUE
        if column == 4:
            return f"{value:,.0f}"
        return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"

    def _words(self, place: int, column: int) -> str | int:
        table = self._table
        if table is None:
            return ""
        if self._is_by_class:
            found = (class_label(table.by_class.class_names[place]), table.by_class.n_regions[place])
            return found[column]
        region = table.regions[place]
        return class_label(region.class_name) if column == 0 else region.name or ""

    def _values(self, column: int) -> NDArray[Any]:
        measures = self._measures
        if measures is None:
            return np.zeros(0)
        if column < 5:
            area, length = measures.area_mm2, measures.perimeter_um / 1000
            if self._is_small:
                area, length = area * 1e6, measures.perimeter_um
            return (area, length, measures.n_tiles)[column - 2]
        number, what = divmod(column - 5, 4)
        return measures.mean[:, number] if what == 0 else measures.quantiles[:, number, what - 1]

    def _colour(self, place: int) -> tuple[int, int, int]:
        table = self._table
        if table is None:
            return NO_CLASS_COLOUR
        if not self._is_by_class:
            return colour_of(table.regions[place], self._classes)
        name = table.by_class.class_names[place]
        return NO_CLASS_COLOUR if name is None else self._classes.colour_of(name)

    def _ordered(self) -> NDArray[np.intp]:
        measures = self._measures
        n = 0 if measures is None else len(measures)
        column, direction = self._sorting
        if column < 0 or column >= len(self.headings):
            return np.arange(n)
        is_descending = direction == Qt.SortOrder.DescendingOrder
        if column < 2:
            words = [self._words(place, column) for place in range(n)]
            found = sorted(range(n), key=lambda place: words[place], reverse=is_descending)
            return np.array(found, np.intp)
        values = np.asarray(self._values(column), dtype=np.float64)
        return np.argsort(-values if is_descending else values, kind="stable")
