"""Keeps the regions of every slide in the cache while they are drawn, and brings them back the next time."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from napari_histcode.annotations import Annotation, AnnotationSet
from napari_histcode.errors import HistCodeError
from napari_histcode.plugin.annotate import autosave, edits, rivals
from napari_histcode.plugin.annotate.board import RegionBoard
from napari_histcode.plugin.annotate.history import Regions
from napari_histcode.plugin.annotate.rivals import Dated
from napari_histcode.plugin.annotate.state import AnnotateState, Notice
from napari_histcode.plugin.annotate.store import RegionStore
from napari_histcode.plugin.annotate.tasks import coloured
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.session import SlideEntry
from napari_histcode.plugin.wording import error_text

PAUSE_S = 1.5
"""Regions are kept when nothing has changed for so long."""

PAUSES_PER_SAVE = 8.0
"""Keeping takes no more than this fraction of the time: one part in eight, for any number of regions."""


class Keeper:
    """Saves regions by themselves.

    Parameters
    ----------
    store : RegionStore
        The regions.
    state : AnnotateState
        Takes the word that regions are back.
    board : RegionBoard
        Calls back later.
    jobs : JobRunner
        Reads and writes.
    """

    def __init__(self, store: RegionStore, state: AnnotateState, board: RegionBoard, jobs: JobRunner) -> None:
        self._store, self._state, self._board, self._jobs = store, state, board, jobs
        self._entries: dict[str, SlideEntry] = {}
        self._kept: dict[str, int] = {}
        self._is_foreign: set[str] = set()
        self._restored: dict[str, Notice] = {}
        self._expected: dict[str, tuple[Path, datetime]] = {}
        self._others: dict[str, Regions] = {}
        self._n_wishes = 0
        self._pause_s = PAUSE_S
        self._is_writing = False
        store.edited.connect(self._wish)

    def expect(self, digest: str, file: Path, saved: datetime) -> None:
        """Bring a slide the regions of a session when it comes, or now if it is open.

        Parameters
        ----------
        digest : str
            Of the slide.
        file : Path
            GeoJSON of the session.
        saved : datetime
            When the session was saved: regions that were kept by themselves later are shown instead.
        """
        self._expected[digest] = file, saved
        for entry in self._entries.values():
            if entry.record.digest == digest:
                self._settle(entry)

    def _settle(self, entry: SlideEntry) -> None:
        file, saved = self._expected.pop(entry.record.digest)

        def read() -> tuple[Dated, Dated | None]:
            return rivals.read_session_regions(file, saved, entry.slide), rivals.read_kept(entry.slide)

        def ended(outcome: JobOutcome[tuple[Dated, Dated | None]]) -> None:
            if entry.key not in self._entries:
                return
            if outcome.value is None:
                text = error_text(outcome.error) if outcome.error is not None else ""
                self._look_for_kept(entry)
                self._tell(entry.key, Notice(text=f"The session's regions: {text}", is_error=True))
                return
            session, kept = outcome.value
            live = self._store.regions_of(entry.key)
            settled = rivals.stay(session, live) if live else rivals.settle(session, kept)
            if not live:
                self._store.begin(entry.key, settled.regions)
            if settled.is_kept_other:
                self._is_foreign.add(entry.key)
            if settled.others is not None:
                self._others[entry.key] = settled.others
            self._tell(entry.key, settled.notice)

        self._jobs.start(uninterrupted(read), on_end=ended)

    def look_for(self, entry: SlideEntry) -> None:
        """Bring back the regions of the last time, unless others have come with the slide."""
        self._entries[entry.key] = entry
        if entry.record.digest in self._expected:
            self._settle(entry)
        else:
            self._look_for_kept(entry)

    def _look_for_kept(self, entry: SlideEntry) -> None:
        def ended(outcome: JobOutcome[AnnotationSet | None]) -> None:
            if outcome.error is not None:
                text = f"Regions of last time cannot be read: {error_text(outcome.error)}"
                self._tell(entry.key, Notice(text=text, is_error=True))
                self._is_foreign.add(entry.key)
            elif outcome.value is not None and entry.key in self._entries:
                self._bring_back(entry.key, outcome.value.annotations)

        if autosave.saved_file(entry.record).exists():
            self._jobs.start(uninterrupted(autosave.restore, entry.slide), on_end=ended)

    def _bring_back(self, key: str, annotations: tuple[Annotation, ...]) -> None:
        if self._store.regions_of(key):  # these came with the slide, or were drawn meanwhile
            self._is_foreign.add(key)
            self._tell(key, Notice(text="Other regions of last time are kept.", action="Restore them"))
            return
        self._store.begin(key, edits.with_ids(annotations))
        what = edits.counted(len(annotations))
        self._tell(key, Notice(text=f"Regions of last time restored ({what}).", action="Discard"))

    def answer(self) -> None:
        """Do what the line about the last time offers: discard those regions, or restore them after all."""
        entry = self._store.entry
        if entry is None:
            return
        is_discarding = self._state.restored.action == "Discard"
        others = self._others.pop(entry.key, None)
        self.dismiss()
        if others is not None:
            self._store.commit("use the other regions", others)
            return
        if is_discarding:
            self._store.commit("discard the regions of last time", ())
            return
        try:
            found = autosave.restore(entry.slide)
        except HistCodeError as error:
            self._store.say(error_text(error), is_error=True)
            return
        if found is not None:
            taken = {str(region.id) for region in self._store.regions}
            old = edits.with_ids(found.annotations, taken)
            self._store.commit("restore the regions of last time", (*self._store.regions, *old))

    def dismiss(self) -> None:
        """Take the line about the last time away."""
        entry = self._store.entry
        if entry is not None:
            self._restored.pop(entry.key, None)
        self._state.restored = Notice()

    def switch(self) -> None:
        """Show the line about another slide, and keep what was drawn on the one before."""
        entry = self._store.entry
        self._state.restored = Notice() if entry is None else self._restored.get(entry.key, Notice())
        self._save_next()

    def forget(self, key: str) -> None:
        """Keep the regions of a slide that is being closed, then forget it."""
        self._save_now(key)
        self._entries.pop(key, None)
        self._restored.pop(key, None)
        self._others.pop(key, None)
        self._kept.pop(key, None)
        self._is_foreign.discard(key)

    def close(self) -> None:
        """Keep all that is not kept yet."""
        for key in tuple(self._entries):
            self._save_now(key)

    def _tell(self, key: str, notice: Notice) -> None:
        self._restored[key] = notice
        entry = self._store.entry
        if entry is not None and entry.key == key:
            self._state.restored = notice

    def _wish(self) -> None:
        self._n_wishes += 1
        wish = self._n_wishes
        self._board.later(self._pause_s, lambda: self._save_next() if wish == self._n_wishes else None)

    def _is_due(self, key: str) -> bool:
        return self._store.n_edits(key) > self._kept.get(key, 0)

    def _save_next(self) -> None:
        key = next((key for key in self._entries if self._is_due(key)), None)
        if key is None or self._is_writing:
            return
        n_edits, regions = self._store.n_edits(key), self._store.regions_of(key)
        slide, classes, keeps = self._entries[key].slide, self._state.classes, key in self._is_foreign
        start = time.monotonic()

        def ended(outcome: JobOutcome[None]) -> None:
            self._is_writing = False
            self._pause_s = max(PAUSE_S, PAUSES_PER_SAVE * (time.monotonic() - start))
            self._kept[key] = n_edits  # also after a failure, which would come again at once
            self._is_foreign.discard(key)
            if outcome.error is not None:
                self._store.say(f"Regions cannot be kept: {error_text(outcome.error)}", is_error=True)
            if self._is_due(key):
                self._wish()
            else:
                self._save_next()

        self._is_writing = True
        self._jobs.start(
            uninterrupted(
                lambda: autosave.save(coloured(regions, classes), slide, classes, keeps_previous=keeps)
            ),
            on_end=ended,
        )

    def _save_now(self, key: str) -> None:
        """Save while the window waits: there is no later."""
        if not self._is_due(key):
            return
        regions, classes = self._store.regions_of(key), self._state.classes
        try:
            autosave.save(
                coloured(regions, classes),
                self._entries[key].slide,
                classes,
                keeps_previous=key in self._is_foreign,
            )
        except HistCodeError as error:
            self._store.say(f"Regions cannot be kept: {error_text(error)}", is_error=True)
        self._kept[key] = self._store.n_edits(key)
