"""Tiles at the ends of a map, and their pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.plugin.thumbnails import Thumbnail, Thumbnails
from napari_histcode.plugin.top_tiles import end_tiles
from napari_histcode.slide import open_slide
from napari_histcode.tiling.read import read_tile
from tests.builders import make_grid, make_map
from tests.plugin.fakes import FakeRunner
from tests.plugin.test_window import click, wait_for_analysis
from tests.plugin.test_window import open_slide as open_in_window


@given(st.lists(st.floats(-10, 10) | st.just(float("nan")), min_size=1, max_size=40))
def test_ends_are_the_extremes(values: list[float]) -> None:
    tile_map = make_map("a.b.single_tile", np.asarray(values))
    finite = np.sort(tile_map.values[np.isfinite(tile_map.values)])
    lowest, highest = (list(end_tiles(tile_map, is_top=is_top, n_tiles=5)) for is_top in (False, True))
    np.testing.assert_array_equal(tile_map.values[lowest], finite[:5])
    np.testing.assert_array_equal(tile_map.values[highest], finite[::-1][:5])


def test_only_the_last_question_is_answered_and_nothing_is_read_twice(slide_path: Path) -> None:
    runner, answers = FakeRunner(), list[tuple[Thumbnail, ...]]()
    thumbnails, grid = Thumbnails(runner), make_grid(3, 3)
    with open_slide(slide_path) as slide:
        thumbnails.ask(slide, grid, [0, 1], answer=answers.append)
        thumbnails.ask(slide, grid, [4, 2], answer=answers.append)
        assert runner.waiting[0].cancel_token.is_cancelled
        runner.run_all()
        assert [[t.position for t in answer] for answer in answers] == [[4, 2]]
        np.testing.assert_array_equal(answers[0][0].pixels, read_tile(slide, grid, 4))
        thumbnails.ask(slide, grid, [2, 4], answer=answers.append)
        assert not runner.waiting
        assert [t.position for t in answers[1]] == [2, 4]


@pytest.mark.gui
def test_choosing_a_tile_flies_there(
    qtbot: Any,
    make_window: Any,
    model_folder: Path,
    slide_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    viewer, dock = make_window()
    dock.controller.menu.choose_model(str(model_folder))
    open_in_window(qtbot, dock, slide_path)
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    panel = dock.tiles_panel
    values = dock.controller.maps.map(dock.session.selected_map).values
    assert panel.gallery.positions[0] == int(np.argmax(values))
    qtbot.waitUntil(lambda: not panel.gallery.list.item(0).icon().isNull(), timeout=5_000)

    panel.gallery.list.itemClicked.emit(panel.gallery.list.item(0))
    grid, record = dock.session.result.scores.grid, dock.session.current.record
    left, top, width, height = dock._canvas.view_box(record)
    assert (left + width / 2, top + height / 2) == pytest.approx(tuple(grid.centre_px0[np.argmax(values)]))
    assert "tiles in question" in [layer.name for layer in viewer.layers]

    click(qtbot, panel.lowest_button)
    assert panel.gallery.positions[0] == int(np.argmin(values))

    dialog = "napari_histcode.plugin.panels.tiles_panel.QFileDialog.getSaveFileName"
    monkeypatch.setattr(dialog, lambda *_: (str(tmp_path / "sheet"), "PDF (*.pdf)"))
    click(qtbot, panel.sheet_button)
    qtbot.waitUntil(lambda: panel.job.text.text() == f"Written to {tmp_path / 'sheet.pdf'}", timeout=30_000)
    assert (tmp_path / "sheet.pdf").is_file()
