"""The camera, the overview and the magnification buttons of the real window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QPoint, Qt

from tests.plugin.test_window import click, open_slide

pytestmark = pytest.mark.gui


@pytest.fixture
def window(qtbot: Any, make_window: Any, slide_path: Path) -> tuple[Any, Any]:
    viewer, dock = make_window()
    open_slide(qtbot, dock, slide_path)
    qtbot.waitUntil(lambda: dock.view.state.overview is not None, timeout=10_000)
    return viewer, dock


@pytest.mark.parametrize("n_quarters", range(4))
def test_view_box_is_what_was_flown_to(window: tuple[Any, Any], n_quarters: int) -> None:
    _, dock = window
    record = dock.session.current.record
    for _ in range(n_quarters):
        dock.view.turn()
    box = (300.0, 200.0, 128.0, 64.0)
    dock._canvas.fly_to(box, record)
    left, top, width, height = dock._canvas.view_box(record)
    assert left + width / 2 == pytest.approx(300 + 64)
    assert top + height / 2 == pytest.approx(200 + 32)
    assert width >= 128
    assert height >= 64
    dock._canvas.turn(0)


def test_turning_keeps_the_place(window: tuple[Any, Any]) -> None:
    viewer, dock = window
    dock.view.fit()
    record = dock.session.current.record
    dock.view.centre_on((100.0, 50.0))
    before = dock._canvas.view_box(record)
    dock.view.turn()
    assert tuple(viewer.dims.order) == (1, 0)
    after = dock._canvas.view_box(record)
    centre = [(left + width / 2, top + height / 2) for left, top, width, height in (before, after)]
    assert centre[0] == pytest.approx(centre[1])
    assert after[2] / after[3] == pytest.approx(before[3] / before[2])


def test_buttons_zoom(qtbot: Any, window: tuple[Any, Any]) -> None:
    _, dock = window
    bar = dock.slide_panel.magnification
    click(qtbot, bar.step_buttons[3])
    qtbot.waitUntil(lambda: bar.reading.text().startswith("Viewed at 10x"), timeout=2_000)
    click(qtbot, bar.fit_button)
    qtbot.waitUntil(lambda: not bar.reading.text().startswith("Viewed at 10x"), timeout=2_000)


def test_dragging_in_the_overview_moves_the_view(qtbot: Any, window: tuple[Any, Any]) -> None:
    _, dock = window
    minimap = dock.slide_panel.minimap
    record = dock.session.current.record
    place = minimap.place()
    target = QPoint(round(place.x() + place.width() * 0.75), round(place.y() + place.height() * 0.25))
    qtbot.mouseClick(minimap, Qt.MouseButton.LeftButton, pos=target)
    left, top, width, height = dock._canvas.view_box(record)
    assert left + width / 2 == pytest.approx(record.dimensions[0] * 0.75, abs=record.dimensions[0] / 50)
    assert top + height / 2 == pytest.approx(record.dimensions[1] * 0.25, abs=record.dimensions[1] / 50)
    qtbot.keyClick(minimap, Qt.Key.Key_Left)
    assert dock._canvas.view_box(record)[0] < left


def test_box_is_painted_where_the_view_is(window: tuple[Any, Any]) -> None:
    _, dock = window
    minimap = dock.slide_panel.minimap
    width, height = dock.session.current.record.dimensions
    for _ in range(4):
        whole = minimap.box_on_widget((0.0, 0.0, float(width), float(height)))
        assert whole.width() == pytest.approx(minimap.place().width())
        assert whole.height() == pytest.approx(minimap.place().height())
        dock.view.turn()
