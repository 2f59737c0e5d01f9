"""Following the camera, moving it, and remembering what was seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.view.controller import ViewController
from napari_histcode.plugin.view.state import look_at
from tests.plugin.fakes import FakeCanvas, FakeRunner


@pytest.fixture
def canvas() -> FakeCanvas:
    return FakeCanvas()


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()


@pytest.fixture
def controller(canvas: FakeCanvas, runner: FakeRunner) -> Controller:
    return Controller(canvas, runner)


@pytest.fixture
def view(controller: Controller, canvas: FakeCanvas, runner: FakeRunner) -> ViewController:
    return ViewController(controller.session, canvas, runner)


def open_slide(controller: Controller, runner: FakeRunner, path: Path) -> None:
    controller.open_slide(path)
    runner.run_all()


def test_overview_comes_with_the_slide(
    controller: Controller, view: ViewController, runner: FakeRunner, slide_path: Path
) -> None:
    open_slide(controller, runner, slide_path)
    entry = controller.session.current
    assert entry is not None
    assert view.state.overview is not None
    height, width, _ = view.state.overview.shape
    assert width / height == pytest.approx(entry.record.dimensions[0] / entry.record.dimensions[1], rel=0.02)
    assert view.state.seen is not None
    assert not view.state.seen.any()


def test_magnification_follows_the_camera(
    controller: Controller, view: ViewController, runner: FakeRunner, canvas: FakeCanvas, slide_path: Path
) -> None:
    open_slide(controller, runner, slide_path)
    view.go_to_power(2.5)
    assert canvas.scale == pytest.approx(4.0)
    assert view.state.power == pytest.approx(2.5)
    assert not view.state.is_digital
    view.go_to_power(1000)
    assert view.state.is_digital


def test_only_a_close_look_counts_as_seen(
    controller: Controller, view: ViewController, runner: FakeRunner, canvas: FakeCanvas, slide_path: Path
) -> None:
    open_slide(controller, runner, slide_path)
    width, height = controller.session.current.record.dimensions  # type: ignore[union-attr]
    canvas.view = (0.0, 0.0, width / 2, height)
    view.go_to_power(1.25)
    assert not view.state.seen.any()  # type: ignore[union-attr]
    view.go_to_power(10)
    seen = view.state.seen
    assert seen is not None
    assert seen[:, : seen.shape[1] // 2].all()
    assert not seen[:, seen.shape[1] // 2 + 1 :].any()
    view.forget_seen()
    assert not view.state.seen.any()


def test_each_slide_keeps_what_was_seen_of_it(
    controller: Controller,
    view: ViewController,
    runner: FakeRunner,
    canvas: FakeCanvas,
    slide_path: Path,
    slide_without_mpp: Path,
) -> None:
    open_slide(controller, runner, slide_path)
    first = controller.session.current
    assert first is not None
    canvas.view = (0.0, 0.0, *map(float, first.record.dimensions))
    view.go_to_power(10)
    open_slide(controller, runner, slide_without_mpp)
    assert view.state.power is None
    assert not view.state.seen.any()  # type: ignore[union-attr]
    controller.choose_slide(first.key)
    assert view.state.seen.all()  # type: ignore[union-attr]


def test_turning_goes_round(view: ViewController, canvas: FakeCanvas) -> None:
    turns = []
    for _ in range(4):
        view.turn()
        turns.append(canvas.n_quarters)
    assert turns == [1, 2, 3, 0]


@given(
    left=st.floats(-500, 900), top=st.floats(-500, 900), width=st.floats(0, 2000), height=st.floats(0, 2000)
)
def test_seen_only_grows_and_only_inside_the_view(
    left: float, top: float, width: float, height: float
) -> None:
    before = np.zeros((20, 40), dtype=bool)
    before[3, 5] = True
    after = look_at(before, (left, top, width, height), (800, 400))
    assert after[3, 5]
    rows, columns = np.nonzero(after & ~before)
    assert (columns * 20 + 20 >= left - 10).all()
    assert (columns * 20 <= left + width + 10).all()
    assert (rows * 20 + 20 >= top - 10).all()
    assert (rows * 20 <= top + height + 10).all()
    assert look_at(after, (left, top, width, height), (800, 400)) is after
