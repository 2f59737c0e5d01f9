"""Further readers of the same slide: their files, read off the GUI thread."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from napari_histcode.annotations import AnnotationSet
from napari_histcode.plugin import file_names
from napari_histcode.plugin.compare.state import CompareState, Reader
from napari_histcode.plugin.compare.tasks import read_reader
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.session import Activity, Phase, Session

FIRST_NUMBER = 2
"""The regions on the slide are reader 1."""


class ReaderController:
    """Adds and removes readers.

    Parameters
    ----------
    session : Session
        What is open.
    state : CompareState
        The page's state.
    jobs : JobRunner
        Where files are read.
    """

    def __init__(self, session: Session, state: CompareState, jobs: JobRunner) -> None:
        self._session = session
        self._state = state
        self._jobs = jobs
        self._key: str | None = None
        session.events.current.connect(self._forget_other_slide)

    def add(self, path: Path) -> None:
        """Take the regions of a file as a further reader's."""
        entry = self._session.current
        if entry is None:
            return
        self._state.reading = Activity(phase=Phase.WORKING, text="Reading regions …")
        self._jobs.start(
            uninterrupted(read_reader, path, entry.slide), on_end=partial(self._read, path, key=entry.key)
        )

    def remove(self, name: str) -> None:
        """Compare with this reader no more; the others are numbered anew."""
        kept = [reader for reader in self._state.readers if reader.name != name]
        self._state.readers = tuple(
            replace(reader, name=f"reader {k}") for k, reader in enumerate(kept, FIRST_NUMBER)
        )

    def _read(self, path: Path, outcome: JobOutcome[AnnotationSet], *, key: str) -> None:
        entry, state = self._session.current, self._state
        if entry is None or entry.key != key:
            return  # another slide is open by now
        found, shows_names = outcome.value, self._session.shows_file_names
        if outcome.error is not None:
            text = file_names.error_line(outcome.error, (path,), shows_names=shows_names)
            state.reading = Activity(text=text, is_error=True)
        elif found is None:
            state.reading = Activity()
        elif not found.areas:
            state.reading = Activity(text="The file holds no region with an area.", is_error=True)
        else:
            notes = tuple(finding.describe() for finding in found.report)
            state.reading = Activity(text=f"{notes[0]}." if notes else "")
            reader = Reader(
                name=f"reader {FIRST_NUMBER + len(state.readers)}", annotations=found.areas, notes=notes
            )
            state.readers = (*state.readers, reader)

    def _forget_other_slide(self) -> None:
        entry = self._session.current
        key = entry.key if entry is not None else None
        if key != self._key:
            self._key = key
            self._state.readers, self._state.reading = (), Activity()
