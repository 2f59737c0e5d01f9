"""One place on the slide, seen in slide, heatmap, regions and overview, at every magnification button."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent

from napari_histcode.annotations import Annotation, write_annotations
from napari_histcode.plugin.magnification import STEPS, describe
from tests.plugin.test_registration import MPP, PLACE, TILE_PX0, make_shown
from tests.plugin.test_window import click, open_slide
from tests.slide.tiffs import write_pyramid

pytestmark = pytest.mark.gui

CORNER_PX0 = np.array([PLACE[0] * TILE_PX0, PLACE[1] * TILE_PX0])
"""Top-left corner of the marked tile, x and y."""
FACTORS = (2.7, 7.3)


@pytest.fixture
def window(make_napari_viewer: Any, qtbot: Any, tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """A blue tile on a white slide with a pyramid of odd factors, its heatmap, and a region around it."""
    from napari_histcode.plugin.dock import HistCodeDock

    image = np.full((1501, 2003, 3), 255, dtype=np.uint8)
    left, top = CORNER_PX0
    image[top : top + TILE_PX0, left : left + TILE_PX0] = (0, 0, 255)
    path = tmp_path / "marked.tif"
    write_pyramid(path, image, FACTORS, compression="zlib")
    region = Annotation(geometry=shapely.box(left, top, left + TILE_PX0, top + TILE_PX0), class_name="Tumor")
    regions = tmp_path / "marked.geojson"
    write_annotations([region], regions)
    viewer = make_napari_viewer(show=True)
    dock = HistCodeDock(viewer)
    viewer.window.add_dock_widget(dock, name="HistCode")
    open_slide(qtbot, dock, path, mpp=MPP, annotations=regions)
    dock._canvas.put_map(make_shown(path))
    qtbot.waitUntil(
        lambda: (
            dock.view.state.overview is not None
            and {layer.name for layer in viewer.layers} >= {"annotations", "annotations: names"}
        ),
        timeout=10_000,
    )
    yield viewer, dock
    dock.shut_down()


def picture_of(viewer: Any, layer: Any) -> NDArray[np.int_]:
    """Picture of the canvas with this layer alone."""
    for each in viewer.layers:
        each.visible = each is layer
    for overlay in viewer.canvas.overlays.values():
        overlay.visible = False
    if hasattr(layer, "map_name"):
        layer.colorbar.visible = False
    return viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)


def top_left(is_marker: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Where a marker that fills the lower right of the picture begins: x and y in pixels of the screen."""
    rows, columns = np.nonzero(is_marker)
    assert len(rows), "the marker is in view"
    return np.array([columns.min(), rows.min()], dtype=float)


def lines_at(is_line: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Where the left and the upper line of a region run, in their middle: x and y in pixels of the screen."""
    height, width = is_line.shape
    row, column = (
        is_line[height // 2 + 12],
        is_line[:, width // 2 + 12],
    )  # clear of the corner, inside the tile
    return np.array([first_run(row), first_run(column)])


def first_run(is_on: NDArray[np.bool_]) -> float:
    places = np.flatnonzero(is_on)
    breaks = np.flatnonzero(np.diff(places) > 1)
    run = places[: breaks[0] + 1] if len(breaks) else places
    return float(run.mean() + 0.5)


def test_all_show_the_same_place_at_every_magnification(qtbot: Any, window: tuple[Any, Any]) -> None:
    viewer, dock = window
    record = dock.session.current.record
    layers = {layer.name: layer for layer in viewer.layers}
    slide, regions = layers[record.alias], layers["annotations"]
    heatmap = next(layer for layer in viewer.layers if hasattr(layer, "map_name"))
    heatmap.opacity = 1.0
    slide.locked_data_level = 0
    bar = dock.slide_panel.magnification
    for power, step in zip((*STEPS, None), (*bar.step_buttons, bar.fit_button), strict=True):
        click(qtbot, step)
        if power is not None:
            dock.view.centre_on(tuple(CORNER_PX0.tolist()))
        left, top, width, height = dock._canvas.view_box(record)
        shown_height, shown_width = viewer.canvas.size
        px0_per_screen_px = width / shown_width
        assert height / shown_height == pytest.approx(px0_per_screen_px)
        if power is not None:
            dock._canvas.events.view_changed.emit()  # the camera's news, without waiting for their time
            assert bar.reading.text().startswith(f"Viewed at {describe(power)}")
            assert px0_per_screen_px == pytest.approx(10 / power / MPP)
            assert (left + width / 2, top + height / 2) == pytest.approx(tuple(CORNER_PX0), abs=1e-6)

        def to_px0(
            screen: NDArray[np.float64], box: tuple[float, ...] = (left, top, px0_per_screen_px)
        ) -> NDArray[np.float64]:
            return np.array(box[:2]) + screen * box[2]

        white = picture_of(viewer, slide)
        on_slide = to_px0(top_left((white[..., 2] > 200) & (white[..., 0] < 128)))
        on_map = to_px0(top_left(picture_of(viewer, heatmap).max(axis=2) > 40))
        # a pixel of the screen is painted if its centre is inside, so that no edge is off by more than half
        np.testing.assert_allclose(
            on_map, CORNER_PX0, atol=0.5 * px0_per_screen_px + 0.01, err_msg=f"{power}x"
        )
        np.testing.assert_allclose(
            on_slide, CORNER_PX0, atol=0.5 * px0_per_screen_px + 0.01, err_msg=f"{power}x"
        )
        if power is not None:
            red = picture_of(viewer, regions)
            on_line = to_px0(lines_at((red[..., 0] > 100) & (red[..., 1] < 80)))
            np.testing.assert_allclose(on_line, CORNER_PX0, atol=1 + px0_per_screen_px, err_msg=f"{power}x")


def test_the_overview_shows_the_marker_where_the_coordinate_says(window: tuple[Any, Any]) -> None:
    """In its picture, on the widget, and back by a click, whichever way the scene is turned."""
    _, dock = window
    overview, record = dock.view.state.overview, dock.session.current.record
    scale = np.array(record.dimensions) / np.array(overview.shape[1::-1])
    is_blue = overview[..., 0] < 128
    rows, columns = np.nonzero(is_blue)
    begin, end = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()]) + 1
    np.testing.assert_allclose(begin * scale, CORNER_PX0, atol=scale.max() / 2 + 0.01)
    np.testing.assert_allclose(end * scale, CORNER_PX0 + TILE_PX0, atol=scale.max() / 2 + 0.01)

    minimap = dock.slide_panel.minimap
    for _ in range(4):
        dock.view.turn()
        dock.view.state.box = None  # its lines would hide the marker
        box = (*map(float, CORNER_PX0), float(TILE_PX0), float(TILE_PX0))
        on_widget = minimap.box_on_widget(box)

        painted = minimap.grab().toImage()
        seen = np.array(
            [
                [
                    painted.pixelColor(x, y).red() < 128 < painted.pixelColor(x, y).blue()
                    for x in range(painted.width())
                ]
                for y in range(painted.height())
            ]
        )
        place = minimap.place()
        rows, columns = np.nonzero(seen)
        begin = columns.min(), rows.min()
        end = columns.max() + 1, rows.max() + 1
        assert begin == pytest.approx((on_widget.left(), on_widget.top()), abs=1)
        assert end == pytest.approx((on_widget.right(), on_widget.bottom()), abs=1)
        assert place.contains(on_widget)

        point, button = QPointF(on_widget.center()), Qt.MouseButton.LeftButton
        press = QMouseEvent(
            QEvent.Type.MouseButtonPress, point, point, button, button, Qt.KeyboardModifier.NoModifier
        )
        minimap.mousePressEvent(press)
        left, top, width, height = dock._canvas.view_box(record)
        centre = CORNER_PX0 + TILE_PX0 / 2
        assert (left + width / 2, top + height / 2) == pytest.approx(tuple(centre), abs=1)
