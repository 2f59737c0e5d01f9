"""EXPLORE: the tiles arranged by their looks, linked with the slide."""

from __future__ import annotations

from typing import get_args

import numpy as np
from qtpy.QtWidgets import QWidget

from napari_histcode.exploration.project import Method
from napari_histcode.plugin.ask import explore_words
from napari_histcode.plugin.ask.explore_controller import ExploreController
from napari_histcode.plugin.ask.explore_state import Colouring
from napari_histcode.plugin.compare.figures import Inks
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.panels.ask_clusters import ClusterPart
from napari_histcode.plugin.panels.ask_explore_plot import CloudPlot
from napari_histcode.plugin.panels.choice_buttons import ChoiceButtons, show_on, toggle
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import button, captioned, column, label, line, row
from napari_histcode.plugin.panels.tile_gallery import GalleryTile, TileGallery
from napari_histcode.plugin.session import Choice

SUMMARY = "What the encoder tells apart, before any head has a say."
METHODS = (
    Choice(name="pca", label="PCA", tooltip="The two directions in which the features vary most; at once"),
    Choice(name="umap", label="UMAP", tooltip="Pulls groups apart; takes from seconds to minutes"),
)
COLOURINGS = (
    Choice(name="map", label="map", tooltip="The map that is selected on page Read, in its colours"),
    Choice(name="clusters", label="clusters", tooltip="The clusters below"),
    Choice(name="regions", label="regions", tooltip="The class of the region that covers most of a tile"),
)


class AskExplorePanel(FoldingSection):
    """The plane, what is chosen on it, and clusters."""

    def __init__(self, controller: ExploreController, main: Controller, inks: Inks) -> None:
        super().__init__("Explore", SUMMARY)
        self._controller = controller
        self._session = controller.session
        self._state = controller.state
        self._inks = inks
        self.empty = label(role="muted", wraps=True)
        self.method = ChoiceButtons(METHODS, self._choose_method, name="how tiles are arranged")
        self.pick_button = toggle(
            "Pick on the slide",
            lambda on: controller.pick(is_picking=on),
            tooltip="Click a tile on the slide to see which point it is",
        )
        self.job = JobLine(controller.cancel, tooltip="Stop arranging the tiles")
        self.plot = CloudPlot()
        self.plot.drawn_around.connect(controller.lasso)
        self.plot.clicked.connect(lambda x, y: controller.point_at((x, y)))
        self.about = label(role="muted", wraps=True)
        self.colouring = ChoiceButtons(COLOURINGS, self._choose_colouring, name="colours of the points")
        self.meaning = label(role="muted", wraps=True)
        self.hint = label(explore_words.HOW_TO, role="muted", wraps=True)
        self.chosen = label(role="title", wraps=True)
        self.clear_button = button(
            "Clear", controller.clear_selection, tooltip="Choose no tiles", role="link"
        )
        self.gallery = TileGallery(main.jobs, main.fly_to_tile, name="chosen tiles")
        self.clusters = ClusterPart(controller, main)
        self.tools = QWidget()
        tools = column(self.tools)
        tools.addLayout(row(self.method, self.pick_button, stretch=0))
        tools.addWidget(self.job)
        self.plane = QWidget()
        plane = column(self.plane)
        plane.addWidget(self.plot)
        plane.addLayout(captioned(("Colour by", self.colouring)))
        for part in (self.meaning, self.about, self.hint):
            plane.addWidget(part)
        plane.addLayout(row(self.chosen, self.clear_button, stretch=0))
        for below in (self.gallery, line(), self.clusters):
            plane.addWidget(below)
        for whole in (self.empty, self.tools, self.plane):
            self.content.addWidget(whole)
        events = self._state.events
        for signal in (
            events.missing, events.method, events.projecting, events.projection, events.is_picking,
            events.colouring, events.has_regions,
        ):  # fmt: skip
            signal.connect(self._refresh)
        for drawn in (events.painted, events.selection):
            drawn.connect(self._draw)
        events.selection.connect(self._show_selection)
        events.pointed.connect(self._mark)
        self._refresh()
        self._show_selection()

    def follow(self, inks: Inks) -> None:
        """Draw in the colours of another theme."""
        self._inks = inks
        self._draw()

    def _refresh(self) -> None:
        state = self._state
        self.empty.setText(state.missing)
        self.empty.setVisible(bool(state.missing))
        self.tools.setVisible(not state.missing)
        self.method.show_choice(state.method)
        show_on(self.pick_button, is_on=state.is_picking)
        self.job.show_activity(state.projecting)
        self.plane.setVisible(state.projection is not None)
        self.colouring.fill(COLOURINGS if state.has_regions else COLOURINGS[:2])
        self.colouring.show_choice(state.colouring)
        if state.projection is not None:
            self.about.setText(explore_words.about_plane(state.projection))

    def _draw(self) -> None:
        state = self._state
        if state.projection is None or state.painted is None:
            return
        is_selected = None
        if state.selection is not None and len(state.selection.tiles):
            is_selected = np.zeros(len(state.projection.points), np.bool_)
            is_selected[state.selection.tiles] = True
        self.plot.show_cloud(state.projection, state.painted.colours, self._inks, is_selected=is_selected)
        self.meaning.setText(state.painted.meaning)
        self._mark()

    def _mark(self) -> None:
        state = self._state
        if state.projection is None or state.pointed is None:
            self.plot.mark(None)
            return
        x, y = state.projection.points[state.pointed].tolist()
        self.plot.mark((x, y))

    def _show_selection(self) -> None:
        selection, entry, result = self._state.selection, self._session.current, self._session.result
        self.hint.setVisible(selection is None)
        for part in (self.chosen, self.clear_button):
            part.setVisible(selection is not None)
        if selection is None or entry is None or result is None:
            self.gallery.clear()
            return
        grid = result.scores.grid
        self.chosen.setText(explore_words.about_selection(selection, grid))
        tiles = [GalleryTile(position=tile, caption="") for tile in explore_words.shown_tiles(selection)]
        self.gallery.show_tiles(entry.slide, grid, tiles)

    def _choose_method(self, name: str) -> None:
        self._controller.choose_method(next(one for one in get_args(Method) if one == name))

    def _choose_colouring(self, name: str) -> None:
        self._controller.colour_by(next(one for one in get_args(Colouring) if one == name))
