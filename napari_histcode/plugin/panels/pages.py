"""The pages of the dock: one for each part of a reader's hour, chosen by tabs with words."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, QObject, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QScrollArea, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from napari_histcode.plugin.panels.section import line
from napari_histcode.plugin.style import MARGIN_PX


class Page(QScrollArea):
    """A column of sections with a line between those that are shown.

    Parameters
    ----------
    sections : sequence of QWidget
        From top to bottom; each shows and hides itself.
    """

    def __init__(self, sections: Sequence[QWidget]) -> None:
        super().__init__()
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(MARGIN_PX, MARGIN_PX, MARGIN_PX, MARGIN_PX)
        layout.setSpacing(MARGIN_PX)
        self._sections = tuple(sections)
        self._dividers = tuple(line() for _ in sections)
        for section, divider in zip(self._sections, self._dividers, strict=True):
            layout.addWidget(divider)
            layout.addWidget(section)
            section.installEventFilter(self)
        layout.addStretch(1)
        self.setWidget(column)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._divide()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Draw the lines anew when a section shows or hides itself."""
        if a1 is not None and a1.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._divide()
        return bool(super().eventFilter(a0, a1))

    def _divide(self) -> None:
        """Show a line above each section that is shown, but the first."""
        is_first = True
        for section, divider in zip(self._sections, self._dividers, strict=True):
            is_shown = not section.isHidden()
            divider.setVisible(is_shown and not is_first)
            is_first = is_first and not is_shown


class Pages(QWidget):
    """Tabs and the page that is chosen."""

    chosen = Signal(str)
    """Name of the page that has come to the front."""

    def __init__(self) -> None:
        super().__init__()
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("pages")
        self.tabs.setExpanding(True)
        self.tabs.setDrawBase(False)
        self.tabs.setUsesScrollButtons(False)
        self.stack = QStackedWidget()
        self._names: list[str] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs)
        layout.addWidget(line())
        layout.addWidget(self.stack, 1)
        self.tabs.currentChanged.connect(self._choose)

    def add(self, name: str, sections: Sequence[QWidget], *, tooltip: str) -> Page:
        """Add a page at the end."""
        page = Page(sections)
        page.setAccessibleName(f"page {name}")
        self._names.append(name)
        self.stack.addWidget(page)
        self.tabs.setTabToolTip(self.tabs.addTab(name), tooltip)
        return page

    @property
    def current(self) -> str:
        """Name of the page in front."""
        return self._names[self.tabs.currentIndex()]

    def show_page(self, name: str) -> None:
        """Bring a page to the front."""
        self.tabs.setCurrentIndex(self._names.index(name))

    def _choose(self, position: int) -> None:
        self.stack.setCurrentIndex(position)
        self.chosen.emit(self._names[position])
