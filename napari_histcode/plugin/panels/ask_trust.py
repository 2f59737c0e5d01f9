"""CAN IT BE TRUSTED HERE? Reasons for caution, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtWidgets import QFrame, QVBoxLayout, QWidget

from napari_histcode.plugin.ask import trust_words
from napari_histcode.plugin.ask.trust_controller import TrustController
from napari_histcode.plugin.jobs import JobRunner
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.compare_numbers import NumberTable
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.section import button, captioned, column, label
from napari_histcode.plugin.panels.tile_gallery import GalleryTile, TileGallery
from napari_histcode.plugin.session import Choice, Phase
from napari_histcode.plugin.style import SPACING_PX, set_role
from napari_histcode.trust.trust import Trust, TrustWarning

SUMMARY = "Is this slide like those that the model learned from?"
NOTHING_YET = "Analyse the slide first (page Read)."
N_FARTHEST = 5
NOT_SAID = Choice(name="", label="not said", tooltip="The organ is not compared")
DISTANCE = "Paint how far each tile lies from the training tiles, 0 to 1"


class AskTrustPanel(FoldingSection):
    """The judgement of the current result.

    Parameters
    ----------
    controller : TrustController
        What it shows and calls.
    jobs : JobRunner
        Reads the pictures of tiles.
    fly_to_tile : callable
        Shows a tile on the slide.
    """

    def __init__(
        self, controller: TrustController, jobs: JobRunner, fly_to_tile: Callable[[int], object]
    ) -> None:
        super().__init__("Can it be trusted here?", SUMMARY)
        self._controller = controller
        self._state = controller.state
        self._shown: Trust | None = None
        self.waiting = label(role="muted", wraps=True)
        self.warnings = QWidget()
        self._warnings = column(self.warnings)
        self.organ = ChoiceBox(lambda name: controller.choose_organ(name or None), name="organ of the slide")
        self.organ.setToolTip("What organ this slide is of: compared with what the model learned from")
        self.farther = label(trust_words.FARTHER, role="muted", wraps=True)
        self.numbers = NumberTable("numbers behind the judgement")
        self.distance_button = button("Show distance map", controller.show_distance, tooltip=DISTANCE)
        self.spreads = QWidget()
        self._spreads = column(self.spreads)
        self.farthest = label("The tiles farthest from the training tiles", role="muted", wraps=True)
        self.gallery = TileGallery(jobs, fly_to_tile, name="farthest tiles", n_rows=1)
        self.notes = label(role="muted", wraps=True)
        self.body_of_answer = QWidget()
        inside = column(self.body_of_answer)
        inside.addWidget(self.warnings)
        inside.addLayout(captioned(("This slide is of", self.organ)))
        for widget in (
            self.farther, self.numbers, self.distance_button, self.spreads, self.farthest, self.gallery,
            self.notes,
        ):  # fmt: skip
            inside.addWidget(widget)
        self.content.addWidget(self.waiting)
        self.content.addWidget(self.body_of_answer)
        events = self._state.events
        for signal in (events.trust, events.organs, events.organ, events.judging):
            signal.connect(self._refresh)
        controller.session.events.current.connect(self._refresh)
        self.unfolded.connect(self._show_farthest)
        self._refresh()

    def _refresh(self) -> None:
        state = self._state
        trust = state.trust
        text = state.judging.text if state.judging.phase is Phase.IDLE or trust is None else ""
        if trust is None and not text:
            text = NOTHING_YET
        self.waiting.setText(text)
        self.waiting.setVisible(bool(text))
        set_role(self.waiting, "error" if state.judging.is_error else "muted")
        self.body_of_answer.setVisible(trust is not None)
        choices = [Choice(name=name, label=name) for name in trust_words.organs_of(state.organs, state.organ)]
        self.organ.fill([NOT_SAID, *choices], state.organ or "")
        caution = trust_words.notice(trust)
        self.summary.setText(f"{caution}." if caution else SUMMARY)
        set_role(self.summary, "error" if caution else "muted")
        if trust is not self._shown:
            self._shown = trust
            self._show(trust)

    def _show(self, trust: Trust | None) -> None:
        _empty(self._warnings)
        _empty(self._spreads)
        if trust is None:
            self.gallery.clear()
            return
        for warning in trust.warnings:
            self._warnings.addWidget(_warning(warning))
        if not trust.warnings:
            self._warnings.addWidget(label(trust_words.NO_CAUTION, wraps=True))
        self.numbers.fill(trust_words.number_lines(trust))
        self.distance_button.setVisible(trust.ood is not None)
        for position, spread in enumerate(trust.spreads):
            self._spreads.addWidget(
                button(
                    f"Show spread of {spread.label}",
                    partial(self._controller.show_spread, position),
                    tooltip="Paint how much the heads differ about each tile",
                )
            )
        self.spreads.setVisible(bool(trust.spreads))
        self.notes.setText("\n".join(trust.notes))
        self.notes.setVisible(bool(trust.notes))
        self._show_farthest()

    def _show_farthest(self) -> None:
        """Show the farthest tiles, if somebody looks."""
        session, trust = self._controller.session, self._state.trust
        is_known = trust is not None and trust.ood is not None
        self.farthest.setVisible(is_known)
        if not self.is_open or session.result is None or session.current is None or trust is None:
            self.gallery.clear()
            return
        tiles = [_gallery_tile(trust, tile) for tile in trust_words.farthest_tiles(trust, N_FARTHEST)]
        self.gallery.show_tiles(session.current.slide, session.result.scores.grid, tiles)


def _warning(warning: TrustWarning) -> QFrame:
    """Frame one reason for caution."""
    frame = QFrame()
    set_role(frame, "question")
    frame.setAccessibleName(f"reason for caution: {trust_words.HEADINGS[warning.kind]}")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(10, 8, 10, 8)
    layout.setSpacing(SPACING_PX // 2)
    layout.addWidget(label(trust_words.HEADINGS[warning.kind], role="title"))
    layout.addWidget(label(trust_words.sentence(warning), wraps=True))
    return frame


def _gallery_tile(trust: Trust, tile: int) -> GalleryTile:
    distance, nearer = (
        (0.0, 0.0) if trust.ood is None else (trust.ood.distance[tile], trust.ood.percentile[tile])
    )
    return GalleryTile(
        position=tile,
        caption=f"{distance:.2f}",
        tooltip=f"Distance {distance:.3f}; {nearer:.1%} of held-out training tiles lie nearer",
    )


def _empty(layout: QVBoxLayout) -> None:
    while layout.count():
        item = layout.takeAt(0)
        widget = item.widget() if item is not None else None
        if widget is not None:
            widget.deleteLater()
