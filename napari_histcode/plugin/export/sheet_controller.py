"""Session <-> jobs: the tiles at the two ends of the selected map, written as a contact sheet."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.export.layout import file_stems
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.export.controller import ExportController
from napari_histcode.plugin.export.tasks import export_sheet
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, RunningJob
from napari_histcode.plugin.session import Activity, Phase
from napari_histcode.plugin.wording import error_text
from napari_histcode.progress import Progress

LONGEST_ENDING = 4


@dataclass(kw_only=True, eq=False)
class SheetState:
    """What became of the last contact sheet."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    writing: Activity = field(default_factory=Activity)
    """The sheet that is being written, or how the last one ended."""


def with_ending(path: Path, *, is_pdf: bool) -> Path:
    """Give a file an ending where the user typed none; names of maps have dots of their own.

    Parameters
    ----------
    path : Path
        What was typed.
    is_pdf : bool
        Which ending to give.
    """
    ending = path.suffix.removeprefix(".")
    has_ending = ending.isalnum() and len(ending) <= LONGEST_ENDING
    return path if has_ending else path.with_name(f"{path.name}{'.pdf' if is_pdf else '.png'}")


class SheetController:
    """Writes the contact sheet of the selected map.

    Parameters
    ----------
    export : ExportController
        Knows what is on the screen and what goes into every file.
    canvas : Canvas
        Reports errors.
    jobs : JobRunner
        Writes in the background.
    """

    def __init__(self, export: ExportController, canvas: Canvas, jobs: JobRunner) -> None:
        self.state = SheetState()
        self._export = export
        self._session = export.session
        self._canvas = canvas
        self._jobs = jobs
        self._job: RunningJob | None = None
        for signal in (self._session.events.result, self._session.events.selected_map):
            signal.connect(self._subject_changed)

    @property
    def file_name(self) -> str:
        """Name to propose for the file: the slide's alias and the map's name."""
        entry, name = self._session.current, self._session.selected_map
        if entry is None or name is None:
            return "tiles.png"
        return f"{entry.record.alias}-{file_stems((name,))[name]}.png"

    def write(self, path: Path) -> None:
        """Write a contact sheet; the file's ending says whether as PNG or PDF."""
        request = self._export.sheet_request(path)
        if request is None or self.state.writing.phase is not Phase.IDLE:
            return
        self.state.writing = Activity(phase=Phase.WORKING, text="Reading tiles …")
        job = self._jobs.start(
            lambda progress, cancel: export_sheet(request, progress, cancel),
            on_progress=self._progressed,
            on_end=self._ended,
        )
        if self.state.writing.phase is Phase.WORKING:
            self._job = job

    def cancel(self) -> None:
        """Stop; nothing half-written stays."""
        if self._job is not None and self.state.writing.phase is Phase.WORKING:
            self._job.cancel()
            self.state.writing = Activity(phase=Phase.STOPPING, text="Stopping …")

    def close(self) -> None:
        """Let go of everything that listens."""
        for name in self.state.events:
            self.state.events[name].disconnect()

    def _progressed(self, progress: Progress) -> None:
        if self.state.writing.phase is Phase.WORKING and progress.total:
            text = f"Reading tiles {progress.done} of {progress.total}"
            self.state.writing = Activity(phase=Phase.WORKING, text=text, fraction=progress.fraction)

    def _ended(self, outcome: JobOutcome[tuple[Path, ...]]) -> None:
        self._job = None
        if outcome.error is not None:
            self.state.writing = Activity(text=error_text(outcome.error), is_error=True)
            self._canvas.report(outcome.error)
        elif outcome.value:
            self.state.writing = Activity(text=f"Written to {outcome.value[0]}")
        else:
            self.state.writing = Activity(text="Stopped. Nothing was written.")

    def _subject_changed(self) -> None:
        """Take away the words about another map's sheet."""
        if self.state.writing.phase is Phase.IDLE:
            self.state.writing = Activity()
