"""Session <-> jobs: label and macro come when they are asked for, and go when they are closed."""

from __future__ import annotations

from napari_histcode.errors import HistCodeError
from napari_histcode.plugin.glass.state import GlassPicture, GlassState, glass_pictures_of
from napari_histcode.plugin.glass.tasks import read_glass
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, RunningJob
from napari_histcode.plugin.session import Session

CANNOT_BE_READ = "The pictures cannot be read: the file is damaged there."


class GlassController:
    """Reads label and macro of the current slide on request.

    Parameters
    ----------
    session : Session
        Knows the slide.
    jobs : JobRunner
        Reads them.
    """

    def __init__(self, session: Session, jobs: JobRunner) -> None:
        self.state = GlassState()
        self._session = session
        self._jobs = jobs
        self._reading: RunningJob | None = None
        self._question = 0
        session.events.current.connect(self._slide_changed)
        self._slide_changed()

    def open(self) -> None:
        """Read the pictures, blurred at first."""
        entry, state = self._session.current, self.state
        if entry is None or not state.names or state.is_open:
            return
        state.is_open, state.text = True, "Reading …"
        self._question += 1
        question, slide, names = self._question, entry.slide, state.names

        def ended(outcome: JobOutcome[tuple[GlassPicture, ...]]) -> None:
            if question != self._question:
                return  # closed meanwhile
            self._reading = None
            state.text = "" if outcome.value is not None else _complaint(outcome.error)
            state.pictures = outcome.value or ()

        job = self._jobs.start(lambda _progress, cancel: read_glass(slide, names, cancel), on_end=ended)
        if not state.pictures:  # a runner without threads has ended already
            self._reading = job

    def close(self) -> None:
        """Forget the pictures."""
        self._question += 1
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        self.state.pictures = ()
        self.state.text = ""
        self.state.is_open = False

    def _slide_changed(self) -> None:
        self.close()
        entry = self._session.current
        self.state.names = () if entry is None else glass_pictures_of(entry.slide)


def _complaint(error: BaseException | None) -> str:
    """Say why, in our own words: a library's message may hold the file's name."""
    return error.message if isinstance(error, HistCodeError) else CANNOT_BE_READ
