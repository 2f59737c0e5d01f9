"""MAPS: which of the maps to see, and how."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, QSize, Qt
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHeaderView,
    QLineEdit,
    QSlider,
    QTreeWidget,
    QTreeWidgetItem,
)

from napari_histcode.heatmap.colour import DIVERGING, SEQUENTIAL
from napari_histcode.heatmap.heatmap import Normalisation
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.map_list import OUTPUT_KINDS, MapRow
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.histogram import Histogram
from napari_histcode.plugin.panels.section import Section, captioned
from napari_histcode.plugin.session import Choice
from napari_histcode.plugin.wording import KIND_LABELS, KIND_MEANINGS

KINDS = tuple(
    Choice(name=kind, label=KIND_LABELS[kind], tooltip=KIND_MEANINGS[kind]) for kind in OUTPUT_KINDS
)
VALUES = (
    Choice(name="", label="as suits the map", tooltip="Attention as percentile, all else raw"),
    Choice(name="raw", label="raw", tooltip="In the output's own unit: comparable between slides"),
    Choice(name="percentile", label="percentile", tooltip="Rank within this slide, 0 to 100"),
    Choice(name="z", label="z-score", tooltip="Standard deviations from this slide's mean"),
)
NORMALISATIONS: tuple[Normalisation, ...] = ("raw", "percentile", "z")
MOST_ROWS = 9
"""Rows that are seen without scrolling the list."""
ROW_HEIGHT_PX = 22


class MapsPanel(Section):
    """The list of maps with a tick each, and what holds for all that are drawn."""

    def __init__(self, controller: Controller) -> None:
        super().__init__("Maps")
        self._maps = controller.maps
        self._session = controller.session
        self.tree = QTreeWidget()
        self.tree.setAccessibleName("maps")
        self.tree.setToolTip(
            "Click a name to see that map alone, or tick several. Hold H to see the bare slide."
        )
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(8)
        self.tree.setColumnCount(2)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.tree.header()
        if header is not None:
            header.setStretchLastSection(False)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search classes, genes and signatures")
        self.search.setAccessibleName("search maps")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree.itemChanged.connect(self._ticked)
        self.tree.currentItemChanged.connect(self._selected)
        self.kind = ChoiceBox(self._choose_kind, name="kind of map")
        self.values = ChoiceBox(self._choose_values, name="values")
        self.colours = ChoiceBox(self._maps.set_colormap, name="colours")
        self.histogram = Histogram(self._maps.set_window)
        self.hide_box = QCheckBox("Hide tiles outside the window")
        self.hide_box.setToolTip("Draw only tiles whose value lies between the two lines")
        self.hide_box.toggled.connect(lambda is_on: self._maps.hide_outside(is_hidden=is_on))
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setToolTip("Opacity of all maps")
        self.opacity.setAccessibleName("opacity")
        self.opacity.valueChanged.connect(lambda percent: self._maps.set_opacity(percent / 100))
        self.content.addWidget(self.search)
        self.content.addWidget(self.tree)
        self.content.addLayout(
            captioned(
                ("Classes", self.kind),
                ("Values", self.values),
                ("Colours", self.colours),
                ("Opacity", self.opacity),
            )
        )
        self.content.addWidget(self.histogram)
        self.content.addWidget(self.hide_box)

        events = self._session.events
        events.map_rows.connect(self._rebuild)
        events.evidence.connect(self._show_evidence)
        for signal in (
            events.visible_maps, events.selected_map, events.map_kind, events.normalisation,
            events.sequential, events.diverging, events.opacity, events.windows, events.hides_outside,
        ):  # fmt: skip
            signal.connect(self._refresh)
        self._rebuild()

    def _rebuild(self) -> None:
        """List the maps of another result."""
        rows = self._session.map_rows
        self.setVisible(bool(rows))
        with QSignalBlocker(self.tree):
            self.tree.clear()
            heads: dict[str, QTreeWidgetItem] = {}
            for map_row in rows:
                if map_row.head not in heads:
                    heads[map_row.head] = _heading(map_row.head)
                    self.tree.addTopLevelItem(heads[map_row.head])
                heads[map_row.head].addChild(_item(map_row))
            self.tree.expandAll()
        lines = min(MOST_ROWS, len(rows) + len(heads))
        self.tree.setFixedHeight(lines * ROW_HEIGHT_PX + 4)
        self.search.setVisible(len(rows) > MOST_ROWS)
        self._show_evidence()
        self._filter(self.search.text())
        self._refresh()

    def _show_evidence(self) -> None:
        """Write beside each output how well it did on held-out data."""
        with QSignalBlocker(self.tree):
            for item, map_row in self._items():
                evidence = self._session.evidence.get((map_row.head, map_row.output or ""))
                item.setText(1, evidence.short if evidence else "")
                sentence = f"{evidence.sentence}\n" if evidence else ""
                item.setToolTip(1, sentence)
                item.setToolTip(0, sentence + _kinds_text(map_row))
                item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                is_strong = evidence is not None and evidence.is_strong
                shade = QPalette.ColorRole.Text if is_strong else QPalette.ColorRole.PlaceholderText
                item.setForeground(1, self.tree.palette().brush(shade))

    def _filter(self, text: str) -> None:
        """Show only rows whose name holds the text."""
        wanted = text.strip().casefold() if not self.search.isHidden() else ""
        for item, map_row in self._items():
            item.setHidden(wanted not in map_row.label.casefold())

    def _refresh(self) -> None:
        """Show which maps are on and how all are drawn."""
        session = self._session
        with QSignalBlocker(self.tree):
            for item, map_row in self._items():
                name = map_row.name(session.map_kind)
                is_on = name in session.visible_maps
                item.setCheckState(0, Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)
                if name == session.selected_map:
                    self.tree.setCurrentItem(item)
        self.kind.fill(KINDS, session.map_kind)
        self.values.fill(VALUES, session.normalisation or "")
        heatmap = self._maps.selected_heatmap()
        if heatmap is not None:
            scales = DIVERGING if heatmap.is_signed else SEQUENTIAL
            choices = tuple(Choice(name=scale, label=_scale_label(scale)) for scale in scales)
            colormap = self._maps.colormap_of(heatmap)
            self.colours.fill(choices, colormap)
            self.histogram.show_values(heatmap, self._maps.window_of(heatmap), colormap)
        with QSignalBlocker(self.hide_box):
            self.hide_box.setChecked(session.hides_outside)
        with QSignalBlocker(self.opacity):
            self.opacity.setValue(round(100 * session.opacity))

    def _items(self) -> list[tuple[QTreeWidgetItem, MapRow]]:
        found = []
        for i in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(i)
            for j in range(head.childCount() if head else 0):
                item = head.child(j) if head else None
                if item is not None:
                    found.append((item, item.data(0, Qt.ItemDataRole.UserRole)))
        return found

    def _choose_kind(self, name: str) -> None:
        self._maps.set_kind(next(kind for kind in OUTPUT_KINDS if kind == name))

    def _choose_values(self, name: str) -> None:
        self._maps.set_normalisation(next((each for each in NORMALISATIONS if each == name), None))

    def _ticked(self, item: QTreeWidgetItem, column: int) -> None:
        map_row = item.data(0, Qt.ItemDataRole.UserRole)
        if map_row is not None:
            is_on = item.checkState(column) is Qt.CheckState.Checked
            self._maps.set_visible(map_row.name(self._session.map_kind), is_visible=is_on)

    def _selected(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        map_row = item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None
        if map_row is not None:
            self._maps.show_alone(map_row.name(self._session.map_kind))


def _heading(head: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem([head.replace("_", " ")])
    item.setSizeHint(0, QSize(0, ROW_HEIGHT_PX))
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    return item


def _item(map_row: MapRow) -> QTreeWidgetItem:
    item = QTreeWidgetItem([map_row.label])
    item.setSizeHint(0, QSize(0, ROW_HEIGHT_PX))
    item.setData(0, Qt.ItemDataRole.UserRole, map_row)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
    return item


def _kinds_text(map_row: MapRow) -> str:
    """Tell what each kind of a row's maps means."""
    kinds = [kind for kind, _ in map_row.names]
    return "\n".join(f"{KIND_LABELS[kind]}: {KIND_MEANINGS[kind]}" for kind in kinds)


def _scale_label(name: str) -> str:
    """Name a colour scale so that a reader knows it, from its low to its high end."""
    return {"RdBu_r": "blue to red", "PuOr_r": "violet to orange", "coolwarm": "cool to warm"}.get(name, name)
