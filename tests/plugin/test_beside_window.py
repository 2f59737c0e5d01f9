"""Two canvases in the real window: they show the same place, move together, and leave nothing behind."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_histcode.plugin.beside.linking import place_on_screen
from napari_histcode.plugin.beside.screen import Side
from napari_histcode.plugin.session import Result
from tests.builders import make_grid, make_map, make_scores
from tests.plugin.test_window import click, open_slide
from tests.slide.tiffs import write_ome

pytestmark = pytest.mark.gui

MARKER = (832, 448, 96, 64)
"""Left, top, width and height of a blue box on the slide, in level-0 pixels."""
NO_BUTTON, LEFT = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def marked_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = np.full((1501, 2003, 3), 235, dtype=np.uint8)
    left, top, width, height = MARKER
    image[top : top + height, left : left + width] = (0, 0, 255)
    path = tmp_path_factory.mktemp("slides") / "marked.ome.tif"
    write_ome(path, image, (2, 4), physical_size_um=0.5)
    return path


def canvases(dock: Any) -> tuple[Any, Any]:
    """The two canvases: napari's own, and the one beside it."""
    layout = dock.window().centralWidget().layout()
    own, beside = (layout.itemAt(place).widget() for place in range(layout.count()))
    return own, beside


def is_drawn(view: Any) -> bool:
    return bool(view.viewer.layers) and all(layer.loaded for layer in view.viewer.layers if layer.visible)


def open_beside(qtbot: Any, dock: Any) -> tuple[Any, Any]:
    click(qtbot, dock.beside_tool.button)
    row = dock.window().centralWidget().layout()
    qtbot.waitUntil(lambda: row.count() == 2 and is_drawn(canvases(dock)[1]), timeout=10_000)
    own, beside = canvases(dock)
    qtbot.waitUntil(lambda: abs(own.canvas.size[1] - beside.canvas.size[1]) <= 1, timeout=5_000)
    return own, beside


def marker_on(picture: NDArray[np.uint8]) -> NDArray[np.int_]:
    """First and last row and column of the marker in a picture of a canvas."""
    rows, columns = np.nonzero((picture[..., 2] > 180) & (picture[..., :2] < 120).all(axis=-1))
    assert len(rows), "the marker is in view"
    return np.array([rows.min(), columns.min(), rows.max(), columns.max()])


def drag(widget: Any, start: QPointF, end: QPointF) -> None:
    def send(kind: QEvent.Type, at: QPointF, button: Any, buttons: Any) -> None:
        to_globe = widget.mapToGlobal(at)
        held = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(widget, QMouseEvent(kind, at, to_globe, button, buttons, held))

    send(QEvent.Type.MouseButtonPress, start, LEFT, LEFT)
    send(QEvent.Type.MouseMove, (start + end) / 2, NO_BUTTON, LEFT)
    send(QEvent.Type.MouseMove, end, NO_BUTTON, LEFT)
    send(QEvent.Type.MouseButtonRelease, end, LEFT, NO_BUTTON)


def turn_wheel(widget: Any, at: QPointF) -> None:
    none, held = QPoint(0, 0), Qt.KeyboardModifier.NoModifier
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, widget.mapToGlobal(at), none, QPoint(0, 120), NO_BUTTON, held, phase, False)
    QApplication.sendEvent(widget, event)


@pytest.fixture
def window(qtbot: Any, make_window: Any, marked_path: Path) -> tuple[Any, Any]:
    """A window on the marked slide with the map of the marker's tile."""
    viewer, dock = make_window()
    dock.window().resize(1300, 760)
    dock.window().show()
    qtbot.waitExposed(dock.window())
    open_slide(qtbot, dock, marked_path)
    return viewer, dock


def show_marker_map(dock: Any) -> None:
    grid = make_grid(n_columns=4, n_rows=3, mpp=0.5)
    values = np.linspace(0.1, 1.0, len(grid))
    result = Result(scores=make_scores(grid=grid, maps=[make_map(values=values)]))
    dock.controller.results.take(dock.session.current.key, result)


def test_both_show_one_place_and_move_together(qtbot: Any, window: tuple[Any, Any]) -> None:
    _, dock = window
    own, beside = open_beside(qtbot, dock)
    record = dock.session.current.record
    screen = dock.beside._screen
    assert beside.viewer.layers[0].name == record.alias

    def assert_same_place() -> None:
        here, there = screen.sight(Side.HERE, record), screen.sight(Side.THERE, record)
        assert there.centre_px0 == pytest.approx(here.centre_px0, abs=0.5)
        assert there.world_per_screen_px == pytest.approx(here.world_per_screen_px, rel=1e-6)

    # from here to there: a wheel over napari's own canvas
    before = screen.sight(Side.HERE, record)
    turn_wheel(own.canvas.native, QPointF(60, 80))
    qtbot.waitUntil(
        lambda: screen.sight(Side.THERE, record).world_per_screen_px < before.world_per_screen_px,
        timeout=5_000,
    )
    assert_same_place()

    # from there to here: a drag on the other canvas
    before = screen.sight(Side.HERE, record)
    drag(beside.canvas.native, QPointF(100, 300), QPointF(60, 270))
    qtbot.waitUntil(
        lambda: screen.sight(Side.HERE, record).centre_px0[0] > before.centre_px0[0] + 5, timeout=5_000
    )
    assert_same_place()

    # registration: the marker is in the same pixels of both canvases, and where the arithmetic says
    left, top, width, height = MARKER
    for n_quarters in (0, 1):
        dock.view.turn_to(n_quarters)
        dock._canvas.set_world_per_screen_px(0.6)
        dock._canvas.centre_on((left + 40.0, top + 20.0), record)
        qtbot.waitUntil(lambda: is_drawn(own) and is_drawn(beside), timeout=10_000)
        drawn = [marker_on(view.screenshot(flash=False)) for view in (own, beside)]
        np.testing.assert_allclose(drawn[0], drawn[1], atol=1)
        sight = screen.sight(Side.THERE, record)
        rows, columns = beside.viewer.canvas.size
        corners = [
            place_on_screen(xy, sight, (0.5, 0.5), (columns, rows))
            for xy in ((left, top), (left + width, top + height))
        ]
        first, last = np.min(corners, axis=0)[::-1], np.max(corners, axis=0)[::-1]
        px0 = 0.5 / 0.6  # a level-0 pixel on the screen
        np.testing.assert_allclose(drawn[1][:2], first, atol=1 + px0)
        np.testing.assert_allclose(drawn[1][2:] + 1, last, atol=1 + px0)
    dock.view.turn_to(0)


def assert_draws_the_same(there: Any, here: Any) -> None:
    np.testing.assert_array_equal(there.data, here.data)
    np.testing.assert_array_equal(there.scale, here.scale)
    np.testing.assert_array_equal(there.translate, here.translate)
    assert there.colormap.name == here.colormap.name
    assert tuple(there.contrast_limits) == tuple(here.contrast_limits)


def test_a_map_beside_and_the_end(qtbot: Any, window: tuple[Any, Any]) -> None:
    from napari.qt import QtViewer

    viewer, dock = window
    box = dock.beside_header.box

    def model() -> Any:
        return canvases(dock)[1].viewer  # not kept: the view is to be gone at the end

    dock.beside.open()
    dock.beside.close()  # before it is to be seen
    open_beside(qtbot, dock)
    show_marker_map(dock)
    qtbot.waitUntil(lambda: box.count() == 2, timeout=5_000)
    assert dock.beside_header.isVisibleTo(dock.window())
    assert dock.beside_header.width() == canvases(dock)[1].canvas.native.width()
    box.setCurrentIndex(1)
    box.activated.emit(1)
    qtbot.waitUntil(lambda: len(model().layers) == 2 and is_drawn(canvases(dock)[1]), timeout=5_000)
    (shown,) = (layer for layer in viewer.layers if layer.name == "tissue, attention")
    assert_draws_the_same(model().layers[1], shown)
    assert model().canvas.overlays.text.visible

    # the key closes and opens it; what was shown comes back
    native = canvases(dock)[0].canvas.native
    qtbot.keyClick(native, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    assert not dock.beside.state.is_open
    qtbot.waitUntil(lambda: dock.window().centralWidget().layout().count() == 1, timeout=5_000)
    open_beside(qtbot, dock)
    qtbot.waitUntil(lambda: len(model().layers) == 2, timeout=5_000)
    assert_draws_the_same(model().layers[1], shown)

    # closing the dock leaves no canvas behind
    dock.shut_down()
    assert dock.window().centralWidget().layout().count() == 1
    qtbot.waitUntil(lambda: gc.collect() >= 0 and len(QtViewer._instances) == 1, timeout=5_000)
