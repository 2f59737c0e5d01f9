"""Maps beside spatial transcriptomics in the window."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_histcode.plugin import file_names
from napari_histcode.plugin.compare.cuts import values_of
from napari_histcode.plugin.compare.state import CompareState, SpotAnswer
from napari_histcode.plugin.compare.tasks import SpotRequest, run_spots
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, RunningJob, uninterrupted
from napari_histcode.plugin.session import Activity, Phase, Result, Session


class SpotController:
    """Reads tables of spots and compares the maps with them.

    Parameters
    ----------
    session : Session
        What is open.
    state : CompareState
        The page's state.
    jobs : JobRunner
        Where work is done.
    """

    def __init__(self, session: Session, state: CompareState, jobs: JobRunner) -> None:
        self._session = session
        self._state = state
        self._jobs = jobs
        self._job: RunningJob | None = None
        session.events.result.connect(self.forget)

    def compare(self, request: SpotRequest) -> None:
        """Compare all maps that have a partner among the columns."""
        result = self._session.result
        if result is None or self._state.spotting.phase is not Phase.IDLE:
            return
        self._state.spots = None
        self._state.spotting = Activity(phase=Phase.WORKING, text="Comparing with spots …")
        self._job = self._jobs.start(
            uninterrupted(run_spots, request, result.scores, ()), on_end=partial(self._ended, request, result)
        )

    def cancel(self) -> None:
        """Wait for the numbers no more."""
        self._job = None
        self._state.spotting = Activity(text="Stopped.")

    def forget(self) -> None:
        """Take the numbers away: they were about another result."""
        self._job = None
        self._state.spots, self._state.spotting = None, Activity()

    def points(self, map_name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what a map says and what was measured at the spots: two arrays of equal length."""
        answer, result = self._state.spots, self._session.result
        found = [one for one in answer.comparison.results if one.map == map_name] if answer else []
        if answer is None or result is None or not found:
            return np.empty(0), np.empty(0)
        measured = answer.table.column(found[0].columns)
        values = np.full(len(measured), np.nan)
        on_tile = answer.tile >= 0
        values[on_tile] = values_of(result.scores.map(map_name))[answer.tile[on_tile]]
        usable = np.isfinite(values) & np.isfinite(measured)
        return values[usable], measured[usable]

    def _ended(self, request: SpotRequest, result: Result, outcome: JobOutcome[SpotAnswer]) -> None:
        if self._job is None or self._session.result is not result:
            return  # nobody waits for it any more
        self._job = None
        self._state.spotting, self._state.spots = Activity(), outcome.value
        if outcome.error is not None:
            files, shows_names = (request.places, request.values), self._session.shows_file_names
            text = file_names.error_line(outcome.error, files, shows_names=shows_names)
            self._state.spotting = Activity(text=text, is_error=True)
