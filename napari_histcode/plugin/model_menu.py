"""What there is to compute with: the menus of models and of devices."""

from __future__ import annotations

from napari_histcode.plugin import tasks
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.session import Choice, Session


class ModelMenu:
    """Fills the menus off the GUI thread, and takes what is chosen from them.

    Parameters
    ----------
    session : Session
        Has the menus and the choices.
    canvas : Canvas
        Where it is told if they cannot be filled.
    jobs : JobRunner
        Looks for models and devices.
    """

    def __init__(self, session: Session, canvas: Canvas, jobs: JobRunner) -> None:
        self._session, self._canvas, self._jobs = session, canvas, jobs

    def start(self) -> None:
        """See what there is.

        Torch is loaded now, before anybody waits for it: loading native libraries holds Python's lock for
        tenths of a second, which must not happen while a job runs.
        """
        self.refresh()
        self._jobs.start(uninterrupted(tasks.warm_up), on_end=self._warmed_up)

    def choose_model(self, name: str) -> None:
        """Analyse with this model from now on: one of the menu, or a name or folder that is not in it."""
        self._session.model = name
        if name not in {choice.name for choice in self._session.models}:
            self.refresh()

    def choose_device(self, name: str) -> None:
        """Analyse on this device from now on."""
        self._session.device = name

    def refresh(self) -> None:
        """List the models, maybe anew: one may have been written."""
        chosen = self._session.model

        def found(outcome: JobOutcome[tuple[Choice, ...]]) -> None:
            if self._session.model != chosen:
                return  # another search is under way
            if outcome.value:
                self._session.models = outcome.value
                if chosen not in {choice.name for choice in outcome.value}:
                    self._session.model = outcome.value[0].name
            elif outcome.error is not None:
                self._canvas.report(outcome.error)

        self._jobs.start(uninterrupted(tasks.find_models, chosen), on_end=found)

    def _warmed_up(self, outcome: JobOutcome[tuple[Choice, ...]]) -> None:
        if outcome.value:
            self._session.devices = outcome.value
        elif outcome.error is not None:
            self._canvas.report(outcome.error)
