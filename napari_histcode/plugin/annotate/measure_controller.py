"""Measurements of all regions, made anew in the background whenever regions or maps change."""

from __future__ import annotations

from pathlib import Path

from napari_histcode.comparison.measure_regions import RegionTable
from napari_histcode.errors import UnknownMapError
from napari_histcode.plugin.annotate import tasks
from napari_histcode.plugin.annotate.board import RegionBoard
from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.annotate.tasks import MeasureRequest
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, RunningJob, uninterrupted
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.session import Activity, Phase, Session
from napari_histcode.plugin.wording import error_text
from napari_histcode.scores.scores import TileMap

PAUSE_S = 0.25
"""Measuring begins when nothing has changed for so long."""


class MeasureController:
    """Keeps the measurement table up to date, one job at a time.

    Parameters
    ----------
    session : Session
        Regions, result and visible maps.
    state : AnnotateState
        Takes the table.
    maps : MapController
        Finds maps by name.
    board : RegionBoard
        Calls back later.
    jobs : JobRunner
        Measures.
    """

    def __init__(
        self,
        session: Session,
        state: AnnotateState,
        maps: MapController,
        board: RegionBoard,
        jobs: JobRunner,
    ) -> None:
        self._session, self._state, self._maps = session, state, maps
        self._board, self._jobs = board, jobs
        self._job: RunningJob | None = None
        self._n_wishes = 0
        self._is_wanted = False
        self._key: str | None = None
        events = session.events
        for signal in (
            events.annotations,
            events.result,
            events.visible_maps,
            events.tool_maps,
            events.current,
        ):
            signal.connect(self._wish)

    def set_wanted(self, *, is_wanted: bool) -> None:
        """Measure from now on, or stop while nobody looks."""
        if is_wanted and not self._is_wanted:
            self._is_wanted = True
            self._wish()
        self._is_wanted = is_wanted

    def _wish(self) -> None:
        self._n_wishes += 1
        wish = self._n_wishes
        entry = self._session.current
        if entry is None or entry.key != self._key:
            self._key = None if entry is None else entry.key
            self._state.table = None
        if self._is_wanted:
            self._board.later(PAUSE_S, lambda: self._begin() if wish == self._n_wishes else None)

    def _begin(self) -> None:
        entry = self._session.current
        if entry is None or self._job is not None:
            return  # the running job begins anew when it ends
        result = self._session.result
        request = MeasureRequest(
            regions=self._session.annotations,
            record=entry.record,
            scores=None if result is None else result.scores,
            maps=self._visible_maps(),
            previous=self._state.table,
        )
        wish, key = self._n_wishes, entry.key

        def ended(outcome: JobOutcome[RegionTable]) -> None:
            self._job = None
            self._state.is_measuring = False
            if outcome.value is not None and key == self._key:
                self._state.table = outcome.value
            elif outcome.error is not None:
                self._state.saving = Activity(text=error_text(outcome.error), is_error=True)
            if wish != self._n_wishes and self._is_wanted:
                self._begin()

        self._state.is_measuring = True
        self._job = self._jobs.start(
            lambda progress, cancel: tasks.measure(request, progress, cancel), on_end=ended
        )

    def _visible_maps(self) -> tuple[TileMap, ...]:
        """Raw maps that are switched on, in the order of the list."""
        result = self._session.result
        if result is None:
            return ()
        names = [*result.scores.map_names, *(tile_map.name for tile_map in self._session.tool_maps)]
        found = []
        for name in dict.fromkeys(names):
            if name in self._session.visible_maps:
                try:
                    found.append(self._maps.map(name))
                except UnknownMapError:
                    continue  # taken away this moment
        return tuple(found)

    def save(self, path: Path, *, mask_names: bool = False) -> None:
        """Write the table as CSV, with its audit record beside it."""
        entry, table = self._session.current, self._state.table
        if entry is None or table is None:
            return
        result = self._session.result
        scores = None if result is None else result.scores
        record = entry.record

        def ended(outcome: JobOutcome[Path]) -> None:
            if outcome.error is not None:
                self._state.saving = Activity(text=error_text(outcome.error), is_error=True)
            elif outcome.value is not None:
                self._state.saving = Activity(text=f"Measurements written to {outcome.value}")

        self._state.saving = Activity(phase=Phase.WORKING, text="Writing measurements …")
        self._jobs.start(
            uninterrupted(lambda: tasks.save_table(table, path, record, scores, mask_names=mask_names)),
            on_end=ended,
        )
