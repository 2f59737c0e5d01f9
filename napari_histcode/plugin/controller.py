"""Session <-> jobs <-> canvas: what happens when the user wants something.

The controller knows no Qt: it is given a canvas and a job runner, and tests give it others. It lives on the
GUI thread; the runner brings all answers there. An answer is dropped where the question is gone: each job's
slide is looked up again when the answer comes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import shapely
from psygnal import Signal
from shapely.geometry.base import BaseGeometry

from napari_histcode import resources
from napari_histcode.errors import HistCodeError
from napari_histcode.plugin import open_slides, tasks
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.evidence import Evidence
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, JobState, RunningJob, uninterrupted
from napari_histcode.plugin.layers import Box
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.preview import MapBox
from napari_histcode.plugin.session import (
    Activity,
    Choice,
    Phase,
    Result,
    Session,
    SlideEntry,
    Where,
    analyse_offer,
    regions_to_analyse,
)
from napari_histcode.plugin.tasks import AnalysisRequest, Opened, OpenRequest
from napari_histcode.plugin.wording import corrupt_tiles, duration, error_text, progress_line
from napari_histcode.progress import Progress
from napari_histcode.slide import Mpp

if TYPE_CHECKING:
    from napari_histcode.pipeline import Analysis


def box_geometry(box: Box) -> BaseGeometry:
    """Turn left, top, width and height into a region."""
    left, top, width, height = box
    return shapely.box(left, top, left + width, top + height)


class Controller:
    """Turns the user's wishes into jobs, and their answers into what is shown.

    Parameters
    ----------
    canvas : Canvas
        Where slides and maps are drawn.
    jobs : JobRunner
        Where work is done.
    session : Session, optional
        The state; a new one if not given.
    """

    regions_opened = Signal(Opened)
    """A slide was opened, maybe with regions on it."""

    def __init__(self, canvas: Canvas, jobs: JobRunner, session: Session | None = None) -> None:
        self.session = session or Session()
        self._canvas = canvas
        self.jobs = jobs
        self.maps = MapController(self.session, canvas)
        self._results: dict[str, Result] = {}
        self._n_opening = 0
        self._analysis: tuple[RunningJob, SlideEntry] | None = None
        canvas.events.slide_added.connect(self._slide_added)
        canvas.events.slide_removed.connect(self._slide_removed)

    def start(self) -> None:
        """Take over slides that are in the viewer already, and see what there is to compute with.

        Torch is loaded now, before anybody waits for it: loading native libraries holds Python's lock for
        tenths of a second, which must not happen while a job runs.
        """
        for key in self._canvas.slide_keys():
            self._slide_added(key)
        self._find_models()
        self.jobs.start(uninterrupted(tasks.warm_up), on_end=self._warmed_up)

    def close(self) -> None:
        """Cancel everything and wait for it, for a bounded time."""
        self.jobs.close()

    # Slides

    def open_slide(
        self,
        path: Path,
        *,
        mpp: float | None = None,
        result: Path | None = None,
        annotations: Path | None = None,
    ) -> None:
        """Open a slide, and show a finished result and regions on it if given."""
        request = OpenRequest(path=path, mpp=mpp, result=result, annotations=annotations)
        self._n_opening += 1
        self.session.opening = Activity(phase=Phase.WORKING, text=f"Opening {path.name} …")
        self.jobs.start(uninterrupted(tasks.open_together, request), on_end=self._opened)

    def open_sample(self) -> None:
        """Open the bundled sample with the pathologists' labels."""
        self.open_slide(resources.SAMPLE_SLIDE, annotations=resources.SAMPLE_ANNOTATIONS)

    def choose_slide(self, key: str) -> None:
        """Make another open slide the one that all panels are about."""
        entry = self._entry(key)
        if entry is None or entry is self.session.current:
            return
        self._forget_last_analysis()
        self.session.current = entry
        self._canvas.show_only_slide(key)
        self.maps.show(self._results.get(key))
        if self.session.result is not None:
            self._find_evidence(self.session.result)

    def set_mpp(self, value: float) -> None:
        """Take the user's word for the current slide's resolution, in micrometres per level-0 pixel."""
        entry = self.session.current
        if entry is None:
            return
        try:
            Mpp(x=value, y=value, source="user")
        except HistCodeError as error:
            self._canvas.report(error)
            return
        request = OpenRequest(path=entry.slide.path, mpp=value, key=entry.key)

        def opened(outcome: JobOutcome[Opened]) -> None:
            if outcome.value is None:
                self._tell(outcome.error)
            else:
                self._place(outcome.value)

        self.jobs.start(uninterrupted(tasks.open_together, request), on_end=opened)

    def _opened(self, outcome: JobOutcome[Opened]) -> None:
        self._n_opening -= 1
        self._refresh_opening()
        opened = outcome.value
        if opened is None:
            self._tell(outcome.error)
            return
        self._canvas.add_slide(opened.layer)
        self.regions_opened.emit(opened)
        if opened.scores is not None:
            self._take_result(opened.key, Result(scores=opened.scores, bag=opened.bag))
        for error in opened.errors:
            self._tell(error)

    def _refresh_opening(self) -> None:
        """Go back to rest when all slides that were asked for have come."""
        if self._n_opening == 0:
            self.session.opening = Activity()

    def say_opening(self, text: str) -> None:
        """Say what has to be opened first."""
        self.session.opening = Activity(text=text, is_error=True)

    def _tell(self, error: BaseException | None) -> None:
        """Tell what could not be opened, in the panel and in a notification."""
        if error is not None:
            self.session.opening = Activity(text=error_text(error), is_error=True)
            self._canvas.report(error)

    def _place(self, opened: Opened) -> None:
        """Put another opening of the same slide, with its resolution given, in the place of the first."""
        key = opened.key
        if self._entry(key) is None:
            return
        open_slides.replace(key, opened.slide)
        entry = SlideEntry(key=key, slide=opened.slide)
        session = self.session
        session.slides = tuple(entry if known.key == key else known for known in session.slides)
        self._canvas.place_slide(key, entry.record)
        if session.current is not None and session.current.key == key:
            session.current = entry

    def _slide_added(self, key: str) -> None:
        slide = open_slides.find(key)
        if slide is None or self._entry(key) is not None:
            return
        self.session.slides = (*self.session.slides, SlideEntry(key=key, slide=slide))
        self._refresh_opening()
        self.choose_slide(key)

    def _slide_removed(self, key: str) -> None:
        session = self.session
        if self._entry(key) is None:
            return
        if self._analysis is not None and self._analysis[1].key == key:
            self._analysis[0].cancel()
            self._analysis = None
            session.analysing = Activity()
        self._results.pop(key, None)
        session.slides = tuple(entry for entry in session.slides if entry.key != key)
        if session.current is not None and session.current.key == key:
            self.maps.show(None)
            self._forget_last_analysis()
            session.current = None
            if session.slides:
                self.choose_slide(session.slides[-1].key)

    def _forget_last_analysis(self) -> None:
        """Take away the words about the end of an analysis: they were about another slide."""
        if self.session.analysing.phase is Phase.IDLE:
            self.session.analysing = Activity()

    def _entry(self, key: str) -> SlideEntry | None:
        return next((entry for entry in self.session.slides if entry.key == key), None)

    # Analysis

    def choose_model(self, name: str) -> None:
        """Analyse with this model from now on: one of the menu, or a name or folder that is not in it."""
        self.session.model = name
        if name not in {choice.name for choice in self.session.models}:
            self._find_models()

    def choose_device(self, name: str) -> None:
        """Analyse on this device from now on."""
        self.session.device = name

    def analyse(self) -> None:
        """Analyse the current slide, if that is possible now."""
        session = self.session
        entry = session.current
        if entry is None or not analyse_offer(session).is_enabled:
            return
        so_far = MapBox()
        request = AnalysisRequest(
            slide=entry.slide,
            model=session.model,
            device=session.device,
            roi=self._region_of_interest(entry),
            first=box_geometry(self._canvas.view_box(entry.record)),
            so_far=so_far,
        )
        session.analysing = Activity(phase=Phase.WORKING, text="Starting …")
        job = self.jobs.start(
            lambda progress, cancel: tasks.analyse(request, progress, cancel),
            on_progress=lambda progress: self._analysis_progressed(entry, progress, so_far),
            on_end=lambda outcome: self._analysis_ended(entry, outcome),
        )
        if session.analysing.phase is Phase.WORKING:  # a runner without threads has ended already
            self._analysis = (job, entry)

    def choose_where(self, where: str) -> None:
        """Analyse the whole slide, what is in view, or the regions."""
        self.session.where = next(each for each in get_args(Where) if each == where)

    def _region_of_interest(self, entry: SlideEntry) -> BaseGeometry | None:
        if self.session.where == "view":
            return box_geometry(self._canvas.view_box(entry.record))
        if self.session.where == "regions":
            return shapely.union_all([a.geometry for a in regions_to_analyse(self.session.annotations)])
        return None

    def cancel_analysis(self) -> None:
        """Stop the analysis at its next batch; what is encoded is kept."""
        if self._analysis is not None and self.session.analysing.phase is Phase.WORKING:
            self._analysis[0].cancel()
            self.session.analysing = Activity(
                phase=Phase.STOPPING, text="Stopping …", fraction=self.session.analysing.fraction
            )

    def _is_current_analysis(self, entry: SlideEntry) -> bool:
        return self._analysis is None or self._analysis[1] is entry

    def _analysis_progressed(self, entry: SlideEntry, progress: Progress, so_far: MapBox) -> None:
        if self.session.analysing.phase is Phase.WORKING and self._is_current_analysis(entry):
            self.session.analysing = Activity(
                phase=Phase.WORKING,
                text=self._whose(entry) + progress_line(progress),
                fraction=progress.fraction if progress.total else None,
            )
            if self.session.current is entry and self.session.result is None:
                self.maps.show_so_far(so_far.take())

    def _whose(self, entry: SlideEntry) -> str:
        """Name the slide of the running analysis if it is not the one on the screen."""
        current = self.session.current
        return "" if current is not None and current.key == entry.key else f"{entry.record.alias}: "

    def _analysis_ended(self, entry: SlideEntry, outcome: JobOutcome[Analysis]) -> None:
        if self._entry(entry.key) is None or not self._is_current_analysis(entry):
            return  # the slide was closed meanwhile
        self._analysis = None
        self.session.analysing = self._end_of_analysis(outcome)
        if outcome.value is not None:
            analysis = outcome.value
            self._take_result(entry.key, Result(scores=analysis.scores, bag=analysis.bag, analysis=analysis))
        elif outcome.error is not None:
            self._canvas.report(outcome.error)

    def _end_of_analysis(self, outcome: JobOutcome[Analysis]) -> Activity:
        if outcome.state is JobState.CANCELLED:
            return Activity(text="Stopped. Encoded tiles are kept; Analyse goes on from there.")
        if outcome.error is not None:
            return Activity(text=error_text(outcome.error), is_error=True)
        lost = corrupt_tiles(outcome.value.scores.n_corrupt) if outcome.value else ""
        return Activity(text=f"Done in {duration(outcome.seconds)}. {lost}".strip())

    def _take_result(self, key: str, result: Result) -> None:
        self._results[key] = result
        if self.session.current is not None and self.session.current.key == key:
            self.maps.show(result)
            self._find_evidence(result)

    def _find_evidence(self, result: Result) -> None:
        """Look up what was measured of the model, for the list of maps."""

        def found(outcome: JobOutcome[dict[tuple[str, str], Evidence]]) -> None:
            if outcome.value is not None and self.session.result is result:
                self.session.evidence = outcome.value

        work = uninterrupted(tasks.find_evidence, result.scores, self.session.model)
        self.jobs.start(work, on_end=found)

    def fly_to_tile(self, position: int) -> None:
        """Show a tile of the current result in the middle of the view, with a line around it."""
        session = self.session
        if session.result is None or session.current is None:
            return
        grid = session.result.scores.grid
        x, y = grid.index[position] * grid.stride_px0
        box = (float(x), float(y), *grid.size_px0)
        self._canvas.outline_tiles((box,), session.current.record)
        self._canvas.fly_to(box, session.current.record)

    # Menus

    def refresh_models(self) -> None:
        """List the models anew: one has been written."""
        self._find_models()

    def _find_models(self) -> None:
        chosen = self.session.model

        def found(outcome: JobOutcome[tuple[Choice, ...]]) -> None:
            if self.session.model != chosen:
                return  # another search is under way
            if outcome.value:
                self.session.models = outcome.value
                if chosen not in {choice.name for choice in outcome.value}:
                    self.session.model = outcome.value[0].name
            elif outcome.error is not None:
                self._canvas.report(outcome.error)

        self.jobs.start(uninterrupted(tasks.find_models, chosen), on_end=found)

    def _warmed_up(self, outcome: JobOutcome[tuple[Choice, ...]]) -> None:
        if outcome.value:
            self.session.devices = outcome.value
        elif outcome.error is not None:
            self._canvas.report(outcome.error)
