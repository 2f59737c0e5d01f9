"""Background jobs: work in another thread, with progress, cancelling, and exactly one end.

A job goes through these states and never back::

    queued ──> running ──> finished     the work returned a value
       │          ├──────> cancelled    it stopped because it was asked to
       │          └──────> failed       it raised anything else
       └────────────────> cancelled     asked to stop before it began

The work is a plain function of a progress callback and a cancel token; it knows nothing of Qt. Whatever
it raises, of any type, arrives as the outcome's error. Progress and outcome are delivered on the thread
that made the runner, so that only the GUI thread ever touches the viewer.

Qt's own runnables and not `superqt`'s workers: those swallow ``RuntimeError`` (torch's out-of-memory is
one), swap Python's warning filters for all threads while they run, and keep every worker, and the window
that it refers to, until an event loop has delivered its last news.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Protocol, TypeVar

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QRunnable, QThreadPool, Signal  # type: ignore[attr-defined]

from napari_histcode.errors import AnalysisCancelledError
from napari_histcode.plugin.priority import give_way
from napari_histcode.progress import CancelToken, Progress, ProgressCallback

Value = TypeVar("Value")
Work = Callable[[ProgressCallback, CancelToken], Value]

PROGRESS_INTERVAL_S = 0.2
"""Each update repaints the whole window where there is no graphics card."""

MAX_THREADS = 4
"""An analysis, an export, and slides being opened beside them."""


def uninterrupted(function: Callable[..., Value], *arguments: Any) -> Work[Value]:
    """Make work of a function that is too short for progress and cancelling."""
    return lambda _progress, _cancel: function(*arguments)


class JobState(Enum):
    """Where a job stands; see the diagram above."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


NEXT_STATES = {
    JobState.QUEUED: {JobState.RUNNING, JobState.CANCELLED},
    JobState.RUNNING: {JobState.FINISHED, JobState.CANCELLED, JobState.FAILED},
    JobState.FINISHED: set(),
    JobState.CANCELLED: set(),
    JobState.FAILED: set(),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class JobOutcome(Generic[Value]):
    """How a job ended."""

    state: JobState
    """FINISHED, CANCELLED or FAILED."""
    value: Value | None = None
    """What the work returned, if it finished."""
    error: BaseException | None = None
    """What it raised, if it failed."""
    seconds: float = 0.0
    """Wall time from the start of the work."""


class RunningJob(Protocol):
    """What the controller needs to know of a job."""

    def cancel(self) -> None:
        """Ask the work to stop at its next safe point; returns at once."""
        ...


class JobRunner(Protocol):
    """Starts jobs; the controller sees no more than this, and tests give one without threads."""

    def start(
        self,
        work: Work[Value],
        *,
        on_end: Callable[[JobOutcome[Value]], None],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> RunningJob:
        """Run ``work`` elsewhere; call back on this thread."""
        ...

    def close(self) -> None:
        """Cancel and join all jobs; no callback comes afterwards."""
        ...


class JobNews(QObject):
    """Signals of a runner's jobs, sent from their threads and received on the thread that made it."""

    progressed = Signal(object, object)
    """Job and progress."""
    ended = Signal(object, object)
    """Job and outcome."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JobListener:
    """Who hears of a job."""

    on_end: Callable[[JobOutcome[Any]], None]
    """Called once."""
    on_progress: Callable[[Progress], None] | None = None
    """Called now and then."""


class Job(QRunnable):
    """One piece of work in a thread of a pool."""

    def __init__(self, work: Work[Any], news: JobNews, listener: JobListener | None = None) -> None:
        super().__init__()
        self.setAutoDelete(False)  # Python owns it; Qt does not look at it again once it has run
        self._news = news
        self._work = work
        self._listener = listener
        self._cancel = CancelToken()
        self._last_emitted: tuple[str, float] = ("", 0.0)
        self.state = JobState.QUEUED

    def cancel(self) -> None:
        """Ask the work to stop at its next safe point; returns at once."""
        self._cancel.cancel()

    def run(self) -> None:
        """Work, and tell the outcome once."""
        give_way()
        self._news.ended.emit(self, self.work())

    def tell_progress(self, progress: Progress) -> None:
        """Tell the listener, on the thread that started the job."""
        if self._listener is not None and self._listener.on_progress is not None:
            self._listener.on_progress(progress)

    def tell_outcome(self, outcome: JobOutcome[Any]) -> None:
        """Tell the listener, on the thread that started the job."""
        if self._listener is not None:
            self._listener.on_end(outcome)

    def let_go(self) -> None:
        """Forget work and listener: news that were not delivered hold on to the job."""
        self._listener = None
        self._work = uninterrupted(lambda: None)

    def work(self) -> JobOutcome[Any]:
        """Run the work to one of its three ends; raises nothing."""
        if self._cancel.is_cancelled:
            return self._end(JobState.CANCELLED)
        self._advance(JobState.RUNNING)
        start = time.monotonic()
        try:
            value = self._work(self._report, self._cancel)
        except AnalysisCancelledError:
            return self._end(JobState.CANCELLED, seconds=time.monotonic() - start)
        except BaseException as error:  # whatever it is, the window has to hear of it
            return self._end(JobState.FAILED, error=error, seconds=time.monotonic() - start)
        return self._end(JobState.FINISHED, value=value, seconds=time.monotonic() - start)

    def _report(self, progress: Progress) -> None:
        """Pass progress on, at most five times a second, but every new stage and the end of each."""
        stage, last = self._last_emitted
        now = time.monotonic()
        is_news = progress.stage != stage or (progress.total and progress.done >= progress.total)
        if is_news or now - last >= PROGRESS_INTERVAL_S:
            self._last_emitted = (progress.stage, now)
            self._news.progressed.emit(self, progress)

    def _advance(self, state: JobState) -> None:
        if state not in NEXT_STATES[self.state]:
            raise ValueError(f"A job cannot go from {self.state.value} to {state.value}.")
        self.state = state

    def _end(self, state: JobState, **facts: Any) -> JobOutcome[Any]:
        self._advance(state)
        return JobOutcome(state=state, **facts)


class QtJobRunner:
    """Runs jobs in threads of its own and delivers their news on the thread that made it."""

    def __init__(self) -> None:
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(MAX_THREADS)
        self._news = JobNews()
        self._news.progressed.connect(self._progressed)
        self._news.ended.connect(self._ended)
        self._jobs: set[Job] = set()
        self._is_closed = False

    def start(
        self,
        work: Work[Value],
        *,
        on_end: Callable[[JobOutcome[Value]], None],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Job:
        """Run ``work`` in a thread of the pool.

        Parameters
        ----------
        work : callable
            Called with a progress callback and a cancel token.
        on_end : callable
            Called once with the outcome, on this thread, unless the runner is closed before.
        on_progress : callable, optional
            Called with a `Progress` up to five times a second, on this thread.

        Raises
        ------
        ValueError
            If the runner is closed.
        """
        if self._is_closed:
            raise ValueError("This runner is closed and starts no more jobs.")
        job = Job(work, self._news, JobListener(on_end=on_end, on_progress=on_progress))
        self._jobs.add(job)
        self._pool.start(job)
        return job

    def _progressed(self, job: Job, progress: Progress) -> None:
        if not self._is_closed:
            job.tell_progress(progress)

    def _ended(self, job: Job, outcome: JobOutcome[Any]) -> None:
        self._jobs.discard(job)
        if not self._is_closed:
            job.tell_outcome(outcome)
        job.let_go()

    @property
    def is_busy(self) -> bool:
        """Whether a job has not delivered its outcome yet."""
        return bool(self._jobs)

    @property
    def is_closed(self) -> bool:
        """Whether it has been closed."""
        return self._is_closed

    @property
    def is_idle(self) -> bool:
        """Whether no thread is at work, whatever has been told of it."""
        return self._pool.activeThreadCount() == 0

    def close(self, *, wait_s: float = 5.0) -> None:
        """Cancel all jobs and wait for them, for a bounded time; no callback comes afterwards.

        Parameters
        ----------
        wait_s : float
            Longest wait. Work looks at its token once a batch, so that it rarely takes a second.
        """
        self._is_closed = True
        for job in self._jobs:
            job.cancel()
        if not isalive(self._pool):  # type: ignore[no-untyped-call]  # when a process ends, Qt may go first
            return
        self._pool.clear()
        if self._pool.waitForDone(round(wait_s * 1000)):
            for job in self._jobs:
                job.let_go()
            self._jobs.clear()
