"""The map so far: when it is drawn, and in which colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_histcode.heatmap.window import STEADY_WITHIN
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.map_so_far import SoFarPainter
from napari_histcode.plugin.preview import MapSoFar
from napari_histcode.plugin.session import Result, Session, SlideEntry
from napari_histcode.slide import open_slide
from napari_histcode.tiling import TileGrid
from tests.builders import make_grid, make_map, make_scores
from tests.plugin.fakes import FakeCanvas

NAME = "tissue.necrosis.single_tile"


class Desk:
    """A slide on a canvas that comes to rest when the test says so."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session, self.canvas = Session(), FakeCanvas()
        self.waiting: list[Callable[[], None]] = []
        monkeypatch.setattr(self.canvas, "when_idle", self.waiting.append)
        self.painter = SoFarPainter(self.session, self.canvas, MapController(self.session, self.canvas))
        self.entry = SlideEntry(key="one", slide=open_slide(path))
        self.session.slides, self.session.current = (self.entry,), self.entry
        self.grid = self.make_grid()

    def make_grid(self) -> TileGrid:
        return replace(make_grid(10, 1), slide=self.entry.record)

    def show(self, values: NDArray[np.float64], grid: TileGrid | None = None) -> None:
        self.painter.show(MapSoFar(tile_map=make_map(NAME, values), grid=grid or self.grid))

    def rest(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@pytest.fixture
def desk(slide_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(slide_path, monkeypatch)


def test_it_is_drawn_when_the_window_has_come_to_rest(desk: Desk) -> None:
    desk.show(np.linspace(0, 1, 10))
    assert not desk.canvas.maps
    desk.rest()
    assert desk.canvas.maps[NAME].is_visible
    desk.painter.show(None)
    assert not desk.waiting


@pytest.mark.parametrize("what", ["no slide", "another slide", "a result", "hidden"])
def test_what_has_changed_meanwhile_is_looked_at(desk: Desk, other_slide_path: Path, what: str) -> None:
    desk.show(np.linspace(0, 1, 10))
    session = desk.session
    if what == "no slide":
        session.current = None
    elif what == "another slide":
        session.current = SlideEntry(key="two", slide=open_slide(other_slide_path))
    elif what == "a result":
        session.result = Result(scores=make_scores(grid=desk.grid))
    else:
        session.veiled = frozenset({"one"})
    desk.rest()
    assert not desk.canvas.maps


def test_colours_stay_while_the_values_hardly_move_and_begin_anew_with_each_run(desk: Desk) -> None:
    def limits(top: float, grid: TileGrid | None = None) -> tuple[float, float]:
        desk.show(np.linspace(0, top, 10), grid)
        desk.rest()
        return desk.canvas.maps[NAME].heatmap.limits

    first = limits(1.0)
    assert limits(1 + STEADY_WITHIN / 2) == first
    far = limits(1 + 4 * STEADY_WITHIN)
    assert far[1] > first[1]
    assert limits(far[1] * (1 - STEADY_WITHIN / 2), desk.make_grid()) != far, "another run"
