"""The part of TEACH that asks: tiles the classifier is least sure of, and a button for each class."""

from __future__ import annotations

from functools import partial

from qtpy.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from napari_histcode.plugin.ask.teach_controller import TeachController
from napari_histcode.plugin.ask.teach_marks import TaughtClass
from napari_histcode.plugin.ask.teach_tasks import Offered
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.panels.annotate_classes import swatch
from napari_histcode.plugin.panels.section import button, column, label
from napari_histcode.plugin.panels.tile_gallery import GalleryTile, TileGallery
from napari_histcode.plugin.style import SPACING_PX

HEADING = "Most uncertain tiles: their marks teach most"
PER_ROW = 3
"""Buttons side by side; their names are shortened rather than the panel widened."""
NONE_LEFT = "Every tile has a mark: there is none to mark next."


class TeachNext(QWidget):
    """A gallery to fly through, and an answer to the tile in question."""

    def __init__(self, controller: TeachController, main: Controller) -> None:
        super().__init__()
        self._controller = controller
        self._session = controller.session
        self._state = controller.state
        self.heading = label(HEADING, role="muted", wraps=True)
        self.gallery = TileGallery(main.jobs, controller.ask_about, name="most uncertain tiles", n_rows=2)
        self.question = label(wraps=True)
        self.answers: dict[int, QPushButton] = {}
        self._classes: tuple[TaughtClass, ...] = ()
        self.buttons = QWidget()
        self._grid = QGridLayout(self.buttons)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACING_PX)
        whole = column(self)
        for part in (self.heading, self.gallery, self.question, self.buttons):
            whole.addWidget(part)
        self._state.events.lesson.connect(self._show_offered)
        for signal in (self._state.events.asked, self._state.events.classes):
            signal.connect(self._refresh)
        self._show_offered()
        self._refresh()

    def _show_offered(self) -> None:
        lesson, entry = self._state.lesson, self._session.current
        if lesson is None or lesson.taught is None or entry is None:
            self.gallery.clear()
            return
        self.heading.setText(HEADING if lesson.offered else NONE_LEFT)
        tiles = [
            GalleryTile(position=one.tile, caption=f"{one.margin:.2f}", tooltip=_says(one))
            for one in lesson.offered
        ]
        self.gallery.show_tiles(entry.slide, lesson.request.bag.grid, tiles)

    def _refresh(self) -> None:
        asked = self._state.asked
        if self._classes != self._state.classes:
            self._make_buttons(self._state.classes)
        self.question.setVisible(asked is not None)
        self.buttons.setVisible(asked is not None)
        if asked is not None:
            self.question.setText(f"{_says(asked)} It is:")

    def _make_buttons(self, classes: tuple[TaughtClass, ...]) -> None:
        self._classes = classes
        for made in self.answers.values():
            self._grid.removeWidget(made)
            made.deleteLater()
        self.answers = {}
        for place, one in enumerate(classes):
            answer = partial(self._controller.answer, one.key)
            made = button(one.name, answer, tooltip=f"Mark it as {one.name}", role="small")
            made.setIcon(swatch(one.colour))
            made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            self._grid.addWidget(made, place // PER_ROW, place % PER_ROW)
            self.answers[one.key] = made


def _says(offered: Offered) -> str:
    return f"{offered.first} or {offered.second}? Their probabilities differ by {offered.margin:.2f}."
