"""Taking home what is on the screen: the window writes what the command line writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
import tifffile
from PIL import Image

from napari_histcode.annotations import Annotation
from napari_histcode.errors import OutputError
from napari_histcode.export.formats import FORMATS, export_result
from napari_histcode.plugin.compare.state import CompareState
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.export import controller as export_module
from napari_histcode.plugin.export.controller import ExportController
from napari_histcode.plugin.export.kinds import EVERYTHING, KINDS
from napari_histcode.plugin.export.state import ExportState, export_offer
from napari_histcode.plugin.session import Phase, Result, Session
from tests.builders import make_scores
from tests.plugin.fakes import FakeCanvas, FakeRunner
from tests.plugin.test_window import click, open_slide, wait_for_analysis


class Desk:
    def __init__(self, model_folder: Path, slide_path: Path) -> None:
        self.canvas, self.jobs = FakeCanvas(), FakeRunner()
        self.controller = Controller(self.canvas, self.jobs)
        self.session = self.controller.session
        self.export = ExportController(
            self.session, self.canvas, self.jobs, self.controller.maps, CompareState()
        )
        self.controller.menu.choose_model(str(model_folder))
        self.controller.open_slide(slide_path)
        self.jobs.run_all()
        self.controller.analyse()
        self.jobs.run_all()

    def write(self, kind: str, folder: Path) -> None:
        self.export.choose_kind(kind)
        self.export.export(folder)
        self.jobs.run_all()
        assert not self.export.state.exporting.is_error, self.export.state.exporting.text


@pytest.fixture
def desk(model_folder: Path, slide_path: Path) -> Desk:
    return Desk(model_folder, slide_path)


def test_every_kind_is_a_format() -> None:
    assert {kind.name for kind in KINDS} - {EVERYTHING} <= set(FORMATS)


def test_what_is_offered() -> None:
    state = ExportState()
    assert "Analyse" in export_offer(Session(), state).reason
    read = Session(result=Result(scores=make_scores()))
    assert "there already" in export_offer(read, state).reason
    state.kind = "csv"
    assert "No map is on" in export_offer(read, state).reason
    state.which_maps = "all"
    assert export_offer(read, state).is_enabled


def test_the_table_is_that_of_the_headless_export(desk: Desk, tmp_path: Path) -> None:
    desk.export.choose_maps("all")
    desk.write("csv", tmp_path / "window")
    export_result(desk.session.result.scores, "csv", tmp_path / "headless")  # type: ignore[union-attr]
    mine, theirs = (
        pd.read_csv(tmp_path / name / "tiles.csv", comment="#") for name in ("window", "headless")
    )
    pd.testing.assert_frame_equal(mine, theirs)


def test_only_maps_that_are_on_are_taken(desk: Desk, tmp_path: Path) -> None:
    desk.write("ome-tiff", tmp_path)
    with tifffile.TiffFile(tmp_path / "maps.ome.tif") as file:
        shape = file.series[0].shape
    assert len(desk.session.visible_maps) == 1
    assert len(shape) == 2 or shape[0] == 1


def test_a_figure_shows_what_is_in_view(desk: Desk, tmp_path: Path) -> None:
    width, height = desk.session.current.record.dimensions  # type: ignore[union-attr]
    desk.canvas.view = (-500.0, height / 4, width / 2 + 500, height / 4)
    desk.session.annotations = (
        Annotation(geometry=shapely.box(10, 10, width / 3, height / 2), class_name="Tumor"),
    )
    desk.export.choose_part("view")
    desk.export.put_beside(slide=True, reference=True)
    desk.write("figure-png", tmp_path)
    (figure,) = (tmp_path / "figures").iterdir()
    wide = size_of(figure)
    desk.export.choose_part("slide")
    desk.write("figure-png", tmp_path / "whole")
    (figure,) = (tmp_path / "whole" / "figures").iterdir()
    whole = size_of(figure)
    assert wide[0] == whole[0]
    assert wide[1] < whole[1]


def size_of(picture: Path) -> tuple[int, int]:
    with Image.open(picture) as image:
        return image.size


def test_failure_is_told(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any) -> Path:
        raise OutputError("The disk is full.", advice="Free some space.")

    monkeypatch.setattr(export_module, "export_everything", fail)
    desk.export.export(tmp_path)
    assert desk.export.state.exporting.phase is Phase.WORKING
    desk.jobs.run_all()
    assert desk.export.state.exporting.is_error
    assert "Free some space." in desk.export.state.exporting.text
    assert isinstance(desk.canvas.reported[0], OutputError)


@pytest.mark.gui
def test_the_page_shows_only_what_its_kind_needs(
    qtbot: Any, make_window: Any, model_folder: Path, slide_path: Path, tmp_path: Path
) -> None:
    _, dock = make_window()
    dock.controller.menu.choose_model(str(model_folder))
    open_slide(qtbot, dock, slide_path)
    panel = dock.export_panel
    assert not panel.export_button.isEnabled()
    assert "Analyse the slide first" in panel.reason.text()
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    assert panel.part.parent().isHidden()
    panel.kind.activated.emit(panel.kind.findData("figure-pdf"))
    assert not panel.part.parent().isHidden()
    assert not panel.slide_box.isHidden()
    assert panel.reference_box.isHidden()
    panel.kind.activated.emit(panel.kind.findData("csv"))
    panel.folder.setText(str(tmp_path))
    click(qtbot, panel.export_button)
    qtbot.waitUntil(lambda: (tmp_path / "tiles.csv").is_file(), timeout=20_000)
    qtbot.waitUntil(lambda: not panel.open_button.isHidden(), timeout=5_000)
    table = pd.read_csv(tmp_path / "tiles.csv", comment="#")
    assert len(table) == len(dock.session.result.scores.grid)
    assert np.isfinite(table[next(iter(dock.session.visible_maps))]).all()
