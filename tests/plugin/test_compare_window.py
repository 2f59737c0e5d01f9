"""The page of the comparison in the real window, driven as a person would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QShortcut

from napari_histcode.comparison.tile_agreement import TileAgreement
from napari_histcode.plugin.compare.mistakes import CLASSES
from napari_histcode.plugin.session import Phase

pytestmark = pytest.mark.gui

PATIENCE_MS = 40_000


@pytest.fixture
def regions(tmp_path: Path) -> Path:
    def feature(name: str, left: int, right: int) -> dict[str, Any]:
        ring = [[left, 110], [right, 110], [right, 900], [left, 900], [left, 110]]
        return {
            "type": "Feature",
            "properties": {"classification": {"name": name}},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }

    path = tmp_path / "regions.geojson"
    features = [feature("Tumor", 130, 600), feature("Necrosis", 640, 1150)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture
def window(
    qtbot: Any, make_window: Any, slide_path: Path, model_folder: Path, regions: Path
) -> tuple[Any, Any]:
    """A slide with its maps and regions, the page in front, and the numbers there."""
    viewer, dock = make_window()
    dock.controller.menu.choose_model(str(model_folder))
    dock.controller.open_slide(slide_path, annotations=regions)
    qtbot.waitUntil(lambda: dock.session.current is not None, timeout=PATIENCE_MS)
    dock.pages.show_page("Compare")
    assert "analyse the slide" in dock.compare_page.question.empty.text()
    hidden = (dock.compare_page.numbers, dock.compare_page.threshold, dock.compare_page.tiles)
    assert all(panel.isHidden() for panel in hidden)
    dock.pages.show_page("Read")
    dock.controller.analyse()
    qtbot.waitUntil(lambda: len(dock._canvas.map_names()) >= 2, timeout=PATIENCE_MS)
    dock.pages.show_page("Compare")
    qtbot.waitUntil(lambda: dock.compare.state.answer is not None, timeout=PATIENCE_MS)
    return viewer, dock


def press(qtbot: Any, plot: Any, x: float, y: float) -> None:
    """Click a plot at a place in the units of its axes."""
    across, up = plot.axes.transData.transform((x, y)) / plot.device_pixel_ratio
    place = QPoint(round(across), round(plot.height() - up))
    qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place)


def test_from_the_question_to_the_tile(qtbot: Any, window: tuple[Any, Any], tmp_path: Path) -> None:
    viewer, dock = window
    page, compare, state = dock.compare_page, dock.compare, dock.compare.state
    assert "single-tile" in page.numbers.subject.text()
    assert dock.pages.current == "Compare"

    # the layer, the legend, and the map below
    layer = viewer.layers["agreement"]
    visible = [one.name for one in viewer.layers if one.visible]
    assert not any("single-tile" in name for name in visible)
    n_painted = int((layer.data == TileAgreement.TRUE_POSITIVE).sum())
    assert page.threshold.legend.numbers[TileAgreement.TRUE_POSITIVE][0].text().startswith(f"{n_painted:,} ")

    # the slider is live
    page.threshold.slider.setValue(500)
    assert state.cut.is_own
    assert page.threshold.rule.currentText() == "my own"
    n_painted = int((layer.data == TileAgreement.TRUE_POSITIVE).sum())
    assert n_painted == state.cut.counts[TileAgreement.TRUE_POSITIVE]
    shown = {name: value for name, value, _ in page.numbers.table.texts()}
    assert shown["Dice"] == f"{state.cut.rates['dice']:.3f}"

    # a click on the curve cuts the map there
    page.curves.show_curve("roc")
    qtbot.waitUntil(lambda: page.curves.plot._background is not None, timeout=PATIENCE_MS)
    points = state.compared.curve
    k = len(points.threshold) // 3
    press(qtbot, page.curves.plot, points.false_positive_rate[k], points.sensitivity[k])
    assert np.abs(points.threshold - state.cut.threshold.value).min() == 0

    # a click on the matrix lists the tiles, and N flies to them
    page.threshold.slider.setValue(200)
    qtbot.wait(300)
    qtbot.waitUntil(lambda: page.tiles.plot._background is not None, timeout=PATIENCE_MS)
    press(qtbot, page.tiles.plot, 0.5, 0.5)
    n_tiles = state.cut.counts[TileAgreement.TRUE_POSITIVE]
    assert n_tiles > 1
    assert state.group.title == "true positive"
    assert page.tiles.model.rowCount() == n_tiles
    assert "tiles in question" in viewer.layers
    centre = viewer.scene.camera.center
    keys = {key.key().toString(): key for key in dock.pages.stack.currentWidget().findChildren(QShortcut)}
    keys["N"].activated.emit()  # a window that nobody has activated gets no keys
    assert state.place == 0
    assert viewer.scene.camera.center != centre
    qtbot.keyClick(page.tiles.list, Qt.Key.Key_Down)
    assert state.place == 1
    keys["P"].activated.emit()
    assert state.place == 0
    assert page.tiles.count.text() == f"true positive: 1 of {n_tiles} tiles"

    # the cells can be had without a mouse, those of several classes too
    page.tiles._choose_matrix(CLASSES)
    assert "Kappa" in page.tiles.kappa.text()
    assert page.tiles.cells.count() == 1 + 4

    # the whole protocol, and its report
    qtbot.mouseClick(page.question.compare_button, Qt.MouseButton.LeftButton)
    assert state.comparing.phase is Phase.WORKING
    qtbot.waitUntil(lambda: state.comparing.phase is Phase.IDLE, timeout=PATIENCE_MS)
    assert state.answer.is_full
    assert page.numbers.hint.isHidden()
    page.numbers.everything.set_open(is_open=True)
    assert page.numbers.tree.topLevelItemCount() > 10
    page.question.save(tmp_path / "report")
    qtbot.waitUntil(lambda: state.saving.phase is Phase.IDLE, timeout=PATIENCE_MS)
    assert (tmp_path / "report" / "comparison.html").is_file()
    assert not page.question.open_button.isHidden()

    # leaving the page leaves the slide as it was
    dock.pages.show_page("Read")
    assert not layer.visible
    assert any("single-tile" in one.name and one.visible for one in viewer.layers)
    viewer.theme = "light"
    compare.set_in_front(is_in_front=False)


def test_classes_readers_and_boxes(qtbot: Any, window: tuple[Any, Any], regions: Path) -> None:
    _, dock = window
    page, state = dock.compare_page, dock.compare.state
    first = page.question.classes.topLevelItem(0)
    assert first.text(0) == "Necrosis  (1 region)"
    for position in range(2):
        item = page.question.classes.topLevelItem(position)
        item.setCheckState(0, Qt.CheckState.Unchecked)
    assert "Tick the class" in page.question.guess.text()
    assert not page.question.compare_button.isEnabled()
    page.question.classes.topLevelItem(0).setCheckState(0, Qt.CheckState.Checked)
    assert state.positive == ("Necrosis",)
    page.question.exhaustive.setChecked(True)
    assert "everything was drawn" in page.question.meaning.text().lower()
    qtbot.waitUntil(
        lambda: state.answer is not None and state.answer.question.is_exhaustive, timeout=PATIENCE_MS
    )
    assert state.answer.comparison.reference.positive == ("Necrosis",)

    box = page.classes.box("necrosis")
    assert box.currentText() == "Necrosis"
    box.activated.emit(0)
    assert dict(state.class_of_output) == {"viable_tumour": "Tumor"}

    dock.compare.readers.add(regions)
    qtbot.waitUntil(
        lambda: state.answer is not None and state.answer.comparison.readers is not None, timeout=PATIENCE_MS
    )
    assert "kappa is 1.000" in page.readers.sentence.text()
    assert page.readers.table.texts()[1][:2] == ("reader 1, reader 2", "1.000")

    page.threshold.value.setValue(0.123)
    assert state.cut.threshold.value == pytest.approx(0.123)
    page.threshold._choose("otsu ")
    assert state.cut.threshold.rule == "otsu"
