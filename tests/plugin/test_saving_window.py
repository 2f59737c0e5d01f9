"""Sessions and blind reading in the real window, driven as a person would."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_histcode.plugin.panels import session_menu
from napari_histcode.plugin.session import Phase
from tests.plugin.dropping import drop
from tests.plugin.test_hands_window import show

pytestmark = pytest.mark.gui

PATIENCE_MS = 30_000
OPINION = "my own word"


def click(qtbot: Any, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def idle(dock: Any) -> bool:
    return dock.saving.state.activity.phase is Phase.IDLE


def press_save(qtbot: Any, dock: Any) -> None:
    held = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(dock.window().windowHandle(), Qt.Key.Key_S, held)
    qtbot.waitUntil(lambda: idle(dock) and dock.saving.state.path is not None, timeout=PATIENCE_MS)


def camera(viewer: Any) -> tuple[float, ...]:
    return (*(float(part) for part in viewer.scene.camera.center[-2:]), float(viewer.scene.camera.zoom))


def test_a_blind_reading_is_saved_and_comes_back(
    qtbot: Any,
    make_window: Any,
    slide_path: Path,
    result_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = tmp_path / "first" / "sample_03.ome.tif"
    home.parent.mkdir()
    shutil.copy(slide_path, home)
    viewer, dock = make_window()
    show(qtbot, dock)
    assert not dock.session_menu.save_action.isEnabled()
    assert dock.opinion_panel.isHidden()
    dock.session_menu.blind_action.trigger()
    dock.controller.open_slide(home, result=result_folder)
    qtbot.waitUntil(lambda: dock.controller.results.of(_key(dock)) is not None, timeout=PATIENCE_MS)

    panel = dock.opinion_panel
    assert not panel.isHidden()
    assert [layer.name for layer in viewer.layers] == [dock.session.current.record.alias]
    assert viewer.canvas.overlays.text.text == ""
    for hidden in (dock.readings_panel, dock.maps_panel, dock.tiles_panel, dock.signatures_panel):
        assert hidden.isHidden()
    assert not dock.export_panel.export_button.isEnabled()
    assert not panel.note_button.isEnabled()
    assert panel.reveal_button.isHidden()
    panel.class_box.lineEdit().setText(OPINION)
    click(qtbot, panel.sure.buttons["high"])
    click(qtbot, panel.note_button)
    assert panel.form.isHidden()
    assert dock.session.result is None
    click(qtbot, panel.reveal_button)
    assert dock.session.result is not None
    assert not dock.maps_panel.isHidden()
    assert "Revealed" in panel.text.text()

    dock.view.turn()
    viewer.scene.camera.zoom = 2.5
    viewer.scene.camera.center = (150.0, 220.0)
    seen = camera(viewer)
    monkeypatch.setattr(session_menu, "ask_where_to_save", lambda *_: tmp_path / "one")
    press_save(qtbot, dock)
    assert dock.session_line.notice.text.text().startswith("Session saved")
    click(qtbot, dock.session_line.notice.close_button)
    assert dock.session_line.isHidden()
    dock.shut_down()

    away = home.rename(tmp_path / "elsewhere.ome.tif")
    other, again = make_window()
    drop(again, tmp_path / "one.histcode.json")
    qtbot.waitUntil(lambda: idle(again) and bool(again.saving.state.missing), timeout=PATIENCE_MS)
    assert not again.restore_panel.isHidden()
    (question,) = again.restore_panel.questions.values()
    assert "sample_03" not in question.text.text()
    again.session.shows_file_names = True
    assert question.text.text() == "sample_03 is not where it was."
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(result_folder / "report.html"), ""))
    click(qtbot, question.find_button)
    qtbot.waitUntil(lambda: "is another slide" in question.reason.text(), timeout=PATIENCE_MS)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(away), ""))
    click(qtbot, question.find_button)
    qtbot.waitUntil(lambda: again.session.result is not None, timeout=PATIENCE_MS)
    assert again.restore_panel.isHidden()
    assert again.session.visible_maps == dock.session.visible_maps
    assert again.session_menu.blind_action.isChecked()
    assert OPINION in again.opinion_panel.text.text()
    np.testing.assert_allclose(camera(other), seen, rtol=1e-6)


def _key(dock: Any) -> str:
    return dock.session.current.key if dock.session.current is not None else ""
