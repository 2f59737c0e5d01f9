"""A window without napari, Qt or threads, as far as sessions know it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shapely import box

from napari_histcode.plugin.annotate import edits
from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.ask.controller import AskController
from napari_histcode.plugin.blind.controller import BlindController
from napari_histcode.plugin.compare.choices import ChoiceKeeper
from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.export.controller import ExportController
from napari_histcode.plugin.saving.controller import SavingController
from napari_histcode.plugin.saving.desk import Desk
from napari_histcode.plugin.session import SlideEntry
from napari_histcode.plugin.view.controller import ViewController
from tests.plugin.fake_board import FakeBoard
from tests.plugin.fakes import FakeCanvas, FakeRunner


class Clock:
    """A time that goes on when the test says so."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class SavingDesk:
    """All controllers that a session has to do with, as the dock makes them."""

    def __init__(self, model: Path | None = None) -> None:
        self.canvas, self.jobs, self.board, self.clock = FakeCanvas(), FakeRunner(), FakeBoard(), Clock()
        self.controller = Controller(self.canvas, self.jobs)
        self.session = self.controller.session
        self.view = ViewController(self.session, self.canvas, self.jobs)
        self.annotate = AnnotateController(
            self.session, self.canvas, self.board, self.jobs, self.controller.maps
        )
        self.controller.regions_opened.connect(self.annotate.slide_opened)
        self.compare = CompareController(self.session, self.canvas, self.jobs)
        self.blind = BlindController(self.session, self.jobs, self.clock)
        self.annotate.drawing.placed.connect(self.blind.region_placed)
        self.annotate.selecting.classified.connect(self.blind.region_placed)
        self.export = ExportController(
            self.session, self.canvas, self.jobs, self.controller.maps, self.compare.state,
            self.blind.reading_of,
        )  # fmt: skip
        self.ask = AskController(self.controller, self.annotate.state, self.canvas)
        self.page = "Read"
        self.saving = SavingController(
            Desk(
                controller=self.controller,
                view=self.view,
                annotate=self.annotate,
                choices=ChoiceKeeper(self.compare),
                blind=self.blind,
                page=lambda: self.page,
                show_page=lambda name: setattr(self, "page", name),
            ),
            self.jobs,
            self.clock,
        )
        if model is not None:
            self.controller.menu.choose_model(str(model))
            self.jobs.run_all()

    def open(self, path: Path, **options: Any) -> SlideEntry:
        self.controller.open_slide(path, **options)
        self.jobs.run_all()
        assert self.session.current is not None
        return self.session.current

    def draw(self, *classes: str) -> None:
        """Draw a square of each class."""
        regions = self.annotate.store.regions
        for place, name in enumerate(classes, len(regions)):
            square = box(100 * place, 50, 100 * place + 80, 130)
            new = edits.make_region(square, name, self.annotate.state.classes)
            regions = (*regions, new)
        self.annotate.store.commit("draw", regions)

    def save(self, path: Path | None = None) -> None:
        self.saving.save(path)
        self.jobs.run_all()
        assert not self.saving.state.notice.is_error, self.saving.state.notice

    def restore(self, path: Path) -> None:
        self.saving.open(path)
        self.jobs.run_all()

    def close(self) -> None:
        self.saving.close()
        self.annotate.close()
