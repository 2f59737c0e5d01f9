"""Takes each new result apart once: the common ground of faithfulness and what-if."""

from __future__ import annotations

from functools import partial

from napari_histcode.plugin.ask import tasks
from napari_histcode.plugin.ask.explained import NO_FEATURES, NO_RESULT, Explained, ExplainerState
from napari_histcode.plugin.blind.words import HIDDEN
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.session import Activity, Phase, Result, Session
from napari_histcode.plugin.wording import error_text


class Explainer:
    """Takes each new result apart.

    Parameters
    ----------
    session : Session
        What is open.
    jobs : JobRunner
        Where work is done.
    """

    def __init__(self, session: Session, jobs: JobRunner) -> None:
        self.state = ExplainerState()
        self._session = session
        self._jobs = jobs
        session.events.result.connect(self._result_changed)
        for signal in (session.events.veiled, session.events.current):
            signal.connect(self._veil_changed)
        self._result_changed()

    def _result_changed(self) -> None:
        result, state = self._session.result, self.state
        state.explained = None
        if result is None:
            state.explaining = Activity(text=HIDDEN if self._session.is_veiled else NO_RESULT)
            return
        if result.bag is None:
            state.explaining = Activity(text=NO_FEATURES)
            return
        state.explaining = Activity(phase=Phase.WORKING, text="Asking the model …")
        work = uninterrupted(tasks.explain, result, result.bag, self._session.model)
        self._jobs.start(work, on_end=partial(self._ended, result))

    def _veil_changed(self) -> None:
        if self._session.result is None:
            self._result_changed()

    def _ended(self, result: Result, outcome: JobOutcome[Explained]) -> None:
        if self._session.result is not result:
            return  # the slide was closed, or another result has come
        if outcome.error is not None:
            self.state.explaining = Activity(text=error_text(outcome.error), is_error=True)
            return
        self.state.explaining = Activity()
        self.state.explained = outcome.value
