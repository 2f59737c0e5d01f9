"""The Annotate page in the real window, driven with the mouse and the keyboard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget
from shapely.geometry import Point

from napari_histcode.plugin.annotate.state import Tool
from napari_histcode.plugin.layers import world_from_px0
from napari_histcode.plugin.map_so_far import SoFarPainter
from napari_histcode.plugin.preview import MapSoFar
from napari_histcode.plugin.session import Result
from tests.builders import make_grid, make_map, make_scores
from tests.plugin.dropping import drop

pytestmark = pytest.mark.gui

PATIENCE_MS = 30_000
NO_KEY = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


class Hand:
    """Somebody at the mouse, who thinks in level-0 pixels."""

    def __init__(self, viewer: Any, dock: Any) -> None:
        self.viewer, self.dock = viewer, dock
        (self.canvas,) = [
            widget
            for widget in dock.window().findChildren(QWidget)
            if type(widget).__name__ == "CanvasBackendDesktop"
        ]

    def place(self, x: float, y: float) -> QPoint:
        record = self.dock.session.current.record
        world = world_from_px0((x, y), record)
        camera = self.viewer.scene.camera
        offset = (world - np.asarray(camera.center[-2:])) * camera.zoom
        return QPoint(round(self.canvas.width() / 2 + offset[1]), round(self.canvas.height() / 2 + offset[0]))

    def drag(self, way: Sequence[tuple[float, float]], held: Any = NO_KEY) -> None:
        points = [self.place(*xy) for xy in way]
        QTest.mouseMove(self.canvas, points[0])
        QApplication.processEvents()
        QTest.mousePress(self.canvas, LEFT, held, points[0])
        for point in points[1:]:
            position = QPointF(point)
            event = QMouseEvent(
                QEvent.Type.MouseMove,
                position,
                QPointF(self.canvas.mapToGlobal(point)),
                Qt.MouseButton.NoButton,
                LEFT,
                held,
            )
            QApplication.sendEvent(self.canvas, event)
            QTest.qWait(8)  # moves that come too fast are left out
        QTest.mouseRelease(self.canvas, LEFT, held, points[-1])
        QApplication.processEvents()

    def click(self, x: float, y: float, held: Any = NO_KEY) -> None:
        QTest.mouseMove(self.canvas, self.place(x, y))
        QApplication.processEvents()
        QTest.mouseClick(self.canvas, LEFT, held, self.place(x, y))
        QApplication.processEvents()

    def double_click(self, x: float, y: float) -> None:
        QTest.mouseDClick(self.canvas, LEFT, NO_KEY, self.place(x, y))
        QApplication.processEvents()

    def key(self, key: Any, held: Any = NO_KEY) -> None:
        QTest.keyClick(self.canvas, key, held)
        QApplication.processEvents()

    def take(self, tool: Tool) -> None:
        QTest.mouseClick(self.dock.annotate_page.tools.tools[tool], LEFT)
        QTest.qWait(60)

    def picture(self) -> Any:
        """What is on the canvas, when all of it has been drawn."""
        QTest.qWait(300)
        return self.viewer.screenshot(flash=False)

    @property
    def regions(self) -> tuple[Any, ...]:
        return self.dock.session.annotations  # type: ignore[no-any-return]


@pytest.fixture
def window(make_window: Any, qtbot: Any, slide_path: Path) -> tuple[Any, Any]:
    viewer, dock = make_window()
    dock.window().resize(1200, 800)
    dock.window().show()
    dock.controller.open_slide(slide_path)
    qtbot.waitUntil(lambda: dock.session.current is not None, timeout=PATIENCE_MS)
    dock.pages.show_page("Annotate")
    qtbot.waitExposed(dock.window())
    qtbot.waitUntil(lambda: all(layer.loaded for layer in viewer.layers), timeout=PATIENCE_MS)
    qtbot.wait(300)
    viewer.reset_view()
    qtbot.wait(200)  # handles have their size on the screen only once they have been drawn
    return viewer, dock


@pytest.fixture
def hand(window: tuple[Any, Any]) -> Hand:
    return Hand(*window)


def write_regions(path: Path, n: int = 1) -> Path:
    def feature(i: int) -> dict[str, Any]:
        x = 20 + 30 * i
        ring = [[x, 20], [x + 20, 20], [x + 20, 40], [x, 40], [x, 20]]
        return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {}}

    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature(i) for i in range(n)]}))
    return path


def test_every_tool_draws_where_the_mouse_was(hand: Hand) -> None:
    hand.take(Tool.RECTANGLE)
    hand.drag([(200, 200), (250, 300), (400, 350)])
    assert hand.regions[-1].geometry.bounds == pytest.approx((200, 200, 400, 350), abs=3)
    hand.take(Tool.ELLIPSE)
    hand.drag([(500, 200), (600, 300), (700, 400)])
    assert hand.regions[-1].geometry.area == pytest.approx(np.pi * 100 * 100, rel=0.05)
    hand.take(Tool.FREEHAND)
    hand.drag([(400 + 150 * np.cos(a), 700 + 150 * np.sin(a)) for a in np.linspace(0, 6.2, 40)])
    assert hand.regions[-1].geometry.area == pytest.approx(np.pi * 150**2, rel=0.05)
    hand.take(Tool.POLYGON)
    for corner in ((700, 600), (900, 600), (900, 800)):
        hand.click(*corner)
    hand.double_click(700, 800)
    assert hand.regions[-1].geometry.area == pytest.approx(200 * 200 / 2, rel=0.1)
    hand.dock.annotate.set_radius(25)
    hand.take(Tool.BRUSH)
    hand.drag([(1000, 200), (1000, 300), (1000, 400)])
    assert hand.regions[-1].geometry.area == pytest.approx(100 * 200 + np.pi * 50**2, rel=0.05)
    hand.drag([(1000, 250), (1100, 250)])
    hand.drag([(1000, 200), (1000, 210)], Qt.KeyboardModifier.AltModifier)
    assert len(hand.regions) == 5
    assert not hand.regions[-1].geometry.contains(Point(1000, 180))
    pen = hand.viewer.layers["annotations: in hand"]
    assert pen.nshapes == 0, "nothing is left in the pen"


def test_regions_are_selected_dragged_deleted_and_brought_back(hand: Hand) -> None:
    hand.take(Tool.RECTANGLE)
    hand.drag([(200, 200), (300, 300), (400, 400)])
    before = hand.regions
    hand.take(Tool.SELECT)
    hand.click(300, 300)
    pen = hand.viewer.layers["annotations: in hand"]
    assert pen.nshapes == 1
    hand.drag([(300, 300), (350, 300), (400, 300)])
    assert hand.regions[0].geometry.bounds == pytest.approx((300, 200, 500, 400), abs=5)
    hand.key(Qt.Key.Key_3)
    assert hand.regions == ()
    tools = hand.dock.annotate_page.tools
    assert tools.notice.text.text() == "Deleted 1 region."
    QTest.mouseClick(tools.notice.action, LEFT)
    assert len(hand.regions) == 1
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert hand.regions == before
    hand.key(Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert hand.regions != before


def test_corners_and_holes_are_edited_with_the_mouse(hand: Hand) -> None:
    hand.take(Tool.RECTANGLE)
    hand.drag([(200, 200), (400, 400), (600, 600)])
    hand.drag([(300, 300), (350, 350), (450, 450)], Qt.KeyboardModifier.AltModifier)
    assert len(hand.regions[0].geometry.interiors) == 1
    area = hand.regions[0].geometry.area
    hand.take(Tool.VERTICES)
    hand.click(250, 250)
    assert hand.viewer.layers["annotations: in hand"].nshapes == 2
    corner = hand.regions[0].geometry.interiors[0].coords[2]
    inward = (400 - corner[0], 400 - corner[1])
    outside = tuple(place - 0.8 * step for place, step in zip(corner, inward, strict=True))
    hand.drag([corner, ((corner[0] + outside[0]) / 2, (corner[1] + outside[1]) / 2), outside])
    assert hand.regions[0].geometry.area < area - 5000
    QTest.mouseClick(hand.dock.annotate_page.tools.corner_tools[Tool.INSERT], LEFT)
    hand.click(400, 195)
    assert len(hand.regions[0].geometry.exterior.coords) == 6
    QTest.mouseClick(hand.dock.annotate_page.tools.corner_tools[Tool.REMOVE], LEFT)
    added = next(xy for xy in hand.regions[0].geometry.exterior.coords if abs(xy[0] - 400) < 10)
    hand.click(*added)
    assert len(hand.regions[0].geometry.exterior.coords) == 5


def test_what_was_undone_is_gone_from_the_screen(hand: Hand) -> None:
    before = hand.picture()
    hand.take(Tool.BRUSH)
    hand.drag([(300, 300), (340, 320), (380, 310), (420, 330)])
    hand.take(Tool.MOVE)
    assert len(hand.regions) == 1
    assert (hand.picture() != before).any()
    hand.dock.annotate.undo()
    assert hand.regions == ()
    np.testing.assert_array_equal(hand.picture(), before)


def test_keys_choose_classes_while_drawing(hand: Hand) -> None:
    hand.take(Tool.POLYGON)
    hand.key(Qt.Key.Key_2)
    assert hand.dock.annotate.state.class_name == "Stroma"
    hand.click(200, 200)
    hand.click(300, 200)
    hand.key(Qt.Key.Key_Escape)
    hand.key(Qt.Key.Key_Return)
    assert hand.regions == (), "given up"
    for corner in ((200, 200), (300, 200), (300, 300)):
        hand.click(*corner)
    hand.key(Qt.Key.Key_Return)
    assert hand.regions[0].class_name == "Stroma"
    hand.key(Qt.Key.Key_B)
    assert hand.dock.annotate.state.tool is Tool.BRUSH
    hand.key(Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert not hand.viewer.layers["annotations"].visible
    hand.dock.pages.show_page("Read")
    assert hand.dock.annotate.state.tool is Tool.MOVE
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(hand.regions) == 1, "the page's keys are given back"


def test_maps_that_come_leave_the_pen_in_the_hand(hand: Hand, qtbot: Any) -> None:
    hand.take(Tool.POLYGON)
    pen = hand.viewer.layers.selection.active
    hand.click(200, 200)
    hand.click(300, 200)
    record = hand.dock.session.current.record
    grid = replace(make_grid(4, 3, mpp=record.mpp.x), slide=record)
    maps = tuple(make_map(f"tissue.{name}.single_tile", np.arange(12.0)) for name in ("a", "b"))
    scores = make_scores(grid=grid, maps=maps)
    so_far = MapSoFar(tile_map=replace(maps[0], values=np.full(12, np.nan, np.float32)), grid=grid)
    painter = SoFarPainter(hand.dock.session, hand.dock._canvas, hand.dock.controller.maps)
    for number in range(2):
        painter.show(so_far)
        qtbot.waitUntil(lambda: bool(hand.dock._canvas.map_names()), timeout=PATIENCE_MS)
        qtbot.wait(300)
        assert hand.viewer.layers.selection.active == pen, number
    hand.dock.controller.results.take(hand.dock.session.current.key, Result(scores=scores))
    hand.dock.controller.maps.show_alone(maps[1].name)
    assert maps[1].name in hand.dock._canvas.map_names()
    hand.dock.controller.maps.set_colormap("cividis")
    assert hand.dock.annotate.state.tool is Tool.POLYGON
    hand.click(300, 300)
    hand.key(Qt.Key.Key_Return)
    (region,) = hand.regions
    assert len(region.geometry.exterior.coords) == 4
    assert hand.viewer.layers.selection.active == pen


def test_naparis_own_buttons_go_on_working(hand: Hand) -> None:
    assert [layer.name for layer in hand.viewer.layers] == [hand.dock.session.current.record.alias]
    hand.take(Tool.RECTANGLE)
    pen = hand.viewer.layers["annotations: in hand"]
    pen.mode = "add_polygon_lasso"
    assert hand.dock.annotate.state.tool is Tool.FREEHAND
    pen.mode = "add_line"
    assert hand.dock.annotate.state.tool is Tool.POLYGON
    pen.mode = "transform"
    assert pen.mode == "add_polygon"
    assert "whole layer" in hand.dock.annotate_page.tools.notice.text.text()
    hand.viewer.layers.selection.active = hand.viewer.layers[0]
    assert hand.dock.annotate.state.tool is Tool.MOVE
    hand.viewer.layers.remove(pen)
    hand.take(Tool.RECTANGLE)
    hand.drag([(200, 200), (300, 300), (400, 400)])
    assert len(hand.regions) == 1
    hand.viewer.layers.remove("annotations")
    assert not hand.dock.annotate.state.is_visible
    hand.dock.annotate.toggle_visible()
    assert "annotations" in [layer.name for layer in hand.viewer.layers]


def test_files_are_dropped_on_the_dock_and_on_the_canvas(hand: Hand, qtbot: Any, tmp_path: Path) -> None:
    hand.dock.pages.show_page("Read")
    drop(hand.dock, write_regions(tmp_path / "a.geojson", 2))
    qtbot.waitUntil(lambda: len(hand.regions) == 2, timeout=PATIENCE_MS)
    assert hand.dock.pages.current == "Annotate"
    from napari_histcode.plugin.reader import get_regions_reader

    path = write_regions(tmp_path / "b.json", 3)
    reader = get_regions_reader(str(path))
    assert reader is not None
    assert reader(str(path)) == [(None,)]
    qtbot.waitUntil(lambda: len(hand.regions) == 5, timeout=PATIENCE_MS)
    files = hand.dock.annotate_page.files
    assert files.title.text() == "3 regions from QuPath GeoJSON."
    assert not files.replace_button.isHidden()
    QTest.mouseClick(files.replace_button, LEFT)
    assert len(hand.regions) == 3
    broken = tmp_path / "c.geojson"
    broken.write_text("{")
    drop(hand.dock, broken)
    qtbot.waitUntil(lambda: hand.dock.annotate.state.importing.is_error, timeout=PATIENCE_MS)
    assert len(hand.regions) == 3


def test_regions_without_a_slide_are_asked_for_one(make_window: Any, tmp_path: Path) -> None:
    _, dock = make_window()
    drop(dock, write_regions(tmp_path / "a.geojson"))
    assert "Open the slide first" in dock.slide_panel.notice.text()


def test_slide_and_regions_are_dropped_together(
    make_window: Any, qtbot: Any, slide_path: Path, tmp_path: Path
) -> None:
    _, dock = make_window()
    drop(dock, write_regions(tmp_path / "a.geojson"), slide_path)
    qtbot.waitUntil(lambda: len(dock.session.annotations) == 1, timeout=PATIENCE_MS)


def test_the_table_is_measured_sorted_and_flies(hand: Hand, qtbot: Any, tmp_path: Path) -> None:
    hand.dock.annotate.import_files([write_regions(tmp_path / "a.geojson", 4)])
    qtbot.waitUntil(lambda: len(hand.regions) == 4, timeout=PATIENCE_MS)
    hand.take(Tool.RECTANGLE)
    hand.drag([(200, 200), (300, 300), (400, 400)])
    panel = hand.dock.annotate_page.regions
    qtbot.waitUntil(lambda: panel.model.rowCount() == 5, timeout=PATIENCE_MS)
    panel.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert panel.model.id_of(0) == hand.regions[-1].id
    index = panel.model.index(0, 0)
    panel.table.selectRow(0)
    panel.table.clicked.emit(index)
    assert hand.dock.annotate.state.selected == {hand.regions[-1].id}
    centre = hand.viewer.scene.camera.center[-2:]
    assert centre == pytest.approx((150, 150), abs=3)
    panel._choose_rows("classes")
    assert panel.model.rowCount() == 2
    panel._choose_rows("regions")
    selection = hand.dock.annotate_page.selection
    assert selection.what.text() == "1 region · Tumor"
    selection.name.setText("margin")
    selection.name.editingFinished.emit()
    assert hand.regions[-1].name == "margin"


def test_loose_regions_are_taken_over_by_the_dock(
    make_napari_viewer_proxy: Any, qtbot: Any, slide_path: Path, tmp_path: Path
) -> None:
    from napari.layers import Layer

    from napari_histcode.plugin.dock import HistCodeDock
    from napari_histcode.plugin.reader import read_regions, read_slides

    viewer = make_napari_viewer_proxy()
    path = write_regions(tmp_path / "a.geojson", 2)
    for data in read_slides(str(slide_path)):
        viewer.layers.append(Layer.create(*data))
    (data,) = read_regions(str(path))
    viewer.layers.append(Layer.create(*data))
    dock = HistCodeDock(viewer)
    assert len(dock.session.annotations) == 2
    assert sum(layer.name.startswith("annotations") for layer in viewer.layers) == 2, "picture and names"
    dock.shut_down()


def test_the_dock_ends_with_a_tool_in_hand(hand: Hand) -> None:
    hand.take(Tool.POLYGON)
    hand.click(200, 200)
    hand.click(300, 200)
    hand.dock.shut_down()
    pen = hand.viewer.layers["annotations: in hand"]
    assert (pen.mode, pen.editable) == ("pan_zoom", False)
