"""The page Ask as a whole: its tools, and which of them has the mouse."""

from __future__ import annotations

from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.ask.explainer import Explainer
from napari_histcode.plugin.ask.explore_controller import ExploreController
from napari_histcode.plugin.ask.faithful_controller import FaithfulController
from napari_histcode.plugin.ask.front import AskFront
from napari_histcode.plugin.ask.similar_controller import SimilarController
from napari_histcode.plugin.ask.similar_folder_controller import SimilarFolderController
from napari_histcode.plugin.ask.teach_controller import TeachController
from napari_histcode.plugin.ask.tiles import missing
from napari_histcode.plugin.ask.trust_controller import TrustController
from napari_histcode.plugin.ask.what_if_controller import WhatIfController
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.controller import Controller

FAITHFUL, WHAT_IF, TRUST = "faithful", "what_if", "trust"
SIMILAR, TEACH, EXPLORE = "similar", "teach", "explore"
"""Names of the tools, as `AskFront` knows them."""


class AskController:
    """Makes the tools of the page.

    Parameters
    ----------
    main : Controller
        The window's controller.
    annotate : AnnotateState
        Which regions are selected.
    canvas : Canvas
        The viewer.
    """

    def __init__(self, main: Controller, annotate: AnnotateState, canvas: Canvas) -> None:
        session, jobs, maps = main.session, main.jobs, main.maps
        self.main = main
        self.session = session
        self.front = AskFront()
        self.explainer = Explainer(session, jobs)
        asked = self.explainer.state
        self.faithful = FaithfulController(session, asked, canvas, jobs, maps)
        self.what_if = WhatIfController(session, asked, annotate, canvas, jobs, maps)
        self.trust = TrustController(session, self.what_if.state, jobs, maps)
        self.similar = SimilarController(session, annotate, canvas, jobs, maps)
        self.similar_folder = SimilarFolderController(main, self.similar.state, canvas)
        self.teach = TeachController(main, annotate, canvas)
        self.explore = ExploreController(main, annotate, canvas)
        for signal in (session.events.veiled, session.events.current):
            signal.connect(self._tell_missing)
        self.front.add(WHAT_IF, self.what_if.set_active)
        self.front.add(SIMILAR, self.similar.set_active)
        self.front.add(TEACH, self.teach.set_active)
        self.front.add(EXPLORE, self.explore.set_active)

    def _tell_missing(self) -> None:
        """Say what is missing where there is no result: there is none yet, or it is hidden."""
        if self.session.result is None:
            for state in (self.similar.state, self.teach.state, self.explore.state):
                state.missing = missing(self.session)

    def set_in_front(self, *, is_in_front: bool) -> None:
        """Give the open tool the mouse while the page is in front."""
        self.front.set_in_front(is_in_front=is_in_front)

    def close(self) -> None:
        """Let go of everything that listens."""
        states = (
            self.explainer.state, self.faithful.state, self.what_if.state, self.trust.state,
            self.similar.state, self.similar_folder.state, self.teach.state, self.explore.state,
        )  # fmt: skip
        for state in states:
            for name in state.events:
                state.events[name].disconnect()
