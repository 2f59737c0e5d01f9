"""Runs analyses one after another: the machine's cores are enough for one at a time.

It knows no Qt. What is asked and what comes of it goes through `QueueState`; which slide is read makes no
difference to the queue. A line whose slide has been closed is gone, and its answer is dropped; the next
analysis begins when the work of the one before has really ended, not when it was told to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely
from psygnal import Signal
from shapely.geometry.base import BaseGeometry

from napari_histcode.plugin import file_names, tasks
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, JobState, RunningJob, uninterrupted
from napari_histcode.plugin.layers import Box
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.map_so_far import SoFarPainter
from napari_histcode.plugin.preview import MapBox
from napari_histcode.plugin.queue import plan, words
from napari_histcode.plugin.queue.state import QueuedSlide, QueueState, Standing, Wish
from napari_histcode.plugin.session import Result, Session, SlideEntry
from napari_histcode.plugin.tasks import AnalysisRequest, Opened, OpenRequest
from napari_histcode.plugin.wording import corrupt_tiles, error_text, progress_line
from napari_histcode.progress import Progress
from napari_histcode.slide import Slide

if TYPE_CHECKING:
    from napari_histcode.pipeline import Analysis

ENDS = {
    JobState.FINISHED: Standing.FINISHED,
    JobState.CANCELLED: Standing.CANCELLED,
    JobState.FAILED: Standing.FAILED,
}


def box_geometry(box: Box) -> BaseGeometry:
    """Turn left, top, width and height into a region."""
    left, top, width, height = box
    return shapely.box(left, top, left + width, top + height)


@dataclass(kw_only=True, eq=False)
class _AtWork:
    """The analysis that has the machine, whether or not anybody still waits for it."""

    number: int
    job: RunningJob | None = None


class QueueController:
    """Queues slides, runs their analyses in turn, and keeps what the current one's panel shows.

    Parameters
    ----------
    session : Session
        The open slides and the choices of model and device; its ``analysing`` is written here alone.
    canvas : Canvas
        Knows what is in view, and reports errors.
    jobs : JobRunner
        Where work is done.
    maps : MapController
        Draws the map so far of the slide that is read.
    """

    finished = Signal(str, Result)
    """The slide of this key has a result."""
    forgotten = Signal(str)
    """A slide that was never shown in the window was taken out of the queue."""

    def __init__(self, session: Session, canvas: Canvas, jobs: JobRunner, maps: MapController) -> None:
        self.state = QueueState()
        self._session = session
        self._canvas = canvas
        self._jobs = jobs
        self._so_far = SoFarPainter(session, canvas, maps)
        self._unseen: dict[str, Opened] = {}
        self._at_work: _AtWork | None = None
        self._n_queued = self._n_files = 0
        session.events.slides.connect(self._slides_changed)
        session.events.current.connect(self._tell_current)
        self.state.events.items.connect(self._tell_current)

    def close(self) -> None:
        """Let go of everything that listens; the runner ends the work."""
        for name in self.state.events:
            self.state.events[name].disconnect()
        self._unseen.clear()

    # What the user asks for

    def add(self, entries: Sequence[SlideEntry], *, roi: BaseGeometry | None = None) -> None:
        """Queue open slides, to be analysed with the model and on the device that are chosen now.

        Parameters
        ----------
        entries : sequence of SlideEntry
            The slides, in order; those that wait or are analysed already are left out.
        roi : geometry, optional
            What of them is analysed, in level-0 pixels; all if not given.
        """
        self._join(
            [
                self._queued(key=each.key, alias=each.record.alias, path=each.slide.path, roi=roi)
                for each in entries
            ]
        )

    def add_all(self) -> None:
        """Queue all open slides as a whole, but those that this model has analysed."""
        self.add(plan.left_to_do(self._session, self.state))

    def add_files(self, paths: Sequence[Path]) -> None:
        """Queue slides that are not open; they come into the window when they are asked for."""
        new = []
        for path in paths:
            self._n_files += 1
            alias = f"added file {self._n_files}"
            new.append(self._queued(path=path, alias=alias, standing=Standing.OPENING))
        self._join(new)
        for item in new:
            self._open(item)

    def cancel(self, number: int) -> None:
        """Take a slide out of the queue, or stop its analysis at the next batch; the next one begins."""
        item = plan.find(self.state.items, number)
        if item is None or not item.can_cancel:
            return
        if item.standing is not Standing.RUNNING:
            self._change(number, standing=Standing.CANCELLED, fraction=None)
            return
        self._change(number, standing=Standing.STOPPING)
        self._stop(number)

    def cancel_slide(self, key: str) -> None:
        """Cancel what the queue has of a slide; harmless where that is nothing."""
        item = plan.of_slide(self.state.items, key)
        if item is not None:
            self.cancel(item.number)

    def resume(self, number: int) -> None:
        """Let a slide that was cancelled or failed join again; tiles that are encoded are not again."""
        item = plan.find(self.state.items, number)
        if item is None or not item.can_resume:
            return
        standing = Standing.WAITING if item.key is not None else Standing.OPENING
        self._change(number, standing=standing, text="", fraction=None, is_told=False)
        if standing is Standing.OPENING:
            self._open(item)
        self._start_next()

    def clear(self) -> None:
        """Take finished slides off the list, or where there are none, those that were broken off."""
        gone = plan.clearable(self.state.items)
        self.state.items = tuple(item for item in self.state.items if item not in gone)
        self._forget_unseen()

    def unseen(self, number: int) -> Opened | None:
        """Return the slide of a line that is not in the window yet, with the layer that would show it."""
        item = plan.find(self.state.items, number)
        return self._unseen.get(item.key) if item is not None and item.key is not None else None

    # Opening files

    def _open(self, item: QueuedSlide) -> None:
        work = uninterrupted(tasks.open_together, OpenRequest(path=item.path))
        self._jobs.start(work, on_end=partial(self._file_opened, item.number))

    def _file_opened(self, number: int, outcome: JobOutcome[Opened]) -> None:
        item, opened = plan.find(self.state.items, number), outcome.value
        if item is None or item.standing is not Standing.OPENING:
            return
        if opened is None:
            shows_names = self._session.shows_file_names
            told = outcome if shows_names else file_names.masked(outcome, (item.path,))
            self._fail(number, told.error)
            return
        self._unseen[opened.key] = opened
        alias = opened.slide.record.alias
        self._change(number, key=opened.key, alias=alias, standing=Standing.WAITING)
        self._start_next()

    # Running

    def _start_next(self) -> None:
        """Begin with the next slide that can be analysed, unless one is at work."""
        while self._at_work is None:
            item = plan.next_waiting(self.state.items)
            slide = self._slide(item.key) if item is not None and item.key is not None else None
            if item is None or slide is None:
                return
            if slide.mpp is None:
                self._change(item.number, standing=Standing.FAILED, text=words.NO_RESOLUTION)
            else:
                self._begin(item, slide)

    def _begin(self, item: QueuedSlide, slide: Slide) -> None:
        current, so_far = self._session.current, MapBox()
        is_read = current is not None and current.key == item.key
        request = AnalysisRequest(
            slide=slide,
            model=item.wish.model,
            device=item.wish.device,
            roi=item.wish.roi,
            first=box_geometry(self._canvas.view_box(slide.record)) if is_read else None,
            so_far=so_far,
        )
        self._at_work = at_work = _AtWork(number=item.number)
        self._change(item.number, standing=Standing.RUNNING, text="", fraction=None)
        at_work.job = self._jobs.start(
            lambda progress, cancel: tasks.analyse(request, progress, cancel),
            on_progress=partial(self._progressed, item.number, so_far),
            on_end=partial(self._ended, item.number),
        )

    def _progressed(self, number: int, so_far: MapBox, progress: Progress) -> None:
        item, session = plan.find(self.state.items, number), self._session
        if item is None or item.standing is not Standing.RUNNING:
            return
        fraction = progress.fraction if progress.total else None
        self._change(number, text=progress_line(progress), fraction=fraction)
        if session.current is not None and session.current.key == item.key and session.result is None:
            self._so_far.show(so_far.take())

    def _ended(self, number: int, outcome: JobOutcome[Analysis]) -> None:
        self._at_work = None
        item, analysis = plan.find(self.state.items, number), outcome.value
        try:
            if item is None or item.key is None:
                return  # the slide was closed meanwhile
            if outcome.error is not None:
                self._fail(number, outcome.error)
            elif analysis is None:
                self._change(number, standing=ENDS[outcome.state])
            else:
                self._finish(item, item.key, analysis, outcome.seconds)
        finally:
            self._start_next()

    def _finish(self, item: QueuedSlide, key: str, analysis: Analysis, seconds: float) -> None:
        lost = corrupt_tiles(analysis.scores.n_corrupt)
        if item.wish.roi is None:
            self.state.whole = {**self.state.whole, key: item.wish.model}
        self._change(item.number, standing=Standing.FINISHED, text=lost, fraction=None, seconds=seconds)
        self.finished.emit(key, Result(scores=analysis.scores, bag=analysis.bag, analysis=analysis))

    def _fail(self, number: int, error: BaseException | None) -> None:
        if error is not None:
            self._change(number, standing=Standing.FAILED, text=error_text(error))
            self._canvas.report(error)

    def _stop(self, number: int) -> None:
        if self._at_work is not None and self._at_work.number == number and self._at_work.job is not None:
            self._at_work.job.cancel()

    # What there is

    def _queued(self, *, roi: BaseGeometry | None = None, **facts: Any) -> QueuedSlide:
        self._n_queued += 1
        wish = Wish(model=self._session.model, device=self._session.device, roi=roi)
        return QueuedSlide(number=self._n_queued, wish=wish, **facts)

    def _join(self, new: Sequence[QueuedSlide]) -> None:
        self.state.items = plan.joined(self.state.items, new)
        self._forget_unseen()
        self._start_next()

    def _forget_unseen(self) -> None:
        """Let go of slides that were opened for lines that are gone."""
        wanted = {item.key for item in self.state.items}
        for key in [key for key in self._unseen if key not in wanted]:
            del self._unseen[key]
            self.forgotten.emit(key)

    def _change(self, number: int, **changes: Any) -> None:
        self.state.items = plan.changed(self.state.items, number, **changes)

    def _slide(self, key: str) -> Slide | None:
        """Find a slide in the window, or among those that were opened for the queue."""
        entry = self._session.entry(key)
        if entry is not None:
            return entry.slide
        return self._unseen[key].slide if key in self._unseen else None

    def _slides_changed(self) -> None:
        """Forget slides that were closed; those that have come into the window are held by it."""
        is_open = {entry.key for entry in self._session.slides}
        self._unseen = {key: opened for key, opened in self._unseen.items() if key not in is_open}
        kept = is_open | set(self._unseen)
        before, self.state.items = self.state.items, plan.without_slides(self.state.items, kept)
        for item in before:
            if item not in self.state.items:
                self._stop(item.number)
        self.state.whole = {key: model for key, model in self.state.whole.items() if key in kept}

    def _tell_current(self) -> None:
        """Tell the current slide's panel of its own analysis, and remember that its end has been told."""
        items, current = self.state.items, self._session.current
        key = current.key if current is not None else None
        item = plan.of_slide(items, key)
        if item is not None and not item.is_active and not item.is_told:
            self._change(item.number, is_told=True)  # which comes here again
            return
        self._session.analysing = words.activity_of(items, key)
