"""Session <-> jobs <-> canvas: what happens when the user wants something.

The controller knows no Qt: it is given a canvas and a job runner, and tests give it others. It lives on the
GUI thread; the runner brings all answers there. An answer is dropped where the question is gone: each job's
slide is looked up again when the answer comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import shapely
from psygnal import Signal
from shapely.geometry.base import BaseGeometry

from napari_histcode import resources
from napari_histcode.errors import HistCodeError
from napari_histcode.plugin import file_names, open_slides, tasks
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.map_scene import MapScene
from napari_histcode.plugin.model_menu import ModelMenu
from napari_histcode.plugin.queue import plan
from napari_histcode.plugin.queue.controller import QueueController, box_geometry
from napari_histcode.plugin.results import ResultKeeper
from napari_histcode.plugin.session import (
    Activity,
    Phase,
    Result,
    Session,
    SlideEntry,
    Where,
    analyse_offer,
    regions_to_analyse,
)
from napari_histcode.plugin.tasks import Opened, OpenRequest
from napari_histcode.plugin.wording import error_text
from napari_histcode.slide import Mpp


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
        self.queue = QueueController(self.session, canvas, jobs, self.maps)
        self.results = ResultKeeper(self.session, self.maps, jobs)
        self.menu = ModelMenu(self.session, canvas, jobs)
        self.queue.finished.connect(self.results.take)
        self.queue.forgotten.connect(self.results.forget)
        self._n_opening = 0
        canvas.events.slide_added.connect(self._slide_added)
        canvas.events.slide_removed.connect(self._slide_removed)

    def start(self) -> None:
        """Take over slides that are in the viewer already, and see what there is to compute with."""
        for key in self._canvas.slide_keys():
            self._slide_added(key)
        self.menu.start()

    def close(self) -> None:
        """Cancel everything and wait for it, for a bounded time."""
        self.jobs.close()
        self.queue.close()

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
        self.open_as(OpenRequest(path=path, mpp=mpp, result=result, annotations=annotations))

    def open_as(
        self,
        request: OpenRequest,
        *,
        scene: MapScene | None = None,
        then: Callable[[Opened | None], None] | None = None,
    ) -> None:
        """Open a slide with what belongs to it.

        Parameters
        ----------
        request : OpenRequest
            What to open.
        scene : MapScene, optional
            How the maps of its result are to be shown.
        then : callable, optional
            Called when it is in the window, or with None when it could not be opened.
        """
        self._n_opening += 1
        self.session.opening = Activity(
            phase=Phase.WORKING,
            text=file_names.opening_line(request.path, shows_names=self.session.shows_file_names),
        )

        def ended(outcome: JobOutcome[Opened]) -> None:
            if not self.session.shows_file_names:
                outcome = file_names.masked(outcome, (request.path, request.result, request.annotations))
            self._opened(outcome, folder=request.result, scene=scene)
            if then is not None:
                then(outcome.value)

        self.jobs.start(uninterrupted(tasks.open_together, request), on_end=ended)

    def open_sample(self) -> None:
        """Open the bundled sample with the pathologists' labels."""
        self.open_slide(resources.SAMPLE_SLIDE, annotations=resources.SAMPLE_ANNOTATIONS)

    def choose_slide(self, key: str) -> None:
        """Make another open slide the one that all panels are about."""
        entry = self.session.entry(key)
        if entry is None or entry is self.session.current:
            return
        self.session.current = entry
        self._canvas.show_only_slide(key)
        self.results.show(key)

    def show_file_names(self, *, is_shown: bool) -> None:
        """Call slides by their files' names in the panels, or by their aliases as everywhere else."""
        self.session.shows_file_names = is_shown

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

    def _opened(self, outcome: JobOutcome[Opened], *, folder: Path | None, scene: MapScene | None) -> None:
        self._n_opening -= 1
        self._refresh_opening()
        opened = outcome.value
        if opened is None:
            self._tell(outcome.error)
            return
        self._show_opened(opened)
        if opened.scores is not None:
            result = Result(scores=opened.scores, bag=opened.bag, folder=folder)
            self.results.take(opened.key, result, scene)
        for error in opened.errors:
            self._tell(error)

    def _show_opened(self, opened: Opened) -> None:
        self._canvas.add_slide(opened.layer, *opened.further_layers)
        self.regions_opened.emit(opened)

    def _refresh_opening(self) -> None:
        """Go back to rest when all slides that were asked for have come."""
        if self._n_opening == 0:
            self.session.opening = Activity()

    def say_opening(self, text: str) -> None:
        """Say what has to be opened first."""
        self.session.opening = Activity(text=text, is_error=True)

    def tell(self, error: BaseException | None) -> None:
        """Tell what could not be opened beside a slide."""
        self._tell(error)

    def _tell(self, error: BaseException | None) -> None:
        """Tell what could not be opened, in the panel and in a notification."""
        if error is not None:
            self.session.opening = Activity(text=error_text(error), is_error=True)
            self._canvas.report(error)

    def _place(self, opened: Opened) -> None:
        """Put another opening of the same slide, with its resolution given, in the place of the first."""
        key = opened.key
        if self.session.entry(key) is None:
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
        if slide is None or self.session.entry(key) is not None:
            return
        self.session.slides = (*self.session.slides, SlideEntry(key=key, slide=slide))
        self._refresh_opening()
        self.choose_slide(key)

    def _slide_removed(self, key: str) -> None:
        session = self.session
        if self.session.entry(key) is None:
            return
        self.results.forget(key)
        session.slides = tuple(entry for entry in session.slides if entry.key != key)
        if session.current is not None and session.current.key == key:
            self.maps.show(None)
            session.current = None
            if session.slides:
                self.choose_slide(session.slides[-1].key)

    # Analysis

    def analyse(self) -> None:
        """Analyse the current slide, if that is possible now; it waits while another one is analysed."""
        entry = self.session.current
        if entry is not None and analyse_offer(self.session).is_enabled:
            self.queue.add((entry,), roi=self._region_of_interest(entry))

    def analyse_all(self) -> None:
        """Analyse all open slides one after another, each as a whole."""
        if plan.all_offer(self.session, self.queue.state).is_enabled:
            self.queue.add_all()

    def analyse_files(self, paths: Sequence[Path]) -> None:
        """Analyse slides that are not open, one after another; `show_queued` brings them into the window."""
        self.queue.add_files(paths)

    def show_queued(self, number: int) -> None:
        """Make a slide of the queue the current one, with its maps."""
        opened, item = self.queue.unseen(number), plan.find(self.queue.state.items, number)
        if opened is not None:
            self._show_opened(opened)
        elif item is not None and item.key is not None:
            self.choose_slide(item.key)

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
        """Stop the current slide's analysis at its next batch; what is encoded is kept."""
        if self.session.current is not None:
            self.queue.cancel_slide(self.session.current.key)

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
