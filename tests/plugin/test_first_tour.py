"""The first steps without a window: shown once, and never in anybody's way."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from napari_histcode.plugin.first_tour import keeping
from napari_histcode.plugin.first_tour.controller import TourController
from napari_histcode.plugin.first_tour.steps import STEPS
from napari_histcode.plugin.session import Session


@pytest.fixture
def newcomer(home: Path) -> Path:
    keeping.tour_file().unlink()
    return home


def something() -> Any:
    return cast(Any, SimpleNamespace())


def test_it_is_shown_once(newcomer: Path) -> None:
    tour = TourController(Session())
    tour.begin_if_new()
    assert tour.state.step == 0
    tour.skip()
    tour.begin_if_new()
    assert tour.state.step is None
    later = TourController(Session())
    later.begin_if_new()
    assert later.state.step is None
    later.begin()
    assert later.state.step == 0, "unless it is asked for"


def test_it_is_withheld_where_nobody_reads_it(newcomer: Path) -> None:
    tour = TourController(Session())
    tour.withhold()
    tour.begin_if_new()
    assert tour.state.step is None
    assert not keeping.was_shown()


def test_it_goes_on_as_the_user_does(newcomer: Path) -> None:
    session = Session()
    tour = TourController(session)
    session.current = something()
    assert tour.state.step is None, "no tour without somebody new"
    session.current = None
    tour.begin()
    session.current = something()
    assert tour.state.step == 1
    session.result = something()
    assert tour.state.step == 2
    session.result = something()
    assert tour.state.step == 2
    for _ in STEPS:
        tour.next()
    assert tour.state.step is None
    tour.next()
    assert tour.state.step is None


def test_where_nothing_can_be_kept_it_is_shown_all_the_same(
    newcomer: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = newcomer / "file"
    blocked.write_text("")
    monkeypatch.setenv("HISTCODE_HOME", str(blocked))
    tour = TourController(Session())
    tour.begin_if_new()
    assert tour.state.step == 0
    assert "shown again" in caplog.text
