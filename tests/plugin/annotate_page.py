"""The Annotate page without a window: a board that remembers, and jobs that run when the test says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate.board import Drawn, Picked
from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.annotate.state import Tool
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.session import Session, SlideEntry
from napari_histcode.slide import open_slide
from tests.plugin.fake_board import FakeBoard
from tests.plugin.fakes import FakeCanvas, FakeRunner


class Page:
    """The page with all that it talks to."""

    def __init__(self, path: Path) -> None:
        self.session, self.canvas, self.board, self.jobs = Session(), FakeCanvas(), FakeBoard(), FakeRunner()
        maps = MapController(self.session, self.canvas)
        self.annotate = AnnotateController(self.session, self.canvas, self.board, self.jobs, maps)
        self.state = self.annotate.state
        self.path = path
        self.entry = self.open("one", path)

    def open(self, key: str, path: Path) -> SlideEntry:
        entry = SlideEntry(key=key, slide=open_slide(path))
        self.session.slides = (*self.session.slides, entry)
        self.session.current = entry
        return entry

    @property
    def regions(self) -> tuple[Annotation, ...]:
        return self.session.annotations

    @property
    def last(self) -> Annotation:
        return self.regions[-1]

    def draw(self, *corners: tuple[float, float], tool: Tool = Tool.POLYGON, **held: bool) -> None:
        self.board.events.drawn.emit(Drawn(tool=tool, xy_px0=np.array(corners, float), **held))

    def draw_box(self, left: float, top: float, right: float, bottom: float, **held: bool) -> None:
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        self.draw(*corners, tool=Tool.RECTANGLE, **held)

    def press(self, x: float, y: float, **how: bool) -> None:
        self.board.events.picked.emit(Picked(xy_px0=(x, y), reach_px0=2.0, **how))

    def choose(self, *numbers: int) -> None:
        self.annotate.selecting.select({str(self.regions[number].id) for number in numbers})
