"""The report of a comparison, written from the window: the files of ``histcode compare``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.compare.offers import save_offer
from napari_histcode.plugin.compare.state import CompareState
from napari_histcode.plugin.compare.tasks import ReportRequest, save_report
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.session import Activity, Phase, Result, Session
from napari_histcode.plugin.wording import error_text
from napari_histcode.saved.reading import Reading


class ReportController:
    """Writes what was compared in full.

    Parameters
    ----------
    session : Session
        What is open.
    state : CompareState
        The page's state.
    jobs : JobRunner
        Where files are written.
    canvas : Canvas
        Tells of failures.
    """

    def __init__(self, session: Session, state: CompareState, jobs: JobRunner, canvas: Canvas) -> None:
        self._session = session
        self._state = state
        self._jobs = jobs
        self._canvas = canvas
        self.reading_of: Callable[[str], Reading | None] = lambda _key: None

    def save(self, folder: Path) -> None:
        """Write the full comparison, and the spots, into a folder."""
        session, state = self._session, self._state
        entry, result = session.current, session.result
        if entry is None or result is None or not save_offer(state).is_enabled:
            return
        answer = state.answer if state.answer is not None and state.answer.is_full else None
        report = ReportRequest(
            result=result,
            scores=answer.scores if answer is not None else result.scores,
            slide=entry.slide,
            comparison=answer.comparison if answer is not None else None,
            spots=state.spots,
            notes=self._notes() if answer is not None else (),
            folder=folder,
            reading=self.reading_of(entry.key),
        )
        state.saving = Activity(phase=Phase.WORKING, text="Writing the report …")
        self._jobs.start(uninterrupted(save_report, report), on_end=partial(self._saved, result))

    def _notes(self) -> tuple[str, ...]:
        own = f"Annotations: {len(self._session.annotations):,} as they stood in the window."
        readers = self._state.readers
        return (own, *(f"{reader.name}: {note}" for reader in readers for note in reader.notes))

    def _saved(self, result: Result, outcome: JobOutcome[Path]) -> None:
        if outcome.error is not None:
            self._canvas.report(outcome.error)
        if self._session.result is not result:
            return  # the words would be about another slide
        if outcome.error is not None:
            self._state.saving = Activity(text=error_text(outcome.error), is_error=True)
        elif outcome.value is not None:
            self._state.saving = Activity(text=f"Written to {outcome.value.parent}")
