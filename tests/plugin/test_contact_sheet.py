"""The contact sheet of the gallery: the file of the window is that of the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_histcode.errors import UnknownFormatError
from napari_histcode.export.figures.sheet_tiles import choose_tiles
from napari_histcode.export.formats import export_result
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.png import read_png
from napari_histcode.plugin.compare.state import CompareState
from napari_histcode.plugin.export.controller import ExportController
from napari_histcode.plugin.export.sheet_controller import SheetController, with_ending
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.session import Phase, Result, Session, SlideEntry
from napari_histcode.plugin.top_tiles import N_SHOWN, end_tiles
from tests.array_slide import ArraySlide
from tests.builders import make_map, make_scores
from tests.plugin.fakes import FakeCanvas, FakeRunner
from tests.slide.tiffs import painted

TUMOUR = "tissue.viable_tumour.single_tile"


class Desk:
    def __init__(self, pixels: np.ndarray) -> None:
        self.canvas, self.jobs, self.session = FakeCanvas(), FakeRunner(), Session()
        self.maps = MapController(self.session, self.canvas)
        export = ExportController(self.session, self.canvas, self.jobs, self.maps, CompareState())
        self.sheets = SheetController(export, self.canvas, self.jobs)
        self.scores = make_scores(6, 5)
        record = self.scores.grid.slide
        self.slide = ArraySlide(pixels, mpp=record.mpp.x, digest=record.digest)
        self.session.current = SlideEntry(key="k", slide=self.slide)
        self.maps.show(Result(scores=self.scores))
        self.maps.select(TUMOUR)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return painted(*make_scores(6, 5).grid.slide.dimensions)


@pytest.fixture
def desk(pixels: np.ndarray) -> Desk:
    return Desk(pixels)


def test_the_sheet_is_that_of_the_headless_export(desk: Desk, tmp_path: Path) -> None:
    desk.sheets.write(tmp_path / "window.png")
    assert desk.sheets.state.writing.phase is Phase.WORKING
    desk.sheets.write(tmp_path / "another.png")
    assert len(desk.jobs.waiting) == 1
    desk.jobs.run_all()
    assert desk.sheets.state.writing.text == f"Written to {tmp_path / 'window.png'}"
    export_result(
        desk.scores, "contact-sheet", tmp_path / "headless.png", maps=[TUMOUR], slide=desk.slide,
        options=ExportOptions(n_top_tiles=N_SHOWN),
    )  # fmt: skip
    np.testing.assert_array_equal(read_png(tmp_path / "window.png"), read_png(tmp_path / "headless.png"))
    desk.maps.select("tissue.attention")
    assert not desk.sheets.state.writing.text, "the words were about another map"


def test_the_sheet_shows_the_gallerys_tiles(desk: Desk) -> None:
    tied = make_map("a.b.single_tile", np.repeat([2.0, 1.0, 0.0], 10))
    for tile_map in (desk.scores.map(TUMOUR), tied):
        highest, lowest = choose_tiles(tile_map, N_SHOWN)
        assert tuple(tile.position for tile in highest) == end_tiles(tile_map, is_top=True)
        assert tuple(tile.position for tile in lowest) == end_tiles(tile_map, is_top=False)


def test_maps_of_tools_have_sheets_too(desk: Desk, tmp_path: Path) -> None:
    desk.maps.put(make_map("similar.query.single_tile", np.arange(len(desk.scores.grid))))
    desk.sheets.write(tmp_path / "a.pdf")
    desk.jobs.run_all()
    assert (tmp_path / "a.pdf").is_file()
    assert desk.sheets.file_name == f"{desk.slide.record.alias}-similar.query.single_tile.png"


def test_another_format_is_refused_and_told(desk: Desk, tmp_path: Path) -> None:
    desk.sheets.write(tmp_path / "a.jpg")
    desk.jobs.run_all()
    assert desk.sheets.state.writing.is_error
    assert ".pdf" in desk.sheets.state.writing.text
    assert isinstance(desk.canvas.reported[0], UnknownFormatError)
    assert not list(tmp_path.glob("a*"))


def test_cancelled(desk: Desk, tmp_path: Path) -> None:
    desk.sheets.write(tmp_path / "a.png")
    desk.sheets.cancel()
    desk.jobs.run_all()
    assert desk.sheets.state.writing.text == "Stopped. Nothing was written."
    assert not list(tmp_path.glob("a*"))


def test_an_ending_is_given_where_there_is_none() -> None:
    assert with_ending(Path("a.b.single_tile"), is_pdf=True) == Path("a.b.single_tile.pdf")
    assert with_ending(Path("tiles"), is_pdf=False) == Path("tiles.png")
    assert with_ending(Path("tiles.jpeg"), is_pdf=False) == Path("tiles.jpeg")
