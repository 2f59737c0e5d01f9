"""Files of regions: read, read anew with another origin, written."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from napari_histcode.annotations import AnnotationSet, Finding, WrittenFile
from napari_histcode.annotations.formats import SourceFormat
from napari_histcode.annotations.frame import OriginChoice
from napari_histcode.plugin import file_names
from napari_histcode.plugin.annotate import edits, tasks
from napari_histcode.plugin.annotate.history import Regions
from napari_histcode.plugin.annotate.state import AnnotateState, Imported
from napari_histcode.plugin.annotate.store import RegionStore
from napari_histcode.plugin.annotate.tasks import ReadRegions, SaveRequest
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, JobState, RunningJob, uninterrupted
from napari_histcode.plugin.session import Activity, Phase, Session, SlideEntry
from napari_histcode.plugin.wording import error_text
from napari_histcode.progress import Progress
from napari_histcode.slide import Slide

NO_SLIDE = "Open the slide first that these regions were drawn on."


@dataclass(frozen=True, kw_only=True, eq=False)
class _Import:
    """What has to be remembered to read a file anew."""

    path: Path
    before: Regions
    """Regions that were there before."""
    ids: frozenset[str]
    """Ids of those that came."""
    label: str
    """Name of the step."""


class FileController:
    """Reads and writes files of regions.

    Parameters
    ----------
    session : Session
        Whether file names are shown.
    store : RegionStore
        The regions.
    state : AnnotateState
        Takes what is going on and what was found.
    jobs : JobRunner
        Reads and writes.
    """

    def __init__(self, session: Session, store: RegionStore, state: AnnotateState, jobs: JobRunner) -> None:
        self._session, self._store, self._state, self._jobs = session, store, state, jobs
        self._job: RunningJob | None = None
        self._waiting: deque[Path] = deque()
        self._imports: dict[str, tuple[_Import, Imported]] = {}

    # In

    def import_files(self, paths: Sequence[Path]) -> None:
        """Add the regions of files to those of the current slide, one after the other."""
        if self._store.entry is None:
            self._state.importing = Activity(text=NO_SLIDE, is_error=True)
            self._store.say(NO_SLIDE, is_error=True)
            return
        self._waiting.extend(paths)
        self._next()

    def reread(self, origin: OriginChoice) -> None:
        """Read the last file anew, as counting from another origin."""
        entry = self._store.entry
        if entry is None or entry.key not in self._imports or self._job is not None:
            return
        self._read(self._imports[entry.key][0].path, entry, origin, is_again=True)

    def replace_others(self) -> None:
        """Take away what was there before the last file came; can be undone."""
        entry = self._store.entry
        if entry is None or entry.key not in self._imports:
            return
        done, said = self._imports[entry.key]
        old = {str(region.id) for region in done.before if not region.is_locked}
        kept = tuple(region for region in self._store.regions if str(region.id) not in old)
        self._store.commit(f"replace {edits.counted(len(self._store.regions) - len(kept))}", kept)
        self._remember(entry.key, replace(done, before=()), replace(said, n_others=0))

    def cancel_import(self) -> None:
        """Stop reading; nothing changes."""
        self._waiting.clear()
        if self._job is not None:
            self._job.cancel()
            self._state.importing = Activity(phase=Phase.STOPPING, text="Stopping …")

    def switch(self) -> None:
        """Show what was read on another slide."""
        entry = self._store.entry
        known = None if entry is None else self._imports.get(entry.key)
        self._state.imported = None if known is None else known[1]
        if self._state.importing.phase is Phase.IDLE:
            self._state.importing = Activity()
        if self._state.saving.phase is Phase.IDLE:
            self._state.saving = Activity()

    def forget(self, key: str) -> None:
        """Forget a slide that was closed."""
        self._imports.pop(key, None)

    def _next(self) -> None:
        entry = self._store.entry
        if self._job is None and self._waiting and entry is not None:
            self._read(self._waiting.popleft(), entry, "auto", is_again=False)

    def _read(self, path: Path, entry: SlideEntry, origin: OriginChoice, *, is_again: bool) -> None:
        def ended(outcome: JobOutcome[ReadRegions]) -> None:
            self._job = None
            self._state.importing = self._end_of_reading(outcome, path)
            if outcome.error is not None:  # the reason stands at the foot of a long page
                self._store.say("The file could not be read: see Files below.", is_error=True)
            current = self._store.entry
            if outcome.value is not None and current is not None and current.key == entry.key:
                self._take(path, entry, outcome.value, origin, is_again=is_again)
            elif outcome.value is not None:
                self._state.importing = Activity(text="The slide was changed meanwhile; nothing was read.")
            self._next()

        self._state.importing = Activity(phase=Phase.WORKING, text="Reading regions …")
        self._job = self._jobs.start(
            lambda progress, cancel: tasks.read_regions(path, entry.slide, origin, progress, cancel),
            on_end=ended,
            on_progress=self._progressed,
        )

    def _end_of_reading(self, outcome: JobOutcome[ReadRegions], path: Path) -> Activity:
        if outcome.state is JobState.CANCELLED:
            return Activity(text="Stopped. Nothing was read.")
        if outcome.error is not None:
            shows_names = self._session.shows_file_names
            text = file_names.error_line(outcome.error, (path,), shows_names=shows_names)
            return Activity(text=text, is_error=True)
        return Activity()

    def _progressed(self, progress: Progress) -> None:
        if self._state.importing.phase is Phase.WORKING:
            self._state.importing = Activity(
                phase=Phase.WORKING,
                text=f"Reading regions: {progress.done:,}",
                fraction=progress.fraction if progress.total else None,
            )

    def _take(
        self, path: Path, entry: SlideEntry, read: ReadRegions, origin: OriginChoice, *, is_again: bool
    ) -> None:
        before, label, came_before = self._store.regions, "", frozenset[str]()
        if is_again:
            done = self._imports[entry.key][0]
            before, label, came_before = done.before, done.label, done.ids
        kept = tuple(region for region in self._store.regions if region.id not in came_before)
        new = edits.with_ids(read.regions, {str(region.id) for region in kept})
        label = label or f"import {edits.counted(len(new))}"
        if is_again:
            self._store.commit("read with another origin", (*kept, *new))
        else:
            self._store.commit(label, (*kept, *new), notice=f"Imported {edits.counted(len(new))}.")
        ids = frozenset(str(region.id) for region in new)
        done = _Import(path=path, before=before, ids=ids, label=label)
        self._remember(
            entry.key, done, _said(read.found, entry.slide, origin, n_new=len(new), n_others=len(before))
        )

    def imported_of(self, key: str) -> Imported | None:
        """Tell of the last file that was read on a slide."""
        known = self._imports.get(key)
        return None if known is None else known[1]

    def recall(self, key: str, said: Imported) -> None:
        """Tell of a file that was read in another session; it cannot be read anew."""
        done = _Import(path=Path(), before=(), ids=frozenset(), label="")
        self._remember(key, done, replace(said, can_choose_origin=False, n_others=0))

    def came_with(self, key: str, slide: Slide, path: Path, read: ReadRegions) -> None:
        """Tell of a file that was opened together with a slide."""
        ids = frozenset(str(region.id) for region in read.regions)
        label = f"import {edits.counted(len(ids))}"
        done = _Import(path=path, before=(), ids=ids, label=label)
        self._remember(key, done, _said(read.found, slide, "auto", n_new=len(ids), n_others=0))

    def _remember(self, key: str, done: _Import, said: Imported) -> None:
        self._imports[key] = (done, said)
        entry = self._store.entry
        if entry is not None and entry.key == key:
            self._state.imported = said

    # Out

    def save(self, path: Path, name: str, *, mask_names: bool = False) -> None:
        """Write all regions of the current slide in a format."""
        entry = self._store.entry
        if entry is None:
            return
        if not path.suffix:
            path = path.with_suffix(tasks.SUFFIX_OF[name])
        request = SaveRequest(
            regions=self._store.regions,
            path=path,
            format=name,
            slide=entry.slide,
            classes=self._state.classes,
            mask_names=mask_names,
        )

        def ended(outcome: JobOutcome[WrittenFile]) -> None:
            self._state.saving = _end_of_saving(outcome)

        self._state.saving = Activity(phase=Phase.WORKING, text="Writing regions …")
        self._jobs.start(uninterrupted(tasks.save_regions, request), on_end=ended)


def _said(found: AnnotationSet, slide: Slide, origin: OriginChoice, *, n_new: int, n_others: int) -> Imported:
    is_movable = found.source_format is not SourceFormat.NDPA
    return Imported(
        title=f"{edits.counted(n_new)} from {found.source_format.label}",
        frame=frame_line(found.frame.describe()),
        origin=origin,
        can_choose_origin=is_movable and slide.bounds_px0 is not None,
        findings=tuple(_describe(finding) for finding in found.report),
        n_lost=found.report.n_unread,
        n_others=n_others,
    )


def _end_of_saving(outcome: JobOutcome[WrittenFile]) -> Activity:
    if outcome.error is not None:
        return Activity(text=error_text(outcome.error), is_error=True)
    written = outcome.value
    if written is None:
        return Activity()
    lost = "; ".join(_describe(finding) for finding in written.report)
    where = "the corner of the scanned area" if written.origin == "bounds" else "the slide's corner"
    text = f"{written.format.label} written to {written.path}; it counts from {where}."
    return Activity(text=f"{text} {lost}".strip())


def frame_line(described: str) -> str:
    """Say what a file's coordinates count from."""
    words = {
        "slide": "the slide's corner",
        "bounds": "the corner of the scanned area (QuPath's crop)",
        "stated": "a place that the file states",
    }
    origin, _, rest = described.partition(", ")
    return f"Coordinates count from {words.get(origin, origin)}: {rest}."


def _describe(finding: Finding) -> str:
    """Say one finding in the words of the window, which has buttons where the command line has options."""
    line = finding.describe()
    for option, words in (
        ("--origin slide", "origin: slide"),
        ("--origin bounds", "origin: scanned area"),
        ("--units um", "micrometres"),
        ("--y-axis up", "y counted upwards"),
    ):
        line = line.replace(option, words)
    return line
