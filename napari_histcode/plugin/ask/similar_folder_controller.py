"""The search over all analysed slides of a folder: the index, the list, and the way to a slide's tile."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_histcode.plugin.ask import similar_tasks
from napari_histcode.plugin.ask.latest import LatestJob
from napari_histcode.plugin.ask.similar_state import SimilarFolderState, SimilarState
from napari_histcode.plugin.ask.similar_tasks import OthersRequest, Similar
from napari_histcode.plugin.ask.similar_words import index_line, refused_line, subject
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.jobs import JobOutcome, JobState, uninterrupted
from napari_histcode.plugin.layers import Box
from napari_histcode.plugin.session import Activity, Phase, SlideEntry
from napari_histcode.plugin.wording import error_text
from napari_histcode.progress import Progress
from napari_histcode.similarity.hit import Hit
from napari_histcode.similarity.index_build import IndexUpdate


class SimilarFolderController:
    """Keeps an index, searches it after every question, and finds the slides of hits.

    Parameters
    ----------
    main : Controller
        Opens and chooses slides.
    similar : SimilarState
        What is searched for.
    canvas : Canvas
        Where a hit is flown to.
    """

    def __init__(self, main: Controller, similar: SimilarState, canvas: Canvas) -> None:
        self.state = SimilarFolderState()
        self._main = main
        self._session = main.session
        self._similar = similar
        self._canvas = canvas
        self._indexing = LatestJob(main.jobs)
        self._searching = LatestJob(main.jobs)
        self._known: frozenset[str] | None = None
        self._arriving: Hit | None = None
        similar.events.answer.connect(self._search)
        self._session.events.slides.connect(self._slides_changed)
        self._session.events.current.connect(self._current_changed)
        self._session.events.opening.connect(self._opening_changed)

    # The index

    def choose_folder(self, folder: Path) -> None:
        """Search all analysed slides in a folder from now on: build its index or bring it up to date."""
        result, state = self._session.result, self.state
        if result is None or result.bag is None:
            return
        self._searching.forget()
        state.folder, state.index, state.hits, state.wanted = folder, None, None, None
        state.refused = ()
        state.indexing = Activity(phase=Phase.WORKING, text="Looking for analysed slides …")
        work = partial(similar_tasks.bring_up_to_date, folder, result.bag)
        self._indexing.ask(work, answer=partial(self._indexed, folder), on_progress=self._progressed)

    def cancel(self) -> None:
        """Stop building the index; what there was stays as it was."""
        if self.state.indexing.phase is Phase.WORKING:
            self._indexing.cancel()
            self.state.indexing = Activity(phase=Phase.STOPPING, text="Stopping …")

    def leave_folder(self) -> None:
        """Search this slide alone again."""
        self._indexing.forget()
        self._searching.forget()
        state = self.state
        state.folder = state.index = state.hits = state.wanted = None
        state.indexing = state.searching = state.opening = Activity()
        state.refused = ()

    def _progressed(self, progress: Progress) -> None:
        if self.state.indexing.phase is Phase.WORKING and progress.total:
            text = f"Indexing tiles {progress.fraction:.0%}"
            self.state.indexing = Activity(phase=Phase.WORKING, text=text, fraction=progress.fraction)

    def _indexed(self, folder: Path, outcome: JobOutcome[IndexUpdate]) -> None:
        state, update = self.state, outcome.value
        if outcome.state is JobState.CANCELLED:
            state.folder = None
            state.indexing = Activity(text="Stopped. The index is as it was before.")
        elif outcome.error is not None:
            state.indexing = Activity(text=error_text(outcome.error), is_error=True)
        elif update is not None:
            state.index = update.index
            shows_names = self._session.shows_file_names
            state.refused = tuple(
                refused_line(path, error, shows_names=shows_names) for path, error in update.refused
            )
            state.indexing = Activity(text=index_line(update.index, len(update.added), folder))
            self._search()

    # The search

    def _search(self) -> None:
        """Search for what was searched for within the slide; the last list stays while nothing is asked."""
        found, index = self._similar.answer, self.state.index
        if found is None or index is None:
            return
        self.state.searching = Activity(phase=Phase.WORKING, text="Searching …")
        request = OthersRequest(
            index=index,
            bag=found.space.bag,
            tiles=tuple(found.query.tiles.tolist()),
            is_apart=found.request.is_apart,
            n_shown=found.request.n_shown,
        )
        work = partial(similar_tasks.search_others, request)
        self._searching.ask(work, answer=partial(self._found, found))

    def _found(self, found: Similar, outcome: JobOutcome[tuple[Hit, ...]]) -> None:
        state = self.state
        state.searching = Activity()
        if outcome.error is not None:
            state.hits = None
            state.searching = Activity(text=error_text(outcome.error), is_error=True)
        elif outcome.value is not None:
            state.subject = subject(found)
            state.wanted = None
            state.opening = Activity()
            state.hits = outcome.value

    # From a hit to its slide

    def is_open(self, hit: Hit) -> bool:
        """Whether the slide of a hit is in the window."""
        return self._entry_of(hit) is not None

    def go_to(self, hit: Hit) -> None:
        """Show a tile of another slide; ask for the slide's file if it is not open."""
        self.state.opening = Activity()
        entry = self._entry_of(hit)
        if entry is None:
            self.state.wanted = hit
            return
        self.state.wanted = None
        self._main.choose_slide(entry.key)
        self._canvas.when_idle(partial(self._fly, hit))

    def open_file(self, path: Path) -> None:
        """Open the file in which the wanted tile shall be, with its result of the folder."""
        hit, folder = self.state.wanted, self.state.folder
        if hit is None or folder is None:
            return
        self._known = frozenset(entry.key for entry in self._session.slides)
        self.state.opening = Activity(phase=Phase.WORKING, text="Opening a slide …")

        def found(outcome: JobOutcome[Path | None]) -> None:
            if outcome.error is not None:
                self.state.opening = Activity(text=error_text(outcome.error), is_error=True)
                return
            self._main.open_slide(path, result=outcome.value)

        work = uninterrupted(similar_tasks.result_of_slide, folder, hit.slide_digest)
        self._main.jobs.start(work, on_end=found)

    def _slides_changed(self) -> None:
        """See whether the slide that was asked for has come, or another one in its place."""
        hit, known = self.state.wanted, self._known
        if hit is None:
            return
        entry = self._entry_of(hit)
        if entry is not None:
            self._known = None
            self.state.wanted = None
            self.state.opening = Activity()
            self._arriving = hit
        elif known is not None:
            other = next((one for one in self._session.slides if one.key not in known), None)
            if other is not None:
                self._known = None
                text = f"That file is {other.record.alias}, not {hit.alias}. Choose another file."
                self.state.opening = Activity(text=text, is_error=True)

    def _current_changed(self) -> None:
        """Fly to the tile as soon as its slide, which has just been opened, is the current one."""
        hit, entry = self._arriving, self._session.current
        if hit is not None and entry is not None and entry.record.digest == hit.slide_digest:
            self._arriving = None
            self._canvas.when_idle(partial(self._fly, hit))

    def _opening_changed(self, opening: Activity) -> None:
        """Say here, too, why the file could not be opened."""
        if self._known is not None and opening.is_error:
            self._known = None
            self.state.opening = opening

    def _fly(self, hit: Hit) -> None:
        entry = self._session.current
        if entry is None or entry.record.digest != hit.slide_digest:
            return
        box: Box = (*hit.xy_px0, *hit.size_px0)
        self._canvas.outline_tiles((box,), entry.record)
        self._canvas.fly_to(box, entry.record)

    def _entry_of(self, hit: Hit) -> SlideEntry | None:
        entries = self._session.slides
        return next((entry for entry in entries if entry.record.digest == hit.slide_digest), None)
