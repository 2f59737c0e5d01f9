"""Find similar, Teach and Explore in the real window, clicked through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_histcode.plugin.layers import world_from_px0
from napari_histcode.plugin.session import Phase
from napari_histcode.similarity.feature_space import make_space
from napari_histcode.similarity.query import query_tiles
from napari_histcode.similarity.within import similarity_map
from napari_histcode.teaching.marks import make_marks
from napari_histcode.teaching.teach import teach
from tests.plugin.test_window import PATIENCE_MS, click, open_slide

pytestmark = pytest.mark.gui

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def asked(
    qtbot: Any,
    make_window: Any,
    model_folder: Path,
    slide_path: Path,
    result_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Any, Any]:
    """A result with features, read from its folder, and the page in front."""
    monkeypatch.setenv("HISTCODE_MODELS", str(tmp_path / "models"))
    viewer, dock = make_window()
    viewer.window.resize(1300, 760)
    dock.controller.menu.choose_model(str(model_folder))
    open_slide(qtbot, dock, slide_path, result=result_folder)
    dock.pages.show_page("Ask")
    qtbot.waitUntil(lambda: len(dock._canvas.map_names()) >= 2, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not dock._jobs.is_busy, timeout=PATIENCE_MS)
    return viewer, dock


def click_tile(qtbot: Any, viewer: Any, dock: Any, tile: int, key: Any = NO_KEY) -> None:
    """Press and release the mouse over a tile, as a person would."""
    grid, record = dock.session.result.scores.grid, dock.session.current.record
    camera = viewer.scene.camera
    away = world_from_px0(grid.centre_px0[tile], record) - np.asarray(camera.center[-2:])
    row, column = away * camera.zoom + np.asarray(viewer.canvas.size) / 2
    (native,) = (
        one for one in dock.window().findChildren(QWidget) if type(one).__name__.startswith("CanvasBackend")
    )
    place = QPoint(round(column), round(row))
    QTest.mouseMove(native, place)
    QTest.mouseClick(native, LEFT, key, place)


def test_a_click_on_the_slide_finds_what_is_alike(
    qtbot: Any,
    asked: tuple[Any, Any],
    two_results: Path,
    other_slide_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    viewer, dock = asked
    panel, state = dock.ask_page.similar, dock.ask.similar.state
    click(qtbot, panel.toggle)
    assert panel.found.isHidden()
    click_tile(qtbot, viewer, dock, 20)
    qtbot.waitUntil(lambda: state.answer is not None, timeout=PATIENCE_MS)
    assert state.tiles == (20,)
    space = make_space(dock.session.result.bag)
    expected = similarity_map(space, query_tiles(space, [20])).values
    layer = viewer.layers["similarity to 1 tile"]
    np.testing.assert_array_equal(np.sort(layer.data[np.isfinite(layer.data)]), np.sort(expected))
    assert panel.gallery.positions == state.answer.positions
    assert panel.gallery.list.item(0).text() == f"{state.answer.hits[0].similarity:.2f}"
    assert "marked tiles" in viewer.layers

    click_tile(qtbot, viewer, dock, 30, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: "similarity to 2 tiles" in viewer.layers, timeout=PATIENCE_MS)
    click(qtbot, panel.origin.buttons["raw"])
    qtbot.waitUntil(lambda: state.answer.request.is_centred is False, timeout=PATIENCE_MS)
    assert "Plain cosines" in panel.about.text()
    assert not dock.session.tool_maps[0].is_signed

    # a folder with another slide
    folder, found = panel.folder, dock.ask.similar_folder.state
    dialogs = "napari_histcode.plugin.panels.ask_similar_folder.QFileDialog"
    monkeypatch.setattr(f"{dialogs}.getExistingDirectory", lambda *_: str(two_results))
    click(qtbot, folder.search_button)
    qtbot.waitUntil(lambda: found.hits is not None, timeout=PATIENCE_MS)
    assert folder.list.topLevelItemCount() == len(found.hits) > 0
    hit, item = found.hits[0], folder.list.topLevelItem(0)
    assert (item.text(0), item.text(1), item.text(2)) == (f"{hit.similarity:.3f}", hit.alias, "")
    folder.list.itemClicked.emit(item, 0)
    assert not folder.question.isHidden()
    assert hit.alias in folder.wanted.text()
    monkeypatch.setattr(f"{dialogs}.getOpenFileName", lambda *_: (str(other_slide_path), ""))
    click(qtbot, folder.open_button)
    qtbot.waitUntil(lambda: dock.session.current.record.digest == hit.slide_digest, timeout=PATIENCE_MS)
    centre = (hit.xy_px0[0] + hit.size_px0[0] / 2, hit.xy_px0[1] + hit.size_px0[1] / 2)

    def is_there() -> bool:
        left, top, width, height = dock._canvas.view_box(dock.session.current.record)
        return np.allclose((left + width / 2, top + height / 2), centre, atol=1)

    qtbot.waitUntil(is_there, timeout=PATIENCE_MS)
    assert folder.question.isHidden()
    assert folder.list.topLevelItem(0).text(2) == "open"


def test_clicks_teach(qtbot: Any, asked: tuple[Any, Any]) -> None:
    viewer, dock = asked
    panel, state = dock.ask_page.teach, dock.ask.teach.state
    click(qtbot, panel.toggle)
    assert panel.learned.isHidden()
    assert "Click a few tiles" in panel.hint.text()
    index = dock.session.result.scores.grid.index
    apart = np.flatnonzero((index % 2 == 0).all(axis=1))
    apart = apart[np.argsort(index[apart, 0], kind="stable")]
    left, right = apart[:4].tolist(), apart[-4:].tolist()
    for tile in left:
        click_tile(qtbot, viewer, dock, tile)
    rows = panel.rows.rows
    rows[1].choose_button.click()
    for tile in right:
        click_tile(qtbot, viewer, dock, tile)
    qtbot.waitUntil(
        lambda: state.lesson is not None and len(state.lesson.request.clicked) == 8, timeout=PATIENCE_MS
    )
    bag = dock.session.result.bag
    taught = teach(bag, make_marks(bag.grid, {"Tumor": left, "Stroma": right}))
    layer = viewer.layers["Tumor, taught"]
    assert layer.visible
    assert tuple(layer.contrast_limits) == (0.0, 1.0)
    np.testing.assert_array_equal(
        np.sort(layer.data[np.isfinite(layer.data)]), np.sort(taught.probabilities[:, 0])
    )
    assert rows[0].count.text() == "4 tiles in 4 places"
    name, value, beside = panel.table.texts()[0]
    accuracy = taught.learned.quality.balanced_accuracy
    assert (name, value) == ("Balanced accuracy", f"{accuracy.value:.3f}")
    assert beside == f"[{accuracy.low:.3f}\N{EN DASH}{accuracy.high:.3f}]"
    assert len(viewer.layers["marked tiles"].data) == 2 * 8, "each line and its casing"

    # Alt takes a mark away, Undo brings it back
    click_tile(qtbot, viewer, dock, right[0], Qt.KeyboardModifier.AltModifier)
    assert state.n_clicked == 7
    click(qtbot, panel.undo_button)
    assert state.n_clicked == 8
    qtbot.waitUntil(lambda: not dock._jobs.is_busy, timeout=PATIENCE_MS)

    # the answer to a tile that is offered
    item = panel.next.gallery.list.item(0)
    panel.next.gallery.list.itemClicked.emit(item)
    tile = state.asked.tile
    assert not panel.next.buttons.isHidden()
    click(qtbot, panel.next.answers[2])
    assert dock.ask.teach.marks.class_of[tile] == 2
    qtbot.waitUntil(lambda: len(state.lesson.request.clicked) == 9, timeout=PATIENCE_MS)

    # kept as a model
    assert not panel.keep.save_button.isEnabled()
    QTest.keyClicks(panel.keep.name, "sides")
    click(qtbot, panel.keep.save_button)
    qtbot.waitUntil(lambda: bool(state.saved) or state.saving.is_error, timeout=PATIENCE_MS)
    assert state.saved == "random-test+sides"
    qtbot.waitUntil(
        lambda: state.saved in [choice.name for choice in dock.session.models], timeout=PATIENCE_MS
    )
    click(qtbot, panel.keep.use_button)
    assert dock.session.model == "random-test+sides"

    # a class of one's own
    click(qtbot, panel.rows.add_button)
    own = panel.rows.rows[2]
    own.name.clear()
    QTest.keyClicks(own.name, "Bone")
    QTest.keyClick(own.name, Qt.Key.Key_Return)
    assert [one.name for one in state.classes] == ["Tumor", "Stroma", "Bone"]
    click(qtbot, own.remove_button)
    assert len(panel.rows.rows) == 2
    qtbot.waitUntil(lambda: not dock._jobs.is_busy, timeout=PATIENCE_MS)


def test_a_line_around_points_shows_their_tiles(qtbot: Any, asked: tuple[Any, Any]) -> None:
    viewer, dock = asked
    panel, state = dock.ask_page.explore, dock.ask.explore.state
    click(qtbot, panel.toggle)
    qtbot.waitUntil(lambda: state.projection is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: panel.plot._background is not None, timeout=PATIENCE_MS)
    assert "of the variance" in panel.about.text()
    points = state.projection.points
    left, right, bottom, top = panel.plot._limits
    middle = float(np.median(points[:, 0]))
    corners = [(left, bottom), (middle, bottom), (middle, top), (left, top)]

    def place(corner: tuple[float, float]) -> QPoint:
        across, up = panel.plot.axes.transData.transform(corner) / panel.plot.device_pixel_ratio
        return QPoint(round(across), round(panel.plot.height() - up))

    inset = [(x + (1 if x == left else -1) * 0.01 * (right - left), y * 0.99) for x, y in corners]
    QTest.mousePress(panel.plot, LEFT, NO_KEY, place(inset[0]))
    for corner in inset[1:]:
        at = place(corner)
        move = QMouseEvent(
            QEvent.Type.MouseMove, QPointF(at), QPointF(panel.plot.mapToGlobal(at)), Qt.MouseButton.NoButton,
            LEFT, NO_KEY,
        )  # fmt: skip
        QApplication.sendEvent(panel.plot, move)
    QTest.mouseRelease(panel.plot, LEFT, NO_KEY, place(inset[-1]))
    qtbot.waitUntil(lambda: state.selection is not None, timeout=PATIENCE_MS)
    tiles = state.selection.tiles
    assert 0 < len(tiles) < len(points)
    assert (points[tiles, 0] < middle).all()
    assert panel.chosen.text().startswith(f"{len(tiles)} tile")
    assert set(panel.gallery.positions) <= set(tiles.tolist())
    shown = [layer.name for layer in viewer.layers if layer.visible]
    assert "marked tiles" in shown or "chosen tiles" in shown

    # a click on a point flies to its tile, and one on the slide marks its point
    qtbot.waitUntil(lambda: panel.plot._background is not None, timeout=PATIENCE_MS)
    qtbot.mouseClick(panel.plot, LEFT, pos=place(tuple(points[tiles[0]].tolist())))
    assert state.pointed is not None
    dock._canvas.fit()
    click_tile(qtbot, viewer, dock, 11)
    assert state.pointed == 11
    mark = panel.plot._mark.get_data()
    assert (mark[0][0], mark[1][0]) == pytest.approx(tuple(points[11].tolist()))
    click(qtbot, panel.clear_button)
    assert state.selection is None

    # clusters
    qtbot.mouseClick(panel.clusters.box, LEFT, pos=QPoint(8, panel.clusters.box.height() // 2))
    qtbot.waitUntil(lambda: state.clusters is not None, timeout=PATIENCE_MS)
    assert state.colouring == "clusters"
    layer = viewer.layers["clusters"]
    assert layer.visible
    panel.clusters.slider.setValue(3)
    qtbot.waitUntil(lambda: len(state.clusters.clusters) == 3, timeout=PATIENCE_MS)
    texts = [panel.clusters.legend.item(k).text() for k in range(panel.clusters.legend.count())]
    assert texts[0].startswith(f"1 · {state.clusters.clusters[0].area_mm2:.2f} mm²")
    counts = np.bincount(layer.data[layer.data > 0])[1:]
    assert counts.tolist() == [cluster.n_tiles for cluster in state.clusters.clusters]
    qtbot.waitUntil(lambda: state.clustering.phase is Phase.IDLE, timeout=PATIENCE_MS)
    dock.pages.show_page("Read")
    assert not layer.visible
    dock._follow_theme()
    qtbot.waitUntil(lambda: not dock._jobs.is_busy, timeout=PATIENCE_MS)
