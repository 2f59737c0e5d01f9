"""The foot of the dock: the tools that belong to no page, and what the numbers may be used for."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from napari_histcode.plugin.panels.section import button, label
from napari_histcode.plugin.style import SPACING_PX
from napari_histcode.plugin.wording import RESEARCH_USE


class Foot(QWidget):
    """A row of quiet buttons, hidden while there is none, above the research-use line.

    Parameters
    ----------
    tooltip : str
        Of the research-use line.
    """

    def __init__(self, *, tooltip: str) -> None:
        super().__init__()
        self._tools = QHBoxLayout()
        self._tools.setContentsMargins(0, 0, 0, 0)
        self._tools.setSpacing(SPACING_PX)
        self._tools.addStretch(1)
        self._tools.addStretch(1)
        use = label(RESEARCH_USE, role="muted")
        use.setAlignment(Qt.AlignmentFlag.AlignCenter)
        use.setToolTip(tooltip)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACING_PX, SPACING_PX, SPACING_PX, SPACING_PX)
        column.setSpacing(SPACING_PX)
        column.addLayout(self._tools)
        column.addWidget(use)

    def add_tool(self, text: str, clicked: Callable[[], object], *, tooltip: str) -> QPushButton:
        """Add a button at the right of those that are there."""
        tool = button(text, clicked, tooltip=tooltip, role="quiet")
        self._tools.insertWidget(self._tools.count() - 1, tool)
        return tool

    def add_menu(self, text: str, menu: QMenu, *, tooltip: str) -> QPushButton:
        """Add a button that opens a menu upwards; the menu is filled by whoever adds it."""
        tool = self.add_tool(text, lambda: None, tooltip=tooltip)
        tool.setMenu(menu)
        return tool
