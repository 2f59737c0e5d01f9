"""Keeping what was taught: as a model, and the marks as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_histcode.plugin.ask import teach_tasks
from napari_histcode.plugin.ask.teach_marks import SlideMarks
from napari_histcode.plugin.ask.teach_state import TeachState
from napari_histcode.plugin.ask.teach_tasks import Lesson
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.jobs import JobOutcome, uninterrupted
from napari_histcode.plugin.session import Activity, Phase
from napari_histcode.plugin.wording import error_text


class TeachKeeping:
    """Writes models and marks in the background.

    Parameters
    ----------
    main : Controller
        The window's controller: the session, the list of models.
    state : TeachState
        What was taught.
    marks : callable
        Returns the clicks on the current slide.
    """

    def __init__(self, main: Controller, state: TeachState, marks: Callable[[], SlideMarks | None]) -> None:
        self._main = main
        self._session = main.session
        self._state = state
        self._marks = marks

    def save(self, name: str) -> None:
        """Write a model with what was taught as one of its heads, and list it."""
        lesson, result, state = self._state.lesson, self._session.result, self._state
        if lesson is None or lesson.taught is None or result is None or not name.strip():
            return
        state.saved = ""
        state.saving = Activity(phase=Phase.WORKING, text="Writing the model …")

        def ended(outcome: JobOutcome[str]) -> None:
            if outcome.value is not None:
                self._main.menu.refresh()
            if self._session.result is result:
                self._show_saved(lesson, outcome)

        work = uninterrupted(teach_tasks.save_model, lesson, result, self._session.model, name.strip())
        self._main.jobs.start(work, on_end=ended)

    def _show_saved(self, lesson: Lesson, outcome: JobOutcome[str]) -> None:
        state = self._state
        if outcome.error is not None:
            state.saving = Activity(text=error_text(outcome.error), is_error=True)
        elif outcome.value is not None:
            later = "" if state.lesson is lesson else ", without the marks that came later"
            state.saving = Activity(text=f"Saved as model {outcome.value}{later}. It is listed on page Read.")
            state.saved = outcome.value

    def use_saved(self) -> None:
        """Analyse with the model that was saved last from now on."""
        if self._state.saved:
            self._main.menu.choose_model(self._state.saved)
            self._state.saving = Activity(text=f"{self._state.saved} is chosen: analyse slides on page Read.")
            self._state.saved = ""

    def export(self, path: Path) -> None:
        """Write the clicked tiles as GeoJSON."""
        marks, entry, state = self._marks(), self._session.current, self._state
        if marks is None or entry is None or not marks.class_of:
            return
        state.exporting = Activity(phase=Phase.WORKING, text="Writing marks …")

        def ended(outcome: JobOutcome[Path]) -> None:
            if outcome.error is not None:
                state.exporting = Activity(text=error_text(outcome.error), is_error=True)
            elif outcome.value is not None:
                state.exporting = Activity(text=f"Written to {outcome.value}")

        work = uninterrupted(teach_tasks.export_marks, marks, state.classes, entry.slide, path)
        self._main.jobs.start(work, on_end=ended)
