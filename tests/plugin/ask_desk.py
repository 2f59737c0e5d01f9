"""The page Ask with everything around it, on a real small result: no napari, no Qt, no threads."""

from __future__ import annotations

from pathlib import Path

from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.ask.controller import AskController
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.session import Result
from tests.plugin.fakes import FakeCanvas, FakeRunner


class AskDesk:
    """Opens slides with their results."""

    def __init__(self, model: Path) -> None:
        self.canvas, self.jobs = FakeCanvas(), FakeRunner()
        self.controller = Controller(self.canvas, self.jobs)
        self.session = self.controller.session
        self.annotate = AnnotateState()
        self.ask = AskController(self.controller, self.annotate, self.canvas)
        self.faithful, self.what_if, self.trust = self.ask.faithful, self.ask.what_if, self.ask.trust
        self.controller.menu.choose_model(str(model))
        self.jobs.run_all()

    def open(self, slide: Path, result: Path | None = None, *, runs: bool = True) -> str:
        """Open a slide; with ``runs`` off, what the page wants to know waits."""
        self.controller.open_slide(slide, result=result)
        self.jobs.waiting.pop().run()
        if runs:
            self.jobs.run_all()
        assert self.session.current is not None
        return self.session.current.key

    def take(self, result: Result) -> None:
        """Make this the result of the current slide."""
        self.controller.results.take(self.session.current.key, result)

    @property
    def shown(self) -> set[str]:
        """Names of the maps that are switched on and drawn."""
        return {name for name, is_on in self.canvas.visible.items() if is_on and name in self.canvas.maps}
