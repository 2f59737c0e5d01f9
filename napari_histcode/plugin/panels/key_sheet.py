"""The sheet of shortcuts: a window of its own beside the work; the key that opened it or Escape closes it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QShowEvent
from qtpy.QtWidgets import QGridLayout, QScrollArea, QSpacerItem, QVBoxLayout, QWidget

from napari_histcode.plugin.keys.registry import key_of
from napari_histcode.plugin.keys.sheet import SheetGroup, SheetLine, sheet_groups
from napari_histcode.plugin.keys.spelling import key_sequence, keys_text
from napari_histcode.plugin.panels.section import button, label, line, row
from napari_histcode.plugin.style import MARGIN_PX, SPACING_PX, set_role

SIZE_PX = (560, 640)
TOP = Qt.AlignmentFlag.AlignTop


class KeySheet(QWidget):
    """All shortcuts by page, and napari's that matter.

    Parameters
    ----------
    parent : QWidget
        The dock: the sheet has its look and goes with it.
    show_tour : callable
        Shows the first steps again.
    """

    def __init__(self, parent: QWidget, show_tour: Callable[[], object]) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self.setWindowTitle("Shortcuts")
        self.setAccessibleName("shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        set_role(self, "sheet")
        self.resize(*SIZE_PX)
        self._show_tour = show_tour
        self.area = QScrollArea()
        self.area.setAccessibleName("list of shortcuts")
        self.area.setToolTip("Arrow keys scroll")
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tour_button = button("Show the first steps again", self._tour, tooltip="Four steps, in the dock")
        self.close_button = button("Close", self.hide, tooltip="Close this sheet (Escape)")
        foot = row(self.tour_button, self.close_button)
        foot.insertStretch(1, 1)
        foot.setContentsMargins(MARGIN_PX, SPACING_PX, MARGIN_PX, SPACING_PX)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.area, 1)
        outer.addWidget(line())
        outer.addLayout(foot)

    def toggle(self) -> None:
        """Show it, or hide it if it is there."""
        if self.isVisible():
            self.hide()
            return
        self.show()
        self.raise_()
        self.activateWindow()
        self.close_button.setFocus()

    def showEvent(self, a0: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Read the keys anew: napari's may have been changed in its settings."""
        self.area.setWidget(_page(sheet_groups()))
        super().showEvent(a0)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Close with Escape, or with the key that opened it."""
        closing = (Qt.Key.Key_Escape, key_sequence(key_of("sheet"))[0].key())
        if a0 is not None and a0.key() in closing:
            self.hide()
        else:
            super().keyPressEvent(a0)

    def _tour(self) -> None:
        self.hide()
        self._show_tour()


def _page(groups: tuple[SheetGroup, ...]) -> QWidget:
    """Lay all groups out in one grid, so that their columns stand below one another."""
    page = QWidget()
    set_role(page, "sheet")
    grid = QGridLayout()
    grid.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
    grid.setHorizontalSpacing(2 * SPACING_PX)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for group in groups:
        place = grid.rowCount()
        grid.addItem(QSpacerItem(0, MARGIN_PX if place > 1 else 0), place, 0)
        grid.addWidget(label(group.title.upper(), role="heading"), place + 1, 0, 1, 2)
        for offset, each in enumerate(group.lines, place + 2):
            grid.addWidget(label(keys_text(each.keys), role="title"), offset, 0, TOP)
            grid.addLayout(_words(each), offset, 1)
    outer = QVBoxLayout(page)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.addLayout(grid)
    outer.addStretch(1)
    return page


def _words(each: SheetLine) -> QVBoxLayout:
    """Say what the keys do, and below it what they would do in napari."""
    lines = QVBoxLayout()
    lines.setContentsMargins(0, 0, 0, 0)
    lines.setSpacing(0)
    lines.addWidget(label(each.what, wraps=True), 0, TOP)
    if each.instead:
        lines.addWidget(label(f"instead of napari's: {each.instead}", role="muted", wraps=True), 0, TOP)
    lines.addStretch(1)
    return lines
