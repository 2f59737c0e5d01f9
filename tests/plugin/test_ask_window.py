"""The page Ask in the real window, clicked through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from shapely import box

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.ask import tasks
from napari_histcode.plugin.session import Phase
from napari_histcode.scores.what_if import what_if
from napari_histcode.trust.trust import TrustWarning
from tests.plugin.test_window import PATIENCE_MS, click, open_slide

pytestmark = pytest.mark.gui


@pytest.fixture
def asked(
    qtbot: Any, make_window: Any, model_folder: Path, slide_path: Path, result_folder: Path
) -> tuple[Any, Any]:
    """A result with features, read from its folder, and the page in front."""
    viewer, dock = make_window()
    dock.controller.menu.choose_model(str(model_folder))
    open_slide(qtbot, dock, slide_path, result=result_folder)
    qtbot.waitUntil(lambda: dock.ask.faithful.state.measured is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: dock.ask.trust.state.trust is not None, timeout=PATIENCE_MS)
    dock.pages.show_page("Ask")
    return viewer, dock


def test_without_a_result_the_page_says_what_to_do(qtbot: Any, make_window: Any, slide_path: Path) -> None:
    _, dock = make_window()
    open_slide(qtbot, dock, slide_path)
    page = dock.ask_page
    assert "Analyse the slide first" in page.faithful.empty.text()
    assert page.faithful.body_of_answer.isHidden()
    assert page.what_if.tools.isHidden()
    assert "Analyse the slide first" in page.trust.waiting.text()


def test_the_curves_are_drawn_and_the_best_map_is_shown(qtbot: Any, asked: tuple[Any, Any]) -> None:
    _, dock = asked
    panel, state = dock.ask_page.faithful, dock.ask.faithful.state
    assert panel.table.topLevelItemCount() == 4
    labels = {line.get_label() for line in panel.plot.axes.lines}
    assert {"random order", "most relevant first", "least relevant first"} <= labels
    (most,) = [line for line in panel.plot.axes.lines if line.get_label() == "most relevant first"]
    np.testing.assert_array_equal(most.get_ydata(), state.shown.curve.most_first)

    click(qtbot, panel.insertion_button)
    (most,) = [line for line in panel.plot.axes.lines if line.get_label() == "most relevant first"]
    np.testing.assert_array_equal(most.get_ydata(), state.shown.curve.insert_most_first)

    panel.table.setCurrentItem(panel.table.topLevelItem(3))
    assert state.map == panel.table.topLevelItem(3).data(0, Qt.ItemDataRole.UserRole)

    dock.controller.maps.show_alone("tissue.attention")
    click(qtbot, panel.show_button)
    assert dock.session.selected_map in {one.name for one in state.measured.maps}
    note = dock.maps_panel.heading_row.itemAt(dock.maps_panel.heading_row.count() - 1).widget()
    assert note.text().startswith(("most faithful", "no map"))


def test_integrated_gradients_are_added_and_cancelled(
    qtbot: Any, asked: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, dock = asked
    panel, state = dock.ask_page.faithful, dock.ask.faithful.state
    integrate = tasks.integrate

    def wait(_explained: Any, _output: Any, _progress: Any, cancel: Any) -> Any:
        while True:
            cancel.raise_if_cancelled()

    monkeypatch.setattr(tasks, "integrate", wait)
    click(qtbot, panel.gradients_button)
    assert not panel.job.cancel_button.isHidden()
    click(qtbot, panel.job.cancel_button)
    qtbot.waitUntil(lambda: state.integrating.text == "Stopped.", timeout=PATIENCE_MS)
    assert not dock.session.tool_maps

    monkeypatch.setattr(tasks, "integrate", integrate)
    click(qtbot, panel.gradients_button)
    qtbot.waitUntil(lambda: panel.table.topLevelItemCount() == 5, timeout=PATIENCE_MS)
    (added,) = dock.session.tool_maps
    assert added.kind == "integrated_gradients"
    assert dock.session.visible_maps == {added.name}
    assert panel.gradients_button.isHidden()


def test_what_if_says_what_the_function_says(qtbot: Any, asked: tuple[Any, Any]) -> None:
    viewer, dock = asked
    panel, tool = dock.ask_page.what_if, dock.ask.what_if
    click(qtbot, panel.toggle)
    assert not dock.ask_page.faithful.is_open
    assert dock.ask.front.active == "what_if"
    width, height = dock.session.current.record.dimensions
    region = Annotation(geometry=box(0, 0, width / 2, height), class_name="Tumor", id="1")
    dock.annotate.store.begin(dock.session.current.key, (region,))
    assert dock.session.annotations == (region,)
    assert panel.list.topLevelItemCount() == 1
    panel.list.topLevelItem(0).setCheckState(0, Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: tool.state.answer is not None, timeout=PATIENCE_MS)

    explanation = dock.ask.explainer.state.explained.explanation
    is_kept = explanation.grid.centre_px0[:, 0] > width / 2
    expected = what_if(explanation, is_kept).changes
    texts = panel.table.texts()
    assert [name for name, _, _ in texts] == [one.before.label for one in expected]
    for (_, value, difference), one in zip(texts, expected, strict=True):
        assert value == f"{one.before.value:.2f} \N{RIGHTWARDS ARROW} {one.after.value:.2f}"
        if abs(one.difference) >= 0.005:
            assert difference.startswith(f"{one.difference:+.2f}".replace("-", "\N{MINUS SIGN}"))
    assert f"{is_kept.sum()} of {len(is_kept)} tiles are left" in panel.left.text()
    (name,) = dock.session.visible_maps
    layer = dock._canvas._maps[name]
    assert layer in viewer.layers
    assert np.isfinite(layer.data).sum() == is_kept.sum()

    click(qtbot, panel.before_button)
    assert name not in dock.session.visible_maps
    click(qtbot, panel.reset_button)
    qtbot.waitUntil(lambda: tool.state.answer is None, timeout=PATIENCE_MS)
    assert panel.answer.isHidden()
    assert layer not in viewer.layers


def test_tiles_are_clicked_only_while_the_tool_is_open(qtbot: Any, asked: tuple[Any, Any]) -> None:
    viewer, dock = asked
    panel = dock.ask_page.what_if
    picked = dock._canvas._picked
    click(qtbot, panel.toggle)
    click(qtbot, panel.pick_button)
    assert picked in viewer.mouse_drag_callbacks
    dock.pages.show_page("Read")
    assert picked not in viewer.mouse_drag_callbacks
    dock.pages.show_page("Ask")
    assert picked in viewer.mouse_drag_callbacks
    click(qtbot, dock.ask_page.trust.toggle)
    assert picked not in viewer.mouse_drag_callbacks


def test_artefacts_are_found_and_painted(qtbot: Any, asked: tuple[Any, Any]) -> None:
    viewer, dock = asked
    panel, state = dock.ask_page.what_if, dock.ask.what_if.state
    click(qtbot, panel.toggle)
    click(qtbot, panel.find_button)
    qtbot.waitUntil(lambda: state.artefacts is not None, timeout=PATIENCE_MS)
    assert panel.list.topLevelItemCount() == 3
    assert "artefacts" in [layer.name for layer in viewer.layers]
    assert state.finding.phase is Phase.IDLE


def test_reasons_for_caution_are_shown_on_the_first_page(qtbot: Any, asked: tuple[Any, Any]) -> None:
    _, dock = asked
    panel, tool = dock.ask_page.trust, dock.ask.trust
    dock.pages.show_page("Read")
    note = dock.readings_panel.content.itemAt(1).widget()
    before = len(tool.state.trust.warnings)
    assert note.isHidden() == (before == 0)
    reasons = tuple(
        TrustWarning(kind=kind, sentence=f"About the {kind}.", evidence={}) for kind in ("organ", "stain")
    )
    tool.state.trust = replace(tool.state.trust, warnings=reasons)
    assert "2 reasons for caution" in note.text.text()
    assert not note.isHidden()
    click(qtbot, note.open_button)
    assert dock.pages.current == "Ask"
    assert panel.is_open
    assert panel.warnings.layout().count() == 2
    assert panel.summary.text() == "2 reasons for caution."
