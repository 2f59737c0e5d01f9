"""CLASS: what new regions are, and the list to choose from."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QColorDialog, QHeaderView, QTreeWidget, QTreeWidgetItem

from napari_histcode.annotations.annotation import Rgb
from napari_histcode.plugin.annotate.class_controller import MOST_HOT_KEYS
from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.annotate.edits import UNCLASSIFIED
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.section import Section, button, captioned, row
from napari_histcode.plugin.session import Choice

PALETTE_CHOICES = (
    Choice(name="qupath", label="QuPath's", tooltip="The colours that QuPath gives the usual classes"),
    Choice(
        name="okabe_ito",
        label="for colour-blind eyes",
        tooltip="Okabe and Ito's palette, which colour-blind eyes can tell apart",
    ),
)
MIXED = Choice(name="", label="own", tooltip="Colours that you chose")
MOST_ROWS = 7
ROW_HEIGHT_PX = 22
SWATCH_PX = 12
NAME, COUNT, KEY = range(3)


class AnnotateClassesPanel(Section):
    """The list of classes with their colours, keys and numbers of regions."""

    def __init__(self, annotate: AnnotateController) -> None:
        super().__init__("Class")
        self._annotate = annotate
        self._classes = annotate.classes
        self._state = annotate.state
        self.tree = self._make_tree()
        self.add_button = button("Add", self._add, tooltip="Add a class; double click a name to change it")
        self.colour_button = button(
            "Colour …", self._choose_colour, tooltip="Choose the colour of this class"
        )
        self.remove_button = button("Remove", self._remove, tooltip="Take this class out of the list")
        self.palette_box = ChoiceBox(self._choose_palette, name="colours of the classes")
        self.content.addWidget(self.tree)
        buttons = row(self.add_button, self.colour_button, self.remove_button)
        buttons.addStretch(1)
        self.content.addLayout(buttons)
        self.content.addLayout(captioned(("Colours", self.palette_box)))
        events = self._state.events
        events.classes.connect(self._rebuild)
        events.class_name.connect(self._refresh)
        annotate.session.events.annotations.connect(self._refresh_counts)
        annotate.session.events.current.connect(self._refresh)
        self._rebuild()

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setAccessibleName("classes")
        tree.setColumnCount(3)
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.setIconSize(QSize(SWATCH_PX, SWATCH_PX))
        tree.setToolTip("New regions get this class, and selected ones when you press it.")
        header = tree.header()
        if header is not None:
            header.setStretchLastSection(False)
            header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
            for column in (COUNT, KEY):
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        tree.itemClicked.connect(self._clicked)
        tree.itemChanged.connect(self._renamed)
        return tree

    def _rebuild(self) -> None:
        """List the classes anew."""
        classes = self._state.classes
        with QSignalBlocker(self.tree):
            self.tree.clear()
            for position, entry in enumerate(classes):
                key = str(position + 1) if position < MOST_HOT_KEYS else ""
                item = QTreeWidgetItem([entry.name, "", key])
                item.setData(NAME, Qt.ItemDataRole.UserRole, entry.name)
                item.setIcon(NAME, swatch(entry.colour))
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
                item.setTextAlignment(COUNT, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setTextAlignment(KEY, Qt.AlignmentFlag.AlignCenter)
                item.setToolTip(
                    KEY, f"{key} while you draw, Ctrl+{key} at any time: gives selected regions this class"
                )
                self.tree.addTopLevelItem(item)
            unclassified = QTreeWidgetItem([UNCLASSIFIED, "", ""])
            unclassified.setData(NAME, Qt.ItemDataRole.UserRole, None)
            unclassified.setIcon(NAME, swatch(None))
            unclassified.setTextAlignment(COUNT, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.tree.addTopLevelItem(unclassified)
        self.tree.setFixedHeight(min(MOST_ROWS, self.tree.topLevelItemCount()) * ROW_HEIGHT_PX + 4)
        palette = self._classes.palette
        choices = PALETTE_CHOICES if palette else (*PALETTE_CHOICES, MIXED)
        self.palette_box.fill(choices, palette)
        self._refresh_counts()
        self._refresh()

    def _refresh(self) -> None:
        self.setVisible(self._annotate.session.current is not None)
        chosen = self._state.class_name
        with QSignalBlocker(self.tree):
            for item in self._items():
                if item.data(NAME, Qt.ItemDataRole.UserRole) == chosen:
                    self.tree.setCurrentItem(item)
                    self.tree.scrollToItem(item)
        for made in (self.colour_button, self.remove_button):
            made.setEnabled(chosen is not None)

    def _refresh_counts(self) -> None:
        counts = self._annotate.store.class_counts
        with QSignalBlocker(self.tree):
            for item in self._items():
                n = counts.get(item.data(NAME, Qt.ItemDataRole.UserRole), 0)
                item.setText(COUNT, f"{n:,}" if n else "")

    def _items(self) -> list[QTreeWidgetItem]:
        found = (self.tree.topLevelItem(place) for place in range(self.tree.topLevelItemCount()))
        return [item for item in found if item is not None]

    def _clicked(self, item: QTreeWidgetItem, _column: int) -> None:
        self._classes.choose(item.data(NAME, Qt.ItemDataRole.UserRole))

    def _renamed(self, item: QTreeWidgetItem, column: int) -> None:
        old = item.data(NAME, Qt.ItemDataRole.UserRole)
        if column == NAME and old is not None:
            self._classes.rename(old, item.text(NAME))
            if old in self._state.classes.names:  # refused
                with QSignalBlocker(self.tree):
                    item.setText(NAME, old)

    def _add(self) -> None:
        name = self._classes.add()
        for item in self._items():
            if item.data(NAME, Qt.ItemDataRole.UserRole) == name:
                self.tree.scrollToItem(item)
                self.tree.editItem(item, NAME)

    def _choose_colour(self) -> None:
        name = self._state.class_name
        if name is None:
            return
        before = QColor(*self._state.classes.colour_of(name))
        chosen = QColorDialog.getColor(before, self, f"Colour of {name}")
        if chosen.isValid():
            self._classes.recolour(name, (chosen.red(), chosen.green(), chosen.blue()))

    def _remove(self) -> None:
        if self._state.class_name is not None:
            self._classes.remove(self._state.class_name)

    def _choose_palette(self, name: str) -> None:
        if name:
            self._classes.use_palette(name)


def swatch(colour: Rgb | None) -> QIcon:
    """Paint a small square of a colour; an empty one where there is none."""
    pixmap = QPixmap(SWATCH_PX, SWATCH_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setPen(QColor(128, 128, 128, 160))
    if colour is not None:
        painter.setBrush(QColor(*colour))
    painter.drawRect(0, 0, SWATCH_PX - 1, SWATCH_PX - 1)
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
