"""Results of open slides: kept for each, shown for the current one unless they are hidden from its reader."""

from __future__ import annotations

from napari_histcode.plugin import tasks
from napari_histcode.plugin.evidence import Evidence
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.map_scene import MapScene
from napari_histcode.plugin.session import Result, Session


class ResultKeeper:
    """Keeps results by their slides' keys, and shows that of the current slide.

    Parameters
    ----------
    session : Session
        Takes the evidence of what is shown.
    maps : MapController
        Shows the maps.
    jobs : JobRunner
        Looks up the evidence.
    """

    def __init__(self, session: Session, maps: MapController, jobs: JobRunner) -> None:
        self._session, self._maps, self._jobs = session, maps, jobs
        self._results: dict[str, Result] = {}
        session.events.veiled.connect(self._veil_changed)

    def take(self, key: str, result: Result, scene: MapScene | None = None) -> None:
        """Keep a result, and show it if it is the current slide's.

        Parameters
        ----------
        key : str
            Key of the slide.
        result : Result
            What is known of it.
        scene : MapScene, optional
            How its maps are to be shown.
        """
        if scene is not None:
            self._maps.remember(result, scene)
        self._results[key] = result
        if self._session.current is not None and self._session.current.key == key:
            self.show(key)

    def bring(self, key: str, result: Result | None, scene: MapScene | None = None) -> None:
        """Show a result of an open slide, or the one that it has, as it was left another time.

        Parameters
        ----------
        key : str
            Key of the slide.
        result : Result or None
            The result; None for the one that is there.
        scene : MapScene, optional
            How its maps are shown.
        """
        shown = result or self.of(key)
        if shown is None or self._session.entry(key) is None:
            return
        if self._session.result is shown:
            self._maps.show(None)  # which remembers how the maps were
        self.take(key, shown, scene)

    def of(self, key: str) -> Result | None:
        """Return what is known of an open slide, hidden or not: for keeping, not for showing."""
        return self._results.get(key)

    def forget(self, key: str) -> None:
        """Let go of what is known of a slide; what is shown stays."""
        self._results.pop(key, None)

    def show(self, key: str) -> None:
        """Show what is known of the current slide, unless that is hidden from its reader."""
        result = None if key in self._session.veiled else self.of(key)
        self._maps.show(result)
        if result is not None:
            self._find_evidence(result)

    def _veil_changed(self) -> None:
        session = self._session
        if session.current is None:
            return
        wanted = None if session.is_veiled else self.of(session.current.key)
        if session.is_veiled or wanted is not session.result:  # a map so far may be drawn without a result
            self.show(session.current.key)

    def _find_evidence(self, result: Result) -> None:
        """Look up what was measured of the model, for the list of maps."""

        def found(outcome: JobOutcome[dict[tuple[str, str], Evidence]]) -> None:
            if outcome.value is not None and self._session.result is result:
                self._session.evidence = outcome.value

        work = uninterrupted(tasks.find_evidence, result.scores, self._session.model)
        self._jobs.start(work, on_end=found)
