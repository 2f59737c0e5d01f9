"""The page that holds maps against regions, from top to bottom."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QShortcut  # type: ignore[attr-defined]
from qtpy.QtWidgets import QWidget

from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.compare.inks import inks_of
from napari_histcode.plugin.keys.registry import key_of
from napari_histcode.plugin.keys.spelling import key_sequence
from napari_histcode.plugin.panels.compare_classes import CompareClassesPanel
from napari_histcode.plugin.panels.compare_curves import CompareCurvesPanel
from napari_histcode.plugin.panels.compare_numbers import CompareNumbersPanel
from napari_histcode.plugin.panels.compare_question import CompareQuestionPanel
from napari_histcode.plugin.panels.compare_readers import CompareReadersPanel
from napari_histcode.plugin.panels.compare_spots import CompareSpotsPanel
from napari_histcode.plugin.panels.compare_threshold import CompareThresholdPanel
from napari_histcode.plugin.panels.compare_tiles import CompareTilesPanel

STEPS = {"tile.next": 1, "tile.previous": -1}


class ComparePage:
    """All sections of the page.

    Parameters
    ----------
    controller : CompareController
        What they show and call.
    theme : str
        Name of napari's theme.
    """

    def __init__(self, controller: CompareController, theme: str) -> None:
        self._controller = controller
        inks = inks_of(theme)
        self.question = CompareQuestionPanel(controller)
        self.numbers = CompareNumbersPanel(controller)
        self.threshold = CompareThresholdPanel(controller)
        self.tiles = CompareTilesPanel(controller, inks)
        self.curves = CompareCurvesPanel(controller, inks)
        self.classes = CompareClassesPanel(controller)
        self.readers = CompareReadersPanel(controller)
        self.spots = CompareSpotsPanel(controller, inks)

    @property
    def sections(self) -> tuple[QWidget, ...]:
        """The sections, from top to bottom."""
        return (
            self.question, self.numbers, self.threshold, self.tiles, self.curves, self.classes, self.readers,
            self.spots,
        )  # fmt: skip

    def bind_keys(self, page: QWidget) -> None:
        """Take the keys for the next and the previous tile while the focus is on the page."""
        for name, by in STEPS.items():
            shortcut = QShortcut(key_sequence(key_of(name)), page)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda by=by: self._controller.walk.step(by))

    def follow_theme(self, theme: str) -> None:
        """Draw the plots in the colours of another theme."""
        inks = inks_of(theme)
        for panel in (self.tiles, self.curves, self.spots):
            panel.follow(inks)
