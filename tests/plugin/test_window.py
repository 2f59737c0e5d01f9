"""The real window, driven as a person would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_histcode.plugin.map_layer import MapLayer
from napari_histcode.plugin.session import Phase
from tests.plugin.dropping import drop

pytestmark = pytest.mark.gui

PATIENCE_MS = 30_000


def open_slide(qtbot: Any, dock: Any, path: Path, **options: Any) -> None:
    before = len(dock.session.slides)
    dock.controller.open_slide(path, **options)
    qtbot.waitUntil(lambda: len(dock.session.slides) > before, timeout=PATIENCE_MS)


def click(qtbot: Any, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait_for_analysis(qtbot: Any, dock: Any) -> None:
    qtbot.waitUntil(lambda: dock.session.analysing.phase is Phase.IDLE, timeout=PATIENCE_MS)
    if dock.session.result is not None:  # the attention's layer follows when the window has breathed
        qtbot.waitUntil(lambda: len(dock._canvas.map_names()) >= 2, timeout=PATIENCE_MS)


def layer_names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


@pytest.fixture
def window(make_window: Any, model_folder: Path) -> tuple[Any, Any]:
    viewer, dock = make_window()
    dock.controller.menu.choose_model(str(model_folder))
    return viewer, dock


@pytest.fixture
def regions_path(tmp_path: Path) -> Path:
    path = tmp_path / "regions.geojson"
    path.write_text(
        '{"type": "Feature", "properties": {"classification": {"name": "Tumor"}}, "geometry": {"type": '
        '"Polygon", "coordinates": [[[100, 200], [300, 200], [300, 400], [100, 400], [100, 200]]]}}'
    )
    return path


def test_first_start_offers_what_to_do_next(window: Any) -> None:
    _, dock = window
    assert not dock.slide_panel.drop_zone.isHidden()
    hidden = (dock.analyse_panel, dock.readings_panel, dock.maps_panel, dock.tiles_panel, dock.pages.tabs)
    assert all(panel.isHidden() for panel in hidden)


def test_analysis_brings_readings_and_maps(qtbot: Any, window: Any, slide_path: Path) -> None:
    viewer, dock = window
    open_slide(qtbot, dock, slide_path)
    alias = dock.session.current.record.alias
    assert layer_names(viewer) == [alias]
    assert not any("PATIENT" in str(layer.metadata) or "PATIENT" in layer.name for layer in viewer.layers)

    click(qtbot, dock.analyse_panel.analyse_button)
    assert dock.session.analysing.phase is Phase.WORKING
    wait_for_analysis(qtbot, dock)

    assert dock.session.analysing.text.startswith("Done in")
    qtbot.waitUntil(lambda: len(viewer.layers) == 3, timeout=PATIENCE_MS)
    visible = [layer.name for layer in viewer.layers if layer.visible]
    assert len(visible) == 2
    assert viewer.layers.selection.active.name == visible[1]
    assert visible[1].endswith("single-tile")
    assert not dock.readings_panel.isHidden()
    read = [found.text() for found in dock.readings_panel.table.findChildren(QLabel)]
    assert (
        read.index("tissue · probability") < read.index("necrosis") < read.index("genes · log2 fold change")
    )
    assert "(tissue), " in dock.readings_panel.rest.text()
    assert dock.maps_panel.tree.topLevelItemCount() == 2
    grid = dock.session.result.scores.grid
    shown = viewer.layers[visible[1]]
    assert np.isfinite(shown.data).sum() == len(grid)
    assert tuple(str(unit) for unit in shown.units) == ("micrometer", "micrometer")
    assert viewer.canvas.overlays.scale_bar.visible
    assert "log-odds" in viewer.canvas.overlays.text.text


def test_maps_are_toggled_from_the_panel_and_from_napari(qtbot: Any, window: Any, slide_path: Path) -> None:
    viewer, dock = window
    open_slide(qtbot, dock, slide_path)
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    panel, session = dock.maps_panel, dock.session

    (attention,) = (item for item, row in panel._items() if row.label == "attention" and row.head == "tissue")
    attention.setCheckState(0, Qt.CheckState.Checked)
    assert "tissue.attention" in session.visible_maps
    assert viewer.layers["tissue, attention"].visible

    viewer.layers["tissue, attention"].visible = False
    assert "tissue.attention" not in session.visible_maps
    assert attention.checkState(0) is Qt.CheckState.Unchecked

    (gene,) = (item for item, row in panel._items() if row.label == "CD3E")
    n_layers = len(viewer.layers)
    gene.setCheckState(0, Qt.CheckState.Checked)
    assert len(viewer.layers) == n_layers + 1, "a map is drawn when it is first wanted"

    viewer.layers.remove("CD3E, single-tile")
    assert gene.checkState(0) is Qt.CheckState.Unchecked
    gene.setCheckState(0, Qt.CheckState.Checked)
    assert viewer.layers["CD3E, single-tile"].visible


def test_controls_redraw_the_maps(qtbot: Any, window: Any, slide_path: Path) -> None:
    viewer, dock = window
    open_slide(qtbot, dock, slide_path)
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    panel = dock.maps_panel
    (name,) = dock.session.visible_maps
    layer = viewer.layers[dock.session.result.scores.map(name).label]

    panel.opacity.setValue(20)
    assert layer.opacity == pytest.approx(0.2)

    panel.values.setCurrentIndex(panel.values.findText("percentile"))
    panel.values.activated.emit(panel.values.currentIndex())
    assert np.nanmin(layer.data) >= 0
    assert np.nanmax(layer.data) > 90
    assert "percentile" in viewer.canvas.overlays.text.text

    position = panel.colours.findData("magma")
    panel.colours.activated.emit(position)
    assert layer.colormap.name == "magma"

    panel.kind.activated.emit(panel.kind.findData("contribution"))
    visible = [each.name for each in viewer.layers if each.visible]
    assert visible[1].endswith("contribution")


def test_status_bar_says_what_a_value_means(qtbot: Any, window: Any, slide_path: Path) -> None:
    viewer, dock = window
    open_slide(qtbot, dock, slide_path)
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    (name,) = dock.session.visible_maps
    scores = dock.session.result.scores
    layer = viewer.layers[scores.map(name).label]
    i = int(np.argmax(scores.map(name).values))
    x, y = scores.grid.centre_px0[i]
    mpp = scores.grid.mpp
    world = ((y - 0.5) * mpp.y, (x - 0.5) * mpp.x)
    status = layer.get_status(world, view_direction=None, dims_displayed=[0, 1], world=True)
    values = scores.map(name).values
    z = (values[i] - values.mean()) / values.std()
    assert status["value"] == f"{scores.map(name).label} {values[i]:.2f} (p 99, z {z:.1f})"
    dock.controller.maps.set_visible("tissue.attention", is_visible=True)
    both = layer.get_status(world, view_direction=None, dims_displayed=[0, 1], world=True)["value"]
    assert both.startswith(status["value"])
    assert "attention" in both
    dock.controller.maps.set_visible("tissue.attention", is_visible=False)
    assert layer.get_status((-500.0, -500.0), dims_displayed=[0, 1], world=True)["value"] == ""
    assert "no tile" in layer.value_text(np.array((0.0, 0.0))) or layer.value_text(np.array((0.0, 0.0))) == ""


def test_missing_resolution_is_asked_for_and_never_guessed(
    qtbot: Any, window: Any, slide_without_mpp: Path, regions_path: Path
) -> None:
    viewer, dock = window
    open_slide(qtbot, dock, slide_without_mpp, annotations=regions_path)
    panel = dock.slide_panel
    assert not panel.question.isHidden()
    assert not panel.question.use_button.isEnabled(), "nothing is preset"
    assert not dock.analyse_panel.analyse_button.isEnabled()
    assert "resolution" in dock.analyse_panel.reason.text()
    layer = viewer.layers[0]
    assert tuple(layer.scale) == (1, 1)

    click(qtbot, panel.question.suggestions[1])
    assert panel.question.value.value() == 0.5
    click(qtbot, panel.question.use_button)
    qtbot.waitUntil(lambda: dock.session.current.record.mpp is not None, timeout=PATIENCE_MS)

    assert panel.question.isHidden()
    assert "(user)" in panel.resolution_label.text()
    assert tuple(layer.scale) == (0.5, 0.5)
    assert tuple(viewer.layers["annotations"].scale) == (0.5, 0.5), "regions stay where they are"
    assert dock.analyse_panel.analyse_button.isEnabled()
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    assert dock.session.result is not None


def test_cancel_is_quick_and_the_next_run_goes_on(qtbot: Any, window: Any, large_slide_path: Path) -> None:
    _, dock = window
    open_slide(qtbot, dock, large_slide_path)
    fractions: list[float] = []
    dock.session.events.analysing.connect(lambda activity, _before: fractions.append(activity.fraction or 0))
    click(qtbot, dock.analyse_panel.analyse_button)
    qtbot.waitUntil(lambda: bool(fractions) and fractions[-1] > 0.05, timeout=PATIENCE_MS)
    reached = fractions[-1]
    assert not dock.analyse_panel.job.isHidden()

    with qtbot.waitSignal(_idle(dock), timeout=1500):
        click(qtbot, dock.analyse_panel.job.cancel_button)
    assert "kept" in dock.session.analysing.text
    assert dock.session.result is None

    fractions.clear()
    click(qtbot, dock.analyse_panel.analyse_button)
    qtbot.waitUntil(lambda: any(fraction > 0 for fraction in fractions), timeout=PATIENCE_MS)
    first = next(fraction for fraction in fractions if fraction > 0)
    assert first >= reached, "what was encoded before is not encoded again"


def _idle(dock: Any) -> Any:
    """A Qt signal for the end of the analysis, measured where the user sees it."""
    from qtpy.QtCore import QObject, Signal

    class Bell(QObject):
        rang = Signal()

    bell = Bell(dock)
    dock.session.events.analysing.connect(
        lambda activity, _before: bell.rang.emit() if activity.phase is Phase.IDLE else None
    )
    return bell.rang


def test_closing_the_slide_ends_its_analysis(qtbot: Any, window: Any, large_slide_path: Path) -> None:
    viewer, dock = window
    open_slide(qtbot, dock, large_slide_path)
    click(qtbot, dock.analyse_panel.analyse_button)
    qtbot.waitUntil(lambda: dock.session.analysing.fraction is not None, timeout=PATIENCE_MS)
    viewer.layers.clear()
    qtbot.waitUntil(lambda: dock.session.current is None, timeout=PATIENCE_MS)
    assert dock.session.analysing.phase is Phase.IDLE
    assert not dock.slide_panel.drop_zone.isHidden()
    qtbot.waitUntil(lambda: not dock._jobs.is_busy, timeout=PATIENCE_MS)
    assert len(viewer.layers) == 0, "an answer for a closed slide is dropped"
    assert dock.session.result is None


def test_closing_the_window_ends_the_analysis(
    qtbot: Any, make_napari_viewer: Any, model_folder: Path, large_slide_path: Path
) -> None:
    from napari_histcode.plugin.dock import HistCodeDock

    viewer = make_napari_viewer()
    dock = HistCodeDock(viewer)
    viewer.window.add_dock_widget(dock, name="HistCode")
    dock.controller.menu.choose_model(str(model_folder))
    open_slide(qtbot, dock, large_slide_path)
    session, jobs = dock.session, dock._jobs
    dock.controller.analyse()
    qtbot.waitUntil(lambda: session.analysing.fraction is not None, timeout=PATIENCE_MS)
    viewer.close()
    qtbot.waitUntil(lambda: jobs.is_closed and jobs.is_idle, timeout=10_000)


def test_taking_the_dock_away_ends_the_analysis(qtbot: Any, window: Any, large_slide_path: Path) -> None:
    from napari.settings import get_settings

    viewer, dock = window
    assert get_settings().experimental.async_
    open_slide(qtbot, dock, large_slide_path)
    click(qtbot, dock.analyse_panel.analyse_button)
    qtbot.waitUntil(lambda: dock.session.analysing.fraction is not None, timeout=PATIENCE_MS)
    record = dock.session.current.record
    viewer.window.remove_dock_widget(dock)
    assert dock._jobs.is_closed
    assert dock._jobs.is_idle
    assert not get_settings().experimental.async_
    assert layer_names(viewer)[0] == record.alias, "the slide stays"
    assert sum(isinstance(layer, MapLayer) for layer in viewer.layers) <= 1, "the map so far may stay"


def test_bad_file_is_told_and_the_window_lives(
    qtbot: Any, window: Any, slide_path: Path, tmp_path: Path
) -> None:
    from napari.utils.notifications import notification_manager

    _, dock = window
    bad = tmp_path / "bad.svs"
    bad.write_bytes(b"no slide at all")
    dock.controller.open_slide(bad)
    qtbot.waitUntil(lambda: dock.session.opening.is_error, timeout=PATIENCE_MS)
    assert "cannot be opened" in dock.slide_panel.notice.text()
    assert "cannot be opened" in notification_manager.records[-1].message
    open_slide(qtbot, dock, slide_path)
    assert not dock.session.opening.is_error


def test_reader_refuses_a_bad_file_clearly(make_napari_viewer: Any, tmp_path: Path) -> None:
    from napari_histcode.errors import NotASlideError

    viewer = make_napari_viewer()
    bad = tmp_path / "bad.svs"
    bad.write_bytes(b"no slide at all")
    with pytest.raises(NotASlideError, match="cannot be opened as a slide"):
        viewer.open(bad, plugin="napari-histcode")
    assert not viewer.layers


def test_dropped_slide_needs_no_dialog(make_window: Any, slide_path: Path, tmp_path: Path) -> None:
    import shutil

    viewer, dock = make_window()
    renamed = tmp_path / "slide.svs"
    shutil.copy(slide_path, renamed)
    viewer.open(renamed, plugin=None)
    assert len(dock.session.slides) == 1


def test_slide_opened_by_napari_is_taken_over(qtbot: Any, make_window: Any, slide_path: Path) -> None:
    viewer, dock = make_window()
    viewer.open(slide_path, plugin="napari-histcode")
    assert dock.session.current is not None
    assert dock.session.current.slide.path == slide_path


def test_failure_is_told_in_the_panel(qtbot: Any, make_window: Any, slide_path: Path, tmp_path: Path) -> None:
    _, dock = make_window()
    dock.controller.menu.choose_model(str(tmp_path / "no model"))
    open_slide(qtbot, dock, slide_path)
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    assert dock.session.analysing.is_error
    assert "There is no model" in dock.analyse_panel.job.text.text()
    assert dock.analyse_panel.analyse_button.isEnabled()


def test_export_writes_where_it_says(qtbot: Any, window: Any, slide_path: Path, tmp_path: Path) -> None:
    _, dock = window
    open_slide(qtbot, dock, slide_path)
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    panel = dock.export_panel
    assert dock.session.current.record.alias in panel.folder.text()
    panel.folder.setText(str(tmp_path / "results"))
    click(qtbot, panel.export_button)
    qtbot.waitUntil(lambda: dock.export.state.exporting.phase is Phase.IDLE, timeout=2 * PATIENCE_MS)
    assert str(tmp_path / "results") in panel.job.text.text()
    assert (tmp_path / "results" / "analysis.json").is_file()
    assert not any("PATIENT" in path.name for path in (tmp_path / "results").rglob("*"))

    dock.controller.open_slide(slide_path, result=tmp_path / "results")
    qtbot.waitUntil(lambda: len(dock.session.slides) == 2, timeout=PATIENCE_MS)
    assert dock.session.result.analysis is None
    assert not dock.export_panel.export_button.isEnabled()
    assert "there already" in dock.export_panel.reason.text()
    assert not dock.maps_panel.isHidden()


def test_of_two_slides_one_is_shown(
    qtbot: Any, window: Any, slide_path: Path, large_slide_path: Path
) -> None:
    viewer, dock = window
    open_slide(qtbot, dock, slide_path)
    first = dock.session.current
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    open_slide(qtbot, dock, large_slide_path)
    assert [layer.name for layer in viewer.layers if layer.visible] == [dock.session.current.record.alias]
    assert dock.session.result is None
    dock.controller.choose_slide(first.key)
    assert dock.session.result is not None
    assert viewer.layers[first.record.alias].visible


def test_slides_are_dropped_on_the_dock(qtbot: Any, window: Any, slide_path: Path) -> None:
    _, dock = window
    drop(dock, slide_path)
    qtbot.waitUntil(lambda: dock.session.current is not None, timeout=PATIENCE_MS)


def test_annotations_come_with_the_slide(
    qtbot: Any, window: Any, slide_path: Path, regions_path: Path
) -> None:
    viewer, dock = window
    open_slide(qtbot, dock, slide_path, annotations=regions_path)
    qtbot.waitUntil(lambda: len(dock.session.annotations) == 1, timeout=PATIENCE_MS)
    assert dock.session.annotations[0].geometry.bounds == (100, 200, 300, 400)
    regions = viewer.layers["annotations"]
    assert tuple(regions.scale) == (0.5, 0.5)
    rows, columns = np.nonzero(np.asarray(regions.data[0])[..., 3])
    assert (rows.min(), columns.min()) == pytest.approx((200, 100), abs=2), "a line's width at most"


def test_gui_thread_lives_while_a_job_runs(
    qtbot: Any, window: Any, slide_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Report the longest block between two beats of a timer; the bound is loose, since machines are."""
    import time

    from qtpy.QtCore import QTimer

    _, dock = window
    qtbot.waitUntil(lambda: len(dock.session.devices) > 1, timeout=PATIENCE_MS)
    open_slide(qtbot, dock, slide_path)
    beats: list[float] = []
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(time.monotonic()))
    ends: list[float] = []
    dock.session.events.analysing.connect(
        lambda activity, _before: ends.append(time.monotonic()) if activity.phase is Phase.IDLE else None
    )
    timer.start(5)
    qtbot.wait(100)
    click(qtbot, dock.analyse_panel.analyse_button)
    wait_for_analysis(qtbot, dock)
    timer.stop()
    during = [beat for beat in beats if beat < ends[0]]
    longest = float(np.diff(during).max())
    with capsys.disabled():
        print(f"\n[longest block of the GUI thread during a job: {1000 * longest:.0f} ms]")  # noqa: T201
    assert longest < 1.0


def test_a_viewer_with_two_slides_closes_in_silence(
    qtbot: Any, window: Any, slide_path: Path, other_slide_path: Path
) -> None:
    viewer, dock = window
    open_slide(qtbot, dock, slide_path)
    open_slide(qtbot, dock, other_slide_path)
    viewer.close()  # while the dock is there: the slide that is left shall not be shown for a moment
    assert not viewer.layers
