"""Session <-> reader: hides what the model says until there is an opinion, and keeps the times.

A slide that is hidden is in ``session.veiled``, and then the session has no result: not a panel, a layer, a
tool, the status bar nor an export can show what is not there. An analysis may run meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from napari_histcode.annotations import is_ignored
from napari_histcode.export.provenance import timestamp
from napari_histcode.plugin.blind import tasks
from napari_histcode.plugin.blind.state import BlindState
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.session import Session, SlideEntry
from napari_histcode.saved.reading import Confidence, Opinion, Reading


def _now() -> datetime:
    return datetime.now(UTC)


class BlindController:
    """Keeps the readings.

    Parameters
    ----------
    session : Session
        What is open; its ``veiled`` is written here alone.
    jobs : JobRunner
        Looks up the classes of models.
    now : callable
        The clock.
    """

    def __init__(self, session: Session, jobs: JobRunner, now: Callable[[], datetime] = _now) -> None:
        self.session = session
        self.state = BlindState()
        self._jobs = jobs
        self._now = now
        self._opened: dict[str, str] = {}
        self._shown: set[str] = set()
        self._expected: dict[str, Reading | None] = {}
        session.events.slides.connect(self._slides_changed, priority=1)
        session.events.result.connect(self._result_changed)
        session.events.model.connect(self._model_changed)
        self._slides_changed()

    def close(self) -> None:
        """Let go of everything that listens."""
        for name in self.state.events:
            self.state.events[name].disconnect()

    @property
    def reading(self) -> Reading | None:
        """The reading of the current slide; None where it is not read blind."""
        entry = self.session.current
        return self.state.readings.get(entry.key) if entry is not None else None

    def reading_of(self, key: str) -> Reading | None:
        """Return the reading of a slide; None where it is not read blind."""
        return self.state.readings.get(key)

    # What the reader does

    def set_on(self, *, is_on: bool) -> None:
        """Begin hidden with all slides whose maps nobody has seen, or show everything."""
        self.state.is_on = is_on
        if is_on:
            self._find_classes()
            for entry in self.session.slides:
                self._begin(entry)
        else:
            shown = {key: self._revealed(reading) for key, reading in self.state.readings.items()}
            self.state.readings = shown
        self._veil()

    def note(self, class_name: str, confidence: Confidence | None = None, words: str = "") -> None:
        """Place a first opinion on the current slide in words; only the first one counts.

        Parameters
        ----------
        class_name : str
            One of the model's classes, or the reader's own word.
        confidence : {"low", "medium", "high"}, optional
            How sure.
        words : str
            One line.
        """
        name = class_name.strip()
        if name:
            self._place(Opinion(class_name=name, confidence=confidence, words=words.strip()))

    def region_placed(self, class_name: str | None) -> None:
        """Take a region that was drawn, or given a class, as the first opinion; "Region*" is none."""
        if not is_ignored(class_name):
            self._place(Opinion(class_name=class_name, is_region=True))

    def reveal(self) -> None:
        """Show what the model says of the current slide, once there is an opinion."""
        entry, reading = self.session.current, self.reading
        if entry is not None and reading is not None and reading.opinion is not None:
            self._change(entry.key, self._revealed(reading))
            self._veil()

    def _place(self, opinion: Opinion) -> None:
        entry, reading = self.session.current, self.reading
        if entry is None or reading is None or not reading.is_hidden or reading.opinion is not None:
            return
        self._change(entry.key, replace(reading, opinion=opinion, first_opinion=self._time()))

    def _revealed(self, reading: Reading) -> Reading:
        return replace(reading, revealed=self._time()) if reading.is_hidden else reading

    # Slides

    def expect(self, digest: str, reading: Reading | None) -> None:
        """Go on with a reading of a session when its slide comes.

        Parameters
        ----------
        digest : str
            Of the slide.
        reading : Reading or None
            The reading; None for a slide that was not read blind, and is not now.
        """
        entry = next((each for each in self.session.slides if each.record.digest == digest), None)
        if entry is None:
            self._expected[digest] = reading
        elif reading is not None and entry.key not in self._shown:
            self._change(entry.key, reading)
            self._veil()

    def _slides_changed(self) -> None:
        entries = {entry.key: entry for entry in self.session.slides}
        for key in entries.keys() - self._opened.keys():
            self._opened[key] = self._time()
            digest = entries[key].record.digest
            if digest not in self._expected:
                if self.state.is_on:
                    self._begin(entries[key])
                continue
            expected = self._expected.pop(digest)
            if expected is None:
                self._shown.add(key)
            else:
                self._change(key, expected)
        for key in self._opened.keys() - entries.keys():
            del self._opened[key]
            self._shown.discard(key)
        kept = {key: reading for key, reading in self.state.readings.items() if key in entries}
        if kept != self.state.readings:
            self.state.readings = kept
        self._veil()

    def _begin(self, entry: SlideEntry) -> None:
        """Hide a slide, unless it has been read, blind or not."""
        if entry.key not in self._shown and entry.key not in self.state.readings:
            self._change(entry.key, Reading(opened=self._opened[entry.key]))

    def _result_changed(self) -> None:
        """Remember whose maps have been seen."""
        if self.session.result is not None and self.session.current is not None:
            self._shown.add(self.session.current.key)

    def _change(self, key: str, reading: Reading) -> None:
        self.state.readings = {**self.state.readings, key: reading}

    def _veil(self) -> None:
        hidden = frozenset(key for key, reading in self.state.readings.items() if reading.is_hidden)
        if hidden != self.session.veiled:
            self.session.veiled = hidden

    def _time(self) -> str:
        return timestamp(self._now())

    # Classes to choose from

    def _model_changed(self) -> None:
        if self.state.is_on:
            self._find_classes()

    def _find_classes(self) -> None:
        model = self.session.model
        work = uninterrupted(tasks.class_labels, model)
        self._jobs.start(work, on_end=partial(self._classes_found, model))

    def _classes_found(self, model: str, outcome: JobOutcome[tuple[str, ...]]) -> None:
        """Offer the model's classes; where there are none, the reader has words of their own."""
        if model == self.session.model:
            self.state.outputs = outcome.value or ()
