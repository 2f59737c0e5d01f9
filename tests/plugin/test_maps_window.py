"""Looking at maps: one alone, through a window of values, and away again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from tests.builders import make_map
from tests.plugin.test_window import click, open_slide, wait_for_analysis

pytestmark = pytest.mark.gui


@pytest.fixture
def analysed(qtbot: Any, make_window: Any, model_folder: Path, slide_path: Path) -> tuple[Any, Any]:
    viewer, dock = make_window()
    dock.controller.menu.choose_model(str(model_folder))
    open_slide(qtbot, dock, slide_path)
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    return viewer, dock


def layer_of(dock: Any, name: str) -> Any:
    return dock._canvas._maps[name]


def test_window_of_values(qtbot: Any, analysed: tuple[Any, Any]) -> None:
    _, dock = analysed
    histogram = dock.maps_panel.histogram
    (name,) = dock.session.visible_maps
    layer = layer_of(dock, name)
    before = layer.data.copy()
    low, high = histogram.window_range
    middle = (low + high) / 2
    start = QPoint(round(histogram.position_of(low)), 10)
    qtbot.mousePress(histogram, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(histogram, QPoint(round(histogram.position_of(middle)), 10))
    qtbot.mouseRelease(histogram, Qt.MouseButton.LeftButton)
    if histogram.window_range[0] < middle * 0.9:  # where the platform sends no moves without a real mouse
        dock.controller.maps.set_window((middle, high))
    dock.maps_panel.hide_box.setChecked(True)
    shown = np.isfinite(layer.data)
    np.testing.assert_array_equal(shown, before >= histogram.window_range[0])
    assert 0 < shown.sum() < np.isfinite(before).sum()
    qtbot.mouseDClick(histogram, Qt.MouseButton.LeftButton, pos=start)
    dock.maps_panel.hide_box.setChecked(False)
    np.testing.assert_array_equal(layer.data, before)


def test_smoothing_is_off_until_asked_for_and_is_told(qtbot: Any, analysed: tuple[Any, Any]) -> None:
    viewer, dock = analysed
    (name,) = dock.session.visible_maps
    layer = layer_of(dock, name)
    values = layer.data.copy()
    assert layer.interpolation2d == "nearest"
    dock.maps_panel.smooth_box.setChecked(True)
    assert layer.interpolation2d == "linear"
    assert "smoothed" in viewer.canvas.overlays.text.text
    np.testing.assert_array_equal(layer.data, values)
    dock.maps_panel.smooth_box.setChecked(False)
    assert layer.interpolation2d == "nearest"
    assert "smoothed" not in viewer.canvas.overlays.text.text


def test_arrow_keys_move_an_end(qtbot: Any, analysed: tuple[Any, Any]) -> None:
    _, dock = analysed
    histogram = dock.maps_panel.histogram
    low, high = histogram.window_range
    qtbot.keyClick(histogram, Qt.Key.Key_Right)
    assert histogram.window_range[0] > low
    qtbot.keyClick(histogram, Qt.Key.Key_Space)
    qtbot.keyClick(histogram, Qt.Key.Key_Left)
    assert histogram.window_range[1] < high


def test_a_click_on_a_name_shows_that_map_alone(analysed: tuple[Any, Any]) -> None:
    _, dock = analysed
    panel = dock.maps_panel
    (attention,) = (i for i, row in panel._items() if row.label == "attention" and row.head == "tissue")
    panel.tree.setCurrentItem(attention)
    assert dock.session.visible_maps == {"tissue.attention"}


def test_holding_a_key_shows_the_bare_slide(analysed: tuple[Any, Any]) -> None:
    viewer, dock = analysed
    (name,) = dock.session.visible_maps
    layer = layer_of(dock, name)
    opacity = layer.opacity
    held = dock._canvas._blink(viewer)
    next(held)
    assert layer.opacity == 0
    assert next(held, None) is None
    assert layer.opacity == opacity
    assert dock.session.visible_maps == {name}


def test_a_tools_map_joins_the_list_and_leaves_it(analysed: tuple[Any, Any]) -> None:
    viewer, dock = analysed
    n_tiles = len(dock.session.result.scores.grid)
    made = make_map("tool.likeness.single_tile", np.linspace(0, 1, n_tiles), label="likeness")
    dock.controller.maps.put(made)
    assert dock.session.visible_maps == {made.name}
    assert dock.session.map_rows[-1].label == "likeness"
    assert "likeness" in [layer.name for layer in viewer.layers]
    dock.controller.maps.put(make_map(made.name, np.zeros(n_tiles), label="likeness"))
    assert np.nanmax(layer_of(dock, made.name).data) == 0
    dock.controller.maps.take(made.name)
    assert "likeness" not in [layer.name for layer in viewer.layers]
    assert all(row.label != "likeness" for row in dock.session.map_rows)
