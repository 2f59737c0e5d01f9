"""Jobs in real threads: states, progress, cancelling, any exception, and the end of the runner."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from napari_histcode.plugin.jobs import NEXT_STATES, Job, JobNews, JobOutcome, JobState, QtJobRunner
from napari_histcode.plugin.priority import NICENESS
from napari_histcode.progress import CancelToken, Progress, ProgressCallback

pytestmark = pytest.mark.gui


@pytest.fixture
def runner(qtbot: Any) -> Iterator[QtJobRunner]:
    runner = QtJobRunner()
    yield runner
    runner.close()


def finish(qtbot: Any, runner: QtJobRunner, work: Callable[..., Any], **options: Any) -> JobOutcome[Any]:
    outcomes: list[JobOutcome[Any]] = []
    runner.start(work, on_end=outcomes.append, **options)
    qtbot.waitUntil(lambda: bool(outcomes))
    return outcomes[0]


def test_value_arrives_on_this_thread(qtbot: Any, runner: QtJobRunner) -> None:
    threads = []

    def ended(outcome: JobOutcome[int]) -> None:
        threads.append((outcome.value, threading.current_thread()))

    runner.start(lambda progress, cancel: threading.get_ident(), on_end=ended)
    qtbot.waitUntil(lambda: bool(threads))
    worker, receiver = threads[0]
    assert receiver is threading.main_thread()
    assert worker != threading.main_thread().ident
    assert not runner.is_busy


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has a niceness of its own on Linux alone")
def test_jobs_and_the_threads_that_they_start_give_way_to_the_window(qtbot: Any, runner: QtJobRunner) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def work(progress: ProgressCallback, cancel: CancelToken) -> tuple[int, int]:
        with ThreadPoolExecutor(1) as readers:
            return niceness(), readers.submit(niceness).result()

    before = niceness()
    outcome = finish(qtbot, runner, work)

    assert outcome.value == (max(before, NICENESS), max(before, NICENESS))
    assert niceness() == before


@pytest.mark.parametrize(
    "error", [ValueError("v"), RuntimeError("out of memory"), MemoryError(), SystemExit(1)]
)
def test_any_error_arrives(qtbot: Any, runner: QtJobRunner, error: BaseException) -> None:
    def work(progress: ProgressCallback, cancel: CancelToken) -> None:
        raise error

    outcome = finish(qtbot, runner, work)
    assert outcome.state is JobState.FAILED
    assert outcome.error is error


def test_returned_runtime_error_is_a_value(qtbot: Any, runner: QtJobRunner) -> None:
    outcome = finish(qtbot, runner, lambda progress, cancel: RuntimeError("just a value"))
    assert outcome.state is JobState.FINISHED


def test_cancel_ends_the_work(qtbot: Any, runner: QtJobRunner) -> None:
    is_running = threading.Event()

    def work(progress: ProgressCallback, cancel: CancelToken) -> None:
        is_running.set()
        while True:
            time.sleep(0.01)
            cancel.raise_if_cancelled()

    outcomes: list[JobOutcome[None]] = []
    job = runner.start(work, on_end=outcomes.append)
    assert is_running.wait(5)
    assert job.state is JobState.RUNNING
    job.cancel()
    qtbot.waitUntil(lambda: bool(outcomes))
    assert outcomes[0].state is JobState.CANCELLED


def test_cancelled_before_it_began() -> None:
    job = Job(lambda progress, cancel: pytest.fail("it must not begin"), JobNews())
    job.cancel()
    assert job.work().state is JobState.CANCELLED


def test_finished_is_finished() -> None:
    job = Job(lambda progress, cancel: 1, JobNews())
    assert job.work().value == 1
    with pytest.raises(ValueError, match="from finished to running"):
        job.work()
    assert all(not NEXT_STATES[state] for state in (JobState.FINISHED, JobState.CANCELLED, JobState.FAILED))


def test_progress_comes_at_most_five_times_a_second(qtbot: Any, runner: QtJobRunner) -> None:
    def work(progress: ProgressCallback, cancel: CancelToken) -> None:
        for stage in ("one", "two"):
            for done in range(301):
                progress(Progress(stage=stage, done=done, total=300))
                time.sleep(0.001)

    seen: list[Progress] = []
    start = time.monotonic()
    finish(qtbot, runner, work, on_progress=seen.append)
    seconds = time.monotonic() - start
    assert len(seen) <= 5 * seconds + 6
    assert [p.stage for p in seen if p.done == 300] == ["one", "two"]
    assert [p.stage for p in seen if p.done == 0] == ["one", "two"]


def test_closed_runner_joins_and_keeps_silent(qtbot: Any, runner: QtJobRunner) -> None:
    has_begun, has_ended = threading.Event(), threading.Event()

    def work(progress: ProgressCallback, cancel: CancelToken) -> None:
        has_begun.set()
        while not cancel.is_cancelled:
            time.sleep(0.01)
        has_ended.set()

    runner.start(work, on_end=lambda outcome: pytest.fail("nobody listens any more"))
    assert has_begun.wait(5)
    runner.close()
    assert has_ended.is_set()
    assert runner.is_idle
    qtbot.wait(50)
    with pytest.raises(ValueError, match="closed"):
        runner.start(work, on_end=lambda outcome: None)


def test_closed_runner_lets_go_of_what_its_jobs_refer_to(qtbot: Any, runner: QtJobRunner) -> None:
    class Window:
        def hear(self, outcome: JobOutcome[None]) -> None: ...

    has_begun = threading.Event()
    window = Window()
    for _ in range(6):  # more than there are threads: running and queued ones
        runner.start(
            lambda progress, cancel, _window=window: has_begun.set(),
            on_end=window.hear,
            on_progress=lambda progress, _window=window: None,
        )
    assert has_begun.wait(5)
    runner.close()  # their news wait for an event loop that does not come
    listener = weakref.ref(window)
    del window
    gc.collect()
    assert listener() is None


def test_wait_for_a_stuck_job_is_bounded(qtbot: Any, runner: QtJobRunner) -> None:
    release = threading.Event()
    runner.start(lambda progress, cancel: release.wait(20), on_end=lambda outcome: None)
    start = time.monotonic()
    runner.close(wait_s=0.3)
    assert time.monotonic() - start < 3
    release.set()
