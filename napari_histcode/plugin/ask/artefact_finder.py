"""Looks for artefacts on the current slide, and paints the tiles that are mostly artefact."""

from __future__ import annotations

from functools import partial

import numpy as np

from napari_histcode.export.quality import COLOURS
from napari_histcode.plugin.ask import tasks
from napari_histcode.plugin.ask.choosables import ARTEFACT
from napari_histcode.plugin.ask.exclusions import is_artefact
from napari_histcode.plugin.ask.tasks import Artefacts
from napari_histcode.plugin.ask.what_if_state import WhatIfState
from napari_histcode.plugin.canvas import Canvas, ShownClasses
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, JobState, RunningJob
from napari_histcode.plugin.session import Activity, Phase, Result, Session
from napari_histcode.plugin.wording import duration, error_text
from napari_histcode.progress import Progress
from napari_histcode.tissue.quality import ARTEFACTS, Artefact

LAYER = "ask.artefacts"
OPACITY = 0.6


class ArtefactFinder:
    """Finds pen, folds and tissue out of focus in the background.

    Parameters
    ----------
    session : Session
        What is open.
    state : WhatIfState
        Takes what is found.
    canvas : Canvas
        Where it is painted.
    jobs : JobRunner
        Where work is done.
    """

    def __init__(self, session: Session, state: WhatIfState, canvas: Canvas, jobs: JobRunner) -> None:
        self._session = session
        self._state = state
        self._canvas = canvas
        self._jobs = jobs
        self._is_active = False
        self._job: RunningJob | None = None
        self._of: Result | None = None

    def set_active(self, *, is_active: bool) -> None:
        """Paint what was found, or hide it."""
        self._is_active = is_active
        self._show_or_hide()

    def show(self, *, is_shown: bool) -> None:
        """Paint the artefacts, as the user likes it."""
        self._state.shows_artefacts = is_shown
        self._show_or_hide()

    def find(self) -> None:
        """Look for artefacts on the current slide."""
        entry, result, state = self._session.current, self._session.result, self._state
        if entry is None or result is None or state.finding.phase is not Phase.IDLE:
            return
        state.finding = Activity(phase=Phase.WORKING, text="Looking for artefacts …")
        self._of = result
        self._job = self._jobs.start(
            partial(tasks.find_artefacts, entry.slide, result.scores.grid),
            on_progress=self._progressed,
            on_end=partial(self._found, result),
        )

    def cancel(self) -> None:
        """Stop looking."""
        if self._job is not None and self._state.finding.phase is Phase.WORKING:
            self._job.cancel()
            self._state.finding = Activity(phase=Phase.STOPPING, text="Stopping …")

    def forget(self) -> None:
        """Forget the artefacts of another slide."""
        if self._job is not None:
            self._job.cancel()
        self._job = self._of = None
        self._canvas.remove(LAYER)
        self._state.finding = Activity()
        self._state.artefacts = None

    def _progressed(self, progress: Progress) -> None:
        if self._job is not None and self._state.finding.phase is Phase.WORKING:
            stage = progress.stage[:1].upper() + progress.stage[1:]
            share = f" {progress.fraction:.0%}" if progress.total else " …"
            self._state.finding = Activity(
                phase=Phase.WORKING,
                text=f"{stage}{share}",
                fraction=progress.fraction if progress.total else None,
            )

    def _found(self, result: Result, outcome: JobOutcome[Artefacts]) -> None:
        if self._of is not result:
            return  # the slide was closed, or another result has come
        self._job = self._of = None
        state = self._state
        if outcome.state is JobState.CANCELLED:
            state.finding = Activity(text="Stopped.")
        elif outcome.error is not None:
            state.finding = Activity(text=error_text(outcome.error), is_error=True)
            self._canvas.report(outcome.error)
        elif outcome.value is not None:
            kinds = [kind for kind in ARTEFACTS if is_artefact(outcome.value.tiles, (kind,)).any()]
            state.finding = Activity(text=_summary(outcome.value, kinds, outcome.seconds))
            state.ticked = state.ticked | {f"{ARTEFACT}{int(kind)}" for kind in kinds}
            state.artefacts = outcome.value
            self._show_or_hide()

    def _show_or_hide(self) -> None:
        artefacts, entry, result = self._state.artefacts, self._session.current, self._session.result
        if artefacts is None or entry is None or result is None:
            return
        if not (self._is_active and self._state.shows_artefacts):
            self._canvas.set_classes_visible(LAYER, is_visible=False)
            return
        classes = np.where(is_artefact(artefacts.tiles, ARTEFACTS), artefacts.tiles.classes, 0)
        self._canvas.put_classes(
            ShownClasses(
                name=LAYER,
                label="artefacts",
                grid=result.scores.grid,
                classes=classes.astype(np.int16),
                colours={int(kind): colour for kind, colour in COLOURS.items()},
                labels={int(kind): kind.label for kind in ARTEFACTS},
                record=entry.record,
                opacity=OPACITY,
            )
        )


def _summary(artefacts: Artefacts, kinds: list[Artefact], seconds: float) -> str:
    n_tiles = int(is_artefact(artefacts.tiles, ARTEFACTS).sum())
    missing = " ".join(
        f"{kind.label.capitalize()} was not assessed: {reason}."
        for kind, reason in artefacts.mask.not_assessed.items()
    )
    if not kinds:
        found = f"No tile is mostly artefact (looked for {duration(seconds)})."
    else:
        are = "tile is" if n_tiles == 1 else "tiles are"
        found = f"{n_tiles:,} {are} mostly artefact; those ticked below are left out."
    return f"{found} {missing}".strip()
