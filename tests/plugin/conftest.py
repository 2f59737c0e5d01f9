"""Fixtures for driving the window."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.slides import write_model, write_slide

# napari's test fixtures reset its settings and save them: not those of whoever runs the tests
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="napari-settings-")) / "settings.yaml")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what drives a window where none can be opened, before any fixture makes a Qt application."""
    if item.get_closest_marker("gui") is None:
        return
    if find_spec("napari") is None:
        pytest.skip("needs napari")
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        pytest.skip("needs a screen: run it under xvfb-run")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of features for each test alone."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("HISTCODE_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of what the user keeps for each test alone; its user has seen the first steps."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "first_tour.json").write_text('{"shown": true}')
    monkeypatch.setenv("HISTCODE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "random")


@pytest.fixture(scope="session")
def slide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slide(tmp_path_factory.mktemp("slides") / "PATIENT_NAME.ome.tif")


@pytest.fixture(scope="session")
def result_folder(slide_path: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished result of that slide by that model, with features."""
    from napari_histcode.pipeline import analyse_slide

    folder = tmp_path_factory.mktemp("results") / "one"
    analyse_slide(slide_path, str(model_folder), out=folder)
    return folder


@pytest.fixture(scope="session")
def other_slide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slide(tmp_path_factory.mktemp("slides") / "OTHER_NAME.ome.tif", (1024, 1280))


@pytest.fixture(scope="session")
def two_results(
    result_folder: Path,
    other_slide_path: Path,
    model_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with the results of two slides, the first of them that of `result_folder`."""
    from napari_histcode.pipeline import analyse_slide

    folder = tmp_path_factory.mktemp("two")
    shutil.copytree(result_folder, folder / "one")
    analyse_slide(other_slide_path, str(model_folder), out=folder / "two")
    return folder


@pytest.fixture(scope="session")
def large_slide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 2,500 tiles: work for many seconds."""
    return write_slide(tmp_path_factory.mktemp("slides") / "large.ome.tif", (7168, 6144), (4,))


@pytest.fixture(scope="session")
def slide_without_mpp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slide(tmp_path_factory.mktemp("slides") / "unknown.tif", has_mpp=False)


@pytest.fixture
def make_window(
    make_napari_viewer_proxy: Callable[..., Any], qtbot: Any
) -> Iterator[Callable[[], tuple[Any, Any]]]:
    """Open a viewer with the dock in it, as napari does it for its users."""
    windows = []

    def make() -> tuple[Any, Any]:
        from napari_histcode.plugin.dock import HistCodeDock

        viewer = make_napari_viewer_proxy()
        dock = HistCodeDock(viewer)
        viewer.window.add_dock_widget(dock, name="HistCode")
        windows.append((viewer, dock))
        return viewer, dock

    yield make
    for viewer, dock in windows:
        dock.shut_down()
        _end_slicing(viewer)


def _end_slicing(viewer: Any) -> None:
    """Let what napari's slicing thread has sent to the window arrive: until then it holds the viewer."""
    from qtpy.QtWidgets import QApplication

    from napari_histcode.plugin.window import wait_until

    def is_idle() -> bool:
        return all(layer.loaded for layer in viewer.layers if layer.visible)

    if not is_idle():
        wait_until(is_idle, patience_s=5)
    QApplication.processEvents()
