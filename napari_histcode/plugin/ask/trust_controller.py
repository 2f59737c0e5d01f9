"""Can it be trusted here? Judged for each new result, and anew with what the user adds."""

from __future__ import annotations

from functools import partial

from napari_histcode.plugin.ask import tasks
from napari_histcode.plugin.ask.explained import NO_FEATURES
from napari_histcode.plugin.ask.tasks import Judged, TrustRequest
from napari_histcode.plugin.ask.trust_state import TrustState
from napari_histcode.plugin.ask.what_if_state import WhatIfState
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.session import Activity, Phase, Session
from napari_histcode.plugin.wording import error_text
from napari_histcode.trust.maps import distance_map, spread_map


class TrustController:
    """Judges the current result.

    Parameters
    ----------
    session : Session
        What is open.
    what_if : WhatIfState
        Artefacts, once they were looked for.
    jobs : JobRunner
        Where work is done.
    maps : MapController
        The maps.
    """

    def __init__(self, session: Session, what_if: WhatIfState, jobs: JobRunner, maps: MapController) -> None:
        self.session = session
        self.state = TrustState()
        self._what_if = what_if
        self._jobs = jobs
        self._maps = maps
        self._request: TrustRequest | None = None
        session.events.result.connect(self._result_changed)
        what_if.events.artefacts.connect(self._artefacts_changed)
        self._result_changed()

    def choose_organ(self, organ: str | None) -> None:
        """Say what organ the slide is of; None if that is not to be said."""
        if organ != self.state.organ:
            self.state.organ = organ
            self._judge()

    def show_distance(self) -> None:
        """Paint how far each tile lies from the training tiles."""
        trust = self.state.trust
        if trust is not None and trust.ood is not None:
            tile_map = distance_map(trust.ood)
            self._maps.put(tile_map)
            self._maps.show_alone(tile_map.name)

    def show_spread(self, position: int) -> None:
        """Paint how much the heads of an ensemble differ about each tile."""
        trust = self.state.trust
        if trust is not None and position < len(trust.spreads):
            tile_map = spread_map(trust.spreads[position])
            self._maps.put(tile_map)
            self._maps.show_alone(tile_map.name)

    def _result_changed(self) -> None:
        result, state = self.session.result, self.state
        self._request = None
        state.organ, state.organs = None, ()
        state.judging = Activity()
        state.trust = result.analysis.trust if result is not None and result.analysis is not None else None
        if result is None:
            return
        if result.bag is None:
            state.judging = Activity(text=NO_FEATURES)
            return
        self._judge()

    def _artefacts_changed(self) -> None:
        if self._what_if.artefacts is not None:
            self._judge()

    def _judge(self) -> None:
        session, artefacts = self.session, self._what_if.artefacts
        if session.result is None or session.result.bag is None or session.current is None:
            return
        digest = session.current.record.digest
        self._request = TrustRequest(
            result=session.result,
            slide=session.current.slide,
            chosen=session.model,
            organ=self.state.organ,
            quality=None if artefacts is None or artefacts.mask.slide.digest != digest else artefacts.mask,
        )
        self.state.judging = Activity(
            phase=Phase.WORKING, text="Comparing with what the model learned from …"
        )
        work = uninterrupted(tasks.judge_result, self._request)
        self._jobs.start(work, on_end=partial(self._judged, self._request))

    def _judged(self, request: TrustRequest, outcome: JobOutcome[Judged]) -> None:
        if self._request is not request:
            return  # the slide was closed, or more is known by now
        self.state.judging = Activity()
        if outcome.error is not None:
            self.state.judging = Activity(text=error_text(outcome.error), is_error=True)
        elif outcome.value is not None:
            self.state.organs = outcome.value.organs
            self.state.trust = outcome.value.trust
