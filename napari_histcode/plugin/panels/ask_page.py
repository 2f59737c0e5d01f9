"""The page Ask: one question after the other, one of them open at a time."""

from __future__ import annotations

from functools import partial

from qtpy.QtWidgets import QWidget

from napari_histcode.plugin.ask.controller import (
    EXPLORE,
    FAITHFUL,
    SIMILAR,
    TEACH,
    TRUST,
    WHAT_IF,
    AskController,
)
from napari_histcode.plugin.compare.inks import inks_of
from napari_histcode.plugin.panels.ask_explore import AskExplorePanel
from napari_histcode.plugin.panels.ask_faithful import AskFaithfulPanel
from napari_histcode.plugin.panels.ask_similar import AskSimilarPanel
from napari_histcode.plugin.panels.ask_teach import AskTeachPanel
from napari_histcode.plugin.panels.ask_trust import AskTrustPanel
from napari_histcode.plugin.panels.ask_what_if import AskWhatIfPanel
from napari_histcode.plugin.panels.folding import FoldingSection, open_one_at_a_time


class AskPage:
    """All sections of the page.

    Parameters
    ----------
    controller : AskController
        What they show and call.
    theme : str
        Name of napari's theme.
    """

    def __init__(self, controller: AskController, theme: str) -> None:
        main, asked = controller.main, controller.explainer.state
        self.faithful = AskFaithfulPanel(controller.faithful, asked, inks_of(theme))
        self.what_if = AskWhatIfPanel(controller.what_if, asked)
        self.trust = AskTrustPanel(controller.trust, main.jobs, main.fly_to_tile)
        self.similar = AskSimilarPanel(controller.similar, controller.similar_folder, main)
        self.teach = AskTeachPanel(controller.teach, main)
        self.explore = AskExplorePanel(controller.explore, main, inks_of(theme))
        self._tools: tuple[tuple[str, FoldingSection], ...] = (
            (FAITHFUL, self.faithful),
            (WHAT_IF, self.what_if),
            (TRUST, self.trust),
            (SIMILAR, self.similar),
            (TEACH, self.teach),
            (EXPLORE, self.explore),
        )
        for name, section in self._tools:
            section.unfolded.connect(partial(controller.front.set_open, name, is_open=True))
            section.folded.connect(partial(controller.front.set_open, name, is_open=False))
        open_one_at_a_time([section for _, section in self._tools])
        self.faithful.set_open(is_open=True)

    @property
    def sections(self) -> tuple[QWidget, ...]:
        """The sections, from top to bottom."""
        return tuple(section for _, section in self._tools)

    def follow_theme(self, theme: str) -> None:
        """Draw the plots in the colours of another theme."""
        for panel in (self.faithful, self.explore):
            panel.follow(inks_of(theme))
