"""One question at a time, and only the newest of those that wait: for answers that follow every click."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from napari_histcode.plugin.jobs import JobOutcome, JobRunner, RunningJob, Work
from napari_histcode.progress import Progress


@dataclass(frozen=True, kw_only=True, eq=False)
class _Question:
    work: Work[Any]
    answer: Callable[[JobOutcome[Any]], None]
    on_progress: Callable[[Progress], None] | None


class LatestJob:
    """Runs work whose answer is only wanted until something else is asked.

    While a job runs, the newest question waits and those between are never worked on. The answer to a
    question that is no longer the newest is dropped, and so is that to a forgotten one.

    Parameters
    ----------
    jobs : JobRunner
        Where work is done.
    """

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs
        self._wanted: _Question | None = None
        self._running: _Question | None = None
        self._job: RunningJob | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._wanted is not None

    def ask(
        self,
        work: Work[Any],
        *,
        answer: Callable[[JobOutcome[Any]], None],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """Work on this as soon as what is being worked on has ended, unless something else is asked."""
        self._wanted = _Question(work=work, answer=answer, on_progress=on_progress)
        if self._running is None:
            self._start(self._wanted)
        elif self._job is not None:
            self._job.cancel()

    def cancel(self) -> None:
        """Stop what is being worked on; its answer says so."""
        if self._job is not None:
            self._job.cancel()

    def forget(self) -> None:
        """Stop, and give no answer."""
        self._wanted = None
        self.cancel()

    def _start(self, question: _Question) -> None:
        self._running = question
        job = self._jobs.start(
            question.work,
            on_end=partial(self._ended, question),
            on_progress=partial(self._progressed, question),
        )
        if self._running is question:  # a runner without threads has ended already
            self._job = job

    def _progressed(self, question: _Question, progress: Progress) -> None:
        if question is self._wanted and question.on_progress is not None:
            question.on_progress(progress)

    def _ended(self, question: _Question, outcome: JobOutcome[Any]) -> None:
        self._running = self._job = None
        wanted = self._wanted
        if wanted is question:
            self._wanted = None
            question.answer(outcome)
        elif wanted is not None:
            self._start(wanted)
