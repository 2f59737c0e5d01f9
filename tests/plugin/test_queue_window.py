"""The queue in the real window, with analyses that end when the test says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from napari_histcode.plugin import tasks
from napari_histcode.plugin.queue.state import Standing
from napari_histcode.plugin.session import Phase
from napari_histcode.progress import CancelToken, Progress
from tests.builders import make_grid, make_scores
from tests.plugin.test_window import PATIENCE_MS, click, open_slide

pytestmark = pytest.mark.gui


class Gate:
    """Stands for an analysis: tells half, and goes on when it is opened or cancelled."""

    def __init__(self) -> None:
        self.is_open = Event()

    def analyse(self, request: Any, progress: Any, cancel: CancelToken) -> Any:
        progress(Progress(stage="encoding tiles", done=50, total=100, elapsed_s=0.5))
        while not self.is_open.wait(0.01):
            cancel.raise_if_cancelled()
        grid = replace(make_grid(4, 3), slide=request.slide.record)
        return SimpleNamespace(scores=make_scores(grid=grid), bag=None, trust=None)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(tasks, "analyse", gate.analyse)
    return gate


def wait_for(qtbot: Any, dock: Any, position: int, standing: Standing) -> None:
    state = dock.controller.queue.state
    qtbot.waitUntil(lambda: state.items[position].standing is standing, timeout=PATIENCE_MS)


def row(dock: Any, position: int) -> Any:
    return dock.jobs_panel.rows[dock.controller.queue.state.items[position].number]


def test_a_queue_of_three_slides(
    qtbot: Any,
    make_window: Any,
    gate: Gate,
    slide_path: Path,
    other_slide_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    viewer, dock = make_window()
    panel, session = dock.jobs_panel, dock.session
    open_slide(qtbot, dock, other_slide_path)
    assert dock.analyse_panel.all_button.isHidden()
    assert panel.isHidden()
    open_slide(qtbot, dock, slide_path)
    other, read = session.slides
    click(qtbot, dock.analyse_panel.all_button)
    assert not panel.isHidden()

    dialog = "napari_histcode.plugin.panels.jobs_panel.QFileDialog.getOpenFileNames"
    monkeypatch.setattr(dialog, lambda *_: ([str(other_slide_path)], ""))
    click(qtbot, panel.add_button)
    wait_for(qtbot, dock, 2, Standing.WAITING)
    assert len(viewer.layers) == 2, "the window is left alone"

    qtbot.waitUntil(lambda: row(dock, 0).bar.value() > 0, timeout=PATIENCE_MS)
    assert "100 tiles/s" in row(dock, 0).detail.text()
    assert session.analysing.fraction is None, "another slide's progress"
    assert dock.analyse_panel.job.text.text() == "Waits for another analysis."
    click(qtbot, row(dock, 0).cancel_button)
    wait_for(qtbot, dock, 1, Standing.RUNNING)
    gate.is_open.set()
    wait_for(qtbot, dock, 2, Standing.FINISHED)
    assert [row(dock, k).brief.text().split()[0] for k in range(3)] == ["cancelled", "finished", "finished"]
    assert row(dock, 1).show_button.isHidden(), "it is on the screen"
    own = session.result
    assert own.scores.grid.slide.digest == read.record.digest

    click(qtbot, row(dock, 2).show_button)
    assert len(session.slides) == 3
    assert session.result.scores.grid.slide.digest == other.record.digest
    dock.controller.choose_slide(read.key)
    assert session.result is own

    gate.is_open.clear()
    click(qtbot, row(dock, 0).resume_button)
    wait_for(qtbot, dock, 0, Standing.RUNNING)
    click(qtbot, panel.clear_button)
    assert len(panel.rows) == 1
    viewer.layers.remove(next(layer for layer in viewer.layers if layer.name == other.record.alias))
    qtbot.waitUntil(lambda: not panel.rows, timeout=PATIENCE_MS)
    assert panel.isHidden()


def test_closing_the_window_ends_the_queue(
    qtbot: Any, make_window: Any, gate: Gate, slide_path: Path, other_slide_path: Path
) -> None:
    viewer, dock = make_window()
    open_slide(qtbot, dock, other_slide_path)
    open_slide(qtbot, dock, slide_path)
    dock.controller.analyse_all()
    state = dock.controller.queue.state
    qtbot.waitUntil(lambda: state.items[0].fraction is not None, timeout=PATIENCE_MS)
    viewer.window.remove_dock_widget(dock)
    assert dock._jobs.is_closed
    assert dock._jobs.is_idle
    assert state.items[1].standing is Standing.WAITING, "nothing begins any more"
    assert dock.session.analysing.phase is not Phase.IDLE, "nobody is told"
