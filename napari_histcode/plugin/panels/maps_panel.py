"""MAPS: which of the maps to see, and how."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, QSize, Qt
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHeaderView,
    QSlider,
    QTreeWidget,
    QTreeWidgetItem,
)

from napari_histcode.heatmap.colour import DIVERGING, SEQUENTIAL
from napari_histcode.heatmap.heatmap import Normalisation
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.map_facts import gene_of, map_facts, signature_facts
from napari_histcode.plugin.map_list import OUTPUT_KINDS, MapRow, RowGroup, group_rows, quantity_of
from napari_histcode.plugin.map_search import NOT_FOUND, is_found, search_words
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.histogram import Histogram
from napari_histcode.plugin.panels.map_search import MapSearch
from napari_histcode.plugin.panels.section import Section, captioned, label
from napari_histcode.plugin.session import Choice
from napari_histcode.plugin.signatures.state import SignatureState
from napari_histcode.plugin.wording import KIND_LABELS, KIND_MEANINGS
from napari_histcode.scores.signature import HEAD as SIGNATURES

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

    def __init__(self, controller: Controller, signatures: SignatureState) -> None:
        super().__init__("Maps")
        self._signatures = signatures
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
        self.search = MapSearch(self._filter)
        self.search.taken.connect(self._take_first)
        self.search.left_downwards.connect(self._go_to_list)
        self.not_found = label(NOT_FOUND, role="muted", wraps=True)
        self.facts = label(role="muted", wraps=True)
        self.tree.itemChanged.connect(self._ticked)
        self.tree.currentItemChanged.connect(self._selected)
        self.kind = ChoiceBox(self._choose_kind, name="kind of map")
        self.values = ChoiceBox(self._choose_values, name="values")
        self.colours = ChoiceBox(self._maps.set_colormap, name="colours")
        self.histogram = Histogram(self._maps.set_window)
        self.hide_box = QCheckBox("Hide tiles outside the window")
        self.hide_box.setToolTip("Draw only tiles whose value lies between the two lines")
        self.hide_box.toggled.connect(lambda is_on: self._maps.hide_outside(is_hidden=is_on))
        self.smooth_box = QCheckBox("Smooth for the eye")
        self.smooth_box.setToolTip("Let colours pass softly from tile to tile; the values stay")
        self.smooth_box.toggled.connect(lambda is_on: self._maps.set_smooth(is_smooth=is_on))
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setToolTip("Opacity of all maps")
        self.opacity.setAccessibleName("opacity")
        self.opacity.valueChanged.connect(lambda percent: self._maps.set_opacity(percent / 100))
        self.content.addWidget(self.search)
        self.content.addWidget(self.tree)
        self.content.addWidget(self.not_found)
        self.content.addWidget(self.facts)
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
        self.content.addWidget(self.smooth_box)

        events = self._session.events
        events.map_rows.connect(self._rebuild)
        events.evidence.connect(self._show_evidence)
        for signal in (
            events.visible_maps, events.selected_map, events.map_kind, events.normalisation,
            events.sequential, events.diverging, events.opacity, events.windows, events.hides_outside,
            events.is_smooth,
        ):  # fmt: skip
            signal.connect(self._refresh)
        for signal in (signatures.events.fold_changes, signatures.events.rows):
            signal.connect(self._show_facts)
        self._rebuild()

    def _rebuild(self) -> None:
        """List the maps of another result."""
        rows = self._session.map_rows
        self.setVisible(bool(rows))
        with QSignalBlocker(self.tree):
            self.tree.clear()
            groups = group_rows(rows)
            for group in groups:
                heading = _heading(group)
                self.tree.addTopLevelItem(heading)
                heading.setFirstColumnSpanned(True)
                for map_row in group.rows:
                    heading.addChild(_item(map_row))
            self.tree.expandAll()
        self.search.set_words(search_words(rows))
        lines = min(MOST_ROWS, len(rows) + len(groups))
        self.tree.setFixedHeight(lines * ROW_HEIGHT_PX + 4)
        self.search.setVisible(len(rows) > MOST_ROWS)
        self._show_evidence()
        self._filter(self.search.typed)
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
        self._show_facts()

    def _show_facts(self) -> None:
        """Say what is known of the selected map."""
        session = self._session
        selected = next((row for row in session.map_rows if session.selected_map in row), None)
        lines: tuple[str, ...] = ()
        if selected is not None and selected.output is not None and session.selected_map is not None:
            quantity = quantity_of(self._maps.map(session.selected_map))
            if selected.head == SIGNATURES:
                known = {row.signature.name: row for row in self._signatures.rows}
                lines = signature_facts(quantity, known.get(selected.output))
            else:
                evidence = session.evidence.get((selected.head, selected.output))
                changes = self._signatures.fold_changes.get(gene_of(selected), ())
                lines = map_facts(quantity, evidence, changes, is_known=bool(session.evidence))
        self.facts.setText("\n".join(lines))
        self.facts.setVisible(bool(lines))

    def _filter(self, text: str) -> None:
        """Show only rows that are meant by the text."""
        wanted = text if not self.search.isHidden() else ""
        n_shown = 0
        for item, map_row in self._items():
            is_shown = is_found(map_row, wanted, self._session.evidence)
            item.setHidden(not is_shown)
            n_shown += is_shown
        for position in range(self.tree.topLevelItemCount()):
            heading = self.tree.topLevelItem(position)
            if heading is not None:
                children = [heading.child(k) for k in range(heading.childCount())]
                heading.setHidden(all(child is None or child.isHidden() for child in children))
        self.tree.setVisible(n_shown > 0)
        self.not_found.setVisible(n_shown == 0 and bool(self._session.map_rows))

    def _take_first(self) -> None:
        """Show the first map that is found, alone."""
        item = self._first_found()
        if item is not None:
            self.tree.setCurrentItem(item)
            self._selected(item, None)

    def _go_to_list(self) -> None:
        if self._first_found() is not None:
            self.tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _first_found(self) -> QTreeWidgetItem | None:
        """Find the row of exactly that name, else the first one."""
        shown = [(item, row) for item, row in self._items() if not item.isHidden()]
        wanted = self.search.text().strip().casefold()
        exact = [item for item, row in shown if row.label.casefold() == wanted]
        return next(iter(exact or [item for item, _ in shown]), None)

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
        self._show_facts()
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
        with QSignalBlocker(self.smooth_box):
            self.smooth_box.setChecked(session.is_smooth)
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


def _heading(group: RowGroup) -> QTreeWidgetItem:
    item = QTreeWidgetItem([group.title])
    item.setToolTip(0, group.title)
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
