"""The Annotate page: its sections from top to bottom, and its keys where the dock has the focus."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QShortcut  # type: ignore[attr-defined]
from qtpy.QtWidgets import QWidget

from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.keys.registry import SHORTCUTS
from napari_histcode.plugin.keys.spelling import key_sequence
from napari_histcode.plugin.panels.annotate_classes import AnnotateClassesPanel
from napari_histcode.plugin.panels.annotate_files import AnnotateFilesPanel
from napari_histcode.plugin.panels.annotate_regions import AnnotateRegionsPanel
from napari_histcode.plugin.panels.annotate_selection import AnnotateSelectionPanel
from napari_histcode.plugin.panels.annotate_tools import AnnotateToolsPanel


class AnnotatePage:
    """Sections of the page.

    Parameters
    ----------
    annotate : AnnotateController
        What they show and do.
    """

    def __init__(self, annotate: AnnotateController) -> None:
        self._annotate = annotate
        self.tools = AnnotateToolsPanel(annotate)
        self.classes = AnnotateClassesPanel(annotate)
        self.selection = AnnotateSelectionPanel(annotate)
        self.regions = AnnotateRegionsPanel(annotate)
        self.files = AnnotateFilesPanel(annotate)

    @property
    def sections(self) -> tuple[QWidget, ...]:
        """From top to bottom."""
        return (self.tools, self.classes, self.selection, self.regions, self.files)

    def bind_keys(self, page: QWidget) -> None:
        """Undo, redo and the keys of classes also where the dock has the focus."""
        in_dock = {key for one in SHORTCUTS if one.is_in_dock for key in one.keys}
        for key, act in self._annotate.keys().items():
            if key in in_dock:
                made = QShortcut(key_sequence(key), page)
                made.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                made.activated.connect(lambda act=act: act())
