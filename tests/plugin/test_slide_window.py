"""The slide panel in the real window: channels, file names, label and macro."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_histcode.plugin.channel_layers import slide_layers
from napari_histcode.slide import open_slide as open_file
from tests.plugin.test_glass import with_label  # noqa: F401 - a fixture
from tests.plugin.test_window import PATIENCE_MS, click, open_slide
from tests.slide.test_fluorescence import glowing, write_stack


@pytest.fixture
def glowing_path(tmp_path: Path) -> Path:
    path = tmp_path / "DOE_JOHN.ome.tif"
    channels = {"Name": ["a", "b", "c", "d", "e"], "Fluor": ["DAPI", "FITC", "Cy3", "Cy5", "Cy7"]}
    write_stack(path, glowing(5, np.uint16), channels=channels)
    return path


def test_channels_as_layers(glowing_path: Path) -> None:
    with open_file(glowing_path) as slide:
        layers = slide_layers(slide, key="k")
        assert [own["name"].rpartition(" · ")[2] for _, own, _ in layers] == [
            "DAPI",
            "FITC",
            "Cy3",
            "Cy5",
            "Cy7",
        ]
        assert [own["colormap"] for _, own, _ in layers[:4]] == ["blue", "green", "red", "magenta"]
        assert [own["visible"] for _, own, _ in layers] == [True] * 4 + [False]
        for number, (levels, own, _) in enumerate(layers):
            assert own["contrast_limits"] == slide.channel_limits(number)
            assert not own["rgb"]
            assert own["blending"] == "additive"
            assert levels[0].shape == (600, 800)
            assert "DOE" not in repr(own)


@pytest.mark.gui
def test_fluorescence_is_shown_as_channels_and_not_analysed(
    qtbot: Any, make_window: Any, tmp_path: Path, slide_path: Path
) -> None:
    glowing_path = tmp_path / "two.ome.tif"
    write_stack(glowing_path, glowing(2), channels={"Fluor": ["DAPI", "FITC"]})
    viewer, dock = make_window()
    open_slide(qtbot, dock, glowing_path)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=10_000)
    for layer in viewer.layers:
        assert layer.visible
        assert layer.blending == "additive"
        assert layer.contrast_limits_range[1] >= layer.contrast_limits[1] > layer.contrast_limits[0]
    assert viewer.canvas.background_color_override is not None
    assert dock.slide_panel.channels_label.text() == "Fluorescence: DAPI, FITC"
    assert not dock.analyse_panel.analyse_button.isEnabled()
    assert "fluorescence" in dock.analyse_panel.reason.text()
    assert dock.slide_panel.glass.isHidden(), "it has neither label nor macro"
    key = dock.session.current.key

    viewer.layers[1].visible = False
    open_slide(qtbot, dock, slide_path)
    assert viewer.canvas.background_color_override is None
    assert not any(layer.visible for layer in viewer.layers[:2])
    assert dock.analyse_panel.analyse_button.isEnabled()
    dock.controller.choose_slide(key)
    assert [layer.visible for layer in viewer.layers[:2]] == [True, False]
    for layer in list(viewer.layers[:2]):
        viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: dock.session.current.key != key, timeout=PATIENCE_MS)
    assert viewer.canvas.background_color_override is None


@pytest.mark.gui
def test_names_label_and_macro_on_request(
    qtbot: Any,
    make_window: Any,
    slide_path: Path,
    slide_without_mpp: Path,
    with_label: list[str],  # noqa: F811
) -> None:
    viewer, dock = make_window()
    open_slide(qtbot, dock, slide_path)
    panel = dock.slide_panel
    assert panel.alias_label.text() == dock.session.current.record.alias
    panel.names_box.click()
    assert panel.alias_label.text() == slide_path.name
    assert all(slide_path.stem not in layer.name for layer in viewer.layers)
    assert slide_path.stem not in viewer.title

    glass = panel.glass
    assert not glass.isHidden()
    assert not glass.is_open
    assert with_label == []
    click(qtbot, glass.toggle)
    qtbot.waitUntil(lambda: len(glass.views) == 2, timeout=5_000)
    view = glass.views[0]
    view.resize(200, 150)

    def contrast() -> int:
        image = view.grab().toImage()
        middle = [image.pixelColor(x, y).lightness() for x in range(70, 130) for y in range(40, 110)]
        return max(middle) - min(middle)

    assert view.is_blurred
    assert contrast() < 60
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton)
    assert not view.is_blurred
    assert contrast() > 100
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert view.is_blurred
    assert len(viewer.layers) == 1

    open_slide(qtbot, dock, slide_without_mpp)
    assert not glass.is_open
    assert glass.views == []
    click(qtbot, glass.toggle)
    qtbot.waitUntil(lambda: len(glass.views) == 2, timeout=5_000)
    click(qtbot, glass.toggle)
    assert glass.views == []
    assert dock.glass.state.pictures == ()
