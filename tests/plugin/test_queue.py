"""The queue without napari, Qt or threads: order, one at a time, and whose result is whose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.errors import NotASlideError, NoTissueError
from napari_histcode.plugin import tasks
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.queue import plan, words
from napari_histcode.plugin.queue.state import Items, QueuedSlide, Standing, Wish
from napari_histcode.plugin.session import Phase, analyse_offer
from napari_histcode.plugin.view.controller import ViewController
from napari_histcode.progress import CancelToken, Progress
from tests.builders import make_map, make_scores
from tests.plugin.fakes import FakeCanvas, FakeJob, FakeRunner

WISH = Wish(model="m", device="auto")
HALF = Progress(stage="encoding tiles", done=50, total=100, elapsed_s=0.5)


def line(number: int, standing: Standing = Standing.WAITING, **facts: Any) -> QueuedSlide:
    facts = {"key": f"k{number}", "alias": f"slide-{number}", "path": Path("a.svs"), **facts}
    return QueuedSlide(number=number, wish=WISH, standing=standing, **facts)


# Pure decisions

items_of_any_kind = st.lists(st.sampled_from(list(Standing)), max_size=6).map(
    lambda found: tuple(line(number, standing) for number, standing in enumerate(found))
)


@given(items_of_any_kind)
def test_the_next_is_the_first_that_waits_and_only_when_none_is_at_work(items: Items) -> None:
    chosen = plan.next_waiting(items)
    waiting = [item for item in items if item.standing is Standing.WAITING]
    is_busy = any(item.standing in (Standing.RUNNING, Standing.STOPPING) for item in items)
    assert chosen == (None if is_busy or not waiting else waiting[0])
    for item in waiting:
        before = [other for other in waiting if other.number < item.number]
        at_work = [other for other in items if other.is_at_work]
        assert plan.n_ahead(items, item.number) == len(before) + len(at_work)


@given(items_of_any_kind, st.sets(st.integers(0, 8), max_size=4))
def test_a_slide_has_one_line_and_nothing_active_is_lost(items: Items, coming: set[int]) -> None:
    new = [line(100 + k, key=f"k{k}") for k in sorted(coming)]
    after = plan.joined(items, new)
    keys = [item.key for item in after]
    assert len(set(keys)) == len(keys)
    assert {f"k{k}" for k in coming} <= set(keys)
    assert all(item in after for item in items if item.is_active)


@given(items_of_any_kind)
def test_clearing_takes_what_has_ended_and_says_so(items: Items) -> None:
    gone = plan.clearable(items)
    assert not any(item.is_active for item in gone)
    left = tuple(item for item in items if item not in gone)
    assert all(item.is_active for item in left if item not in plan.clearable(left))
    assert words.clear_label(items) == (
        "Clear ended" if gone and gone[0].standing is not Standing.FINISHED else "Clear finished"
    )


def test_a_single_analysis_is_listed_only_where_it_is_out_of_sight() -> None:
    running = (line(1, Standing.RUNNING),)
    assert not plan.is_worth_showing((), "k1")
    assert not plan.is_worth_showing(running, "k1")
    assert plan.is_worth_showing(running, "k2")
    assert plan.is_worth_showing((line(1, Standing.FINISHED),), None)
    assert not plan.is_worth_showing((line(1, Standing.FINISHED, is_told=True),), "k2")
    assert plan.is_worth_showing((*running, line(2)), "k1")


def test_states_are_told_in_words() -> None:
    assert words.brief(line(1, Standing.FINISHED, seconds=72.0)) == "finished in 1 min 12 s"
    failed = line(1, Standing.FAILED, text="No tissue was found.")
    assert (words.brief(failed), words.detail(failed)) == ("failed", "No tissue was found.")
    items = (line(1, Standing.RUNNING, text="Encoding tiles 50%", fraction=0.5), line(2), line(3))
    assert words.detail(items[0]) == "Encoding tiles 50%"
    assert words.activity_of(items, "k1").fraction == 0.5
    assert words.activity_of(items, "k2").text == "Waits for another analysis."
    assert words.activity_of(items, "k3").text == "Waits for 2 other analyses."
    assert words.activity_of(items, "k4").text == ""
    named = line(1, path=Path("a_rather_long_name_of_a_file.ome.tif"))
    assert words.name(named, shows_names=False) == "slide-1"
    assert words.name(named, shows_names=True) == "a_rather…e.ome.tif"


# The controller


class Desk:
    """A controller, with analyses that take no time and open no model."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.canvas, self.jobs = FakeCanvas(), FakeRunner()
        self.controller = Controller(self.canvas, self.jobs)
        self.session, self.queue = self.controller.session, self.controller.queue
        self.analysed: list[Any] = []
        self.failing: dict[str, Exception] = {}
        monkeypatch.setattr(tasks, "analyse", self._analyse)
        monkeypatch.setattr(tasks, "find_evidence", lambda *_: {})

    def _analyse(self, request: Any, progress: Any, cancel: CancelToken) -> Any:
        progress(HALF)
        cancel.raise_if_cancelled()
        self.analysed.append(request)
        error = self.failing.pop(request.slide.record.alias, None)
        if error is not None:
            raise error
        scores = replace(make_scores(seed=len(self.analysed)), n_corrupt=0)
        return SimpleNamespace(scores=scores, bag=None, trust=None)

    def open(self, *paths: Path) -> list[str]:
        for path in paths:
            self.controller.open_slide(path)
        self.jobs.run_all()
        return [entry.key for entry in self.session.slides]

    def work(self) -> FakeJob:
        """The one analysis that has been started and not run."""
        (job,) = (job for job in self.jobs.waiting if job.on_progress is not None)
        return job

    def run_one(self) -> None:
        """Run that analysis alone."""
        job = self.work()
        self.jobs.waiting.remove(job)
        job.run()

    @property
    def standings(self) -> list[str]:
        return [item.standing.value for item in self.queue.state.items]

    def number(self, position: int) -> int:
        return self.queue.state.items[position].number


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(monkeypatch)


@pytest.fixture
def three(desk: Desk, slide_path: Path, other_slide_path: Path) -> Desk:
    """Three open slides, the last of them in front."""
    desk.open(slide_path, other_slide_path, slide_path)
    assert len(desk.session.slides) == 3
    return desk


def test_all_open_slides_are_analysed_in_turn(three: Desk) -> None:
    three.controller.analyse_all()
    assert three.standings == ["running", "waiting", "waiting"]
    assert three.session.analysing.text == "Waits for 2 other analyses."
    for _ in range(3):
        three.run_one()
    assert three.standings == ["finished"] * 3
    assert [request.slide for request in three.analysed] == [each.slide for each in three.session.slides]
    assert [request.first is not None for request in three.analysed] == [False, False, True], (
        "what is in view"
    )
    assert three.session.analysing.text == "Done in 1 s."
    assert not plan.all_offer(three.session, three.queue.state).is_enabled
    three.controller.menu.choose_model("another")
    assert plan.all_offer(three.session, three.queue.state).is_enabled


def test_results_stay_with_their_slides(three: Desk) -> None:
    keys = [entry.key for entry in three.session.slides]
    three.controller.choose_slide(keys[0])
    three.controller.analyse_all()
    three.run_one()
    first = three.session.result
    assert first is not None
    assert three.queue.state.items[1].standing is Standing.RUNNING
    assert three.session.analysing.text == "Done in 1 s.", "the second slide's progress is not this one's"
    three.run_one()
    assert three.session.result is first
    three.controller.show_queued(three.number(1))
    assert three.session.current.key == keys[1]
    assert three.session.result is not None
    assert three.session.result is not first
    three.controller.choose_slide(keys[0])
    assert three.session.result is first


def test_maps_are_found_as_they_were_left(three: Desk) -> None:
    three.controller.analyse_all()
    three.jobs.run_all()
    session, maps = three.session, three.controller.maps
    keys = [entry.key for entry in session.slides]
    values = np.linspace(0, 1, len(session.result.scores.grid))
    made = make_map("similar.query.single_tile", values)
    passing = make_map("taught.class.single_tile", values)
    maps.put(passing, is_passing=True)
    maps.put(made)
    maps.set_kind("contribution")
    maps.show_alone(made.name)
    maps.set_window((0.2, 0.4))
    windows = dict(session.windows)

    three.controller.choose_slide(keys[0])
    assert session.tool_maps == ()
    assert session.map_kind == "single_tile"
    assert session.windows == {}
    assert made.name not in three.canvas.maps

    three.controller.choose_slide(keys[2])
    assert session.tool_maps == (made,), "a map that answers a forgotten question is not there"
    assert session.visible_maps == {made.name}
    assert session.selected_map == made.name
    assert session.windows == windows
    assert session.map_kind == "contribution"
    assert three.canvas.visible[made.name]
    assert made.name in {name for row in session.map_rows for _, name in row.names}


def test_cancelling_begins_with_the_next_when_the_work_has_ended(three: Desk) -> None:
    three.controller.analyse_all()
    job = three.work()
    three.queue.cancel(three.number(1))
    three.queue.cancel(three.number(0))
    assert three.standings == ["stopping", "cancelled", "waiting"]
    assert job.cancel_token.is_cancelled
    three.work()  # nothing else begins before
    three.run_one()
    assert three.standings == ["cancelled", "cancelled", "running"]
    three.queue.resume(three.number(0))
    assert three.standings == ["waiting", "cancelled", "running"]
    three.jobs.run_all()
    assert three.standings == ["finished", "cancelled", "finished"]
    three.queue.clear()
    assert three.standings == ["cancelled"]
    three.queue.clear()
    assert three.standings == []


def test_a_failure_does_not_stop_the_queue_and_can_be_resumed(three: Desk) -> None:
    alias = three.session.slides[1].record.alias
    three.failing[alias] = NoTissueError("No tissue was found.", advice="Choose another slide.")
    three.controller.analyse_all()
    three.jobs.run_all()
    assert three.standings == ["finished", "failed", "finished"]
    assert "No tissue" in words.detail(three.queue.state.items[1])
    assert isinstance(three.canvas.reported[0], NoTissueError)
    assert not three.session.analysing.is_error, "another slide's failure"
    three.queue.resume(three.number(1))
    three.jobs.run_all()
    assert three.standings == ["finished"] * 3


def test_progress_is_that_of_the_slide_that_is_read(three: Desk) -> None:
    keys = [entry.key for entry in three.session.slides]
    three.controller.analyse_all()
    three.work().on_progress(HALF)  # type: ignore[misc]
    assert three.session.analysing.fraction is None
    three.controller.choose_slide(keys[0])
    assert three.session.analysing.text == "Encoding tiles 50% · 100 tiles/s · 1 s left"
    assert three.session.analysing.fraction == 0.5
    three.controller.choose_slide(keys[1])
    assert three.session.analysing.text == "Waits for another analysis."
    three.controller.cancel_analysis()
    assert three.standings == ["running", "cancelled", "waiting"]


def test_one_slide_waits_for_another_and_is_not_queued_twice(three: Desk) -> None:
    keys = [entry.key for entry in three.session.slides]
    three.controller.analyse()
    three.controller.choose_slide(keys[0])
    assert analyse_offer(three.session).is_enabled
    three.controller.analyse()
    three.controller.analyse()
    three.controller.analyse_all()
    assert three.standings == ["running", "waiting", "waiting"]
    assert [item.key for item in three.queue.state.items] == [keys[2], keys[0], keys[1]]


def test_a_slide_that_is_closed_leaves_the_queue(three: Desk) -> None:
    keys = [entry.key for entry in three.session.slides]
    three.controller.analyse_all()
    job = three.work()
    three.canvas.remove_slide(keys[0])
    assert job.cancel_token.is_cancelled
    assert three.standings == ["waiting", "waiting"]
    job.cancel_token = CancelToken()  # it was too late: the work finishes all the same
    three.run_one()
    assert three.standings == ["running", "waiting"]
    three.canvas.remove_slide(keys[1])
    three.canvas.remove_slide(keys[2])
    assert three.standings == []
    three.jobs.run_all()
    assert three.session.analysing.phase is Phase.IDLE
    assert three.session.result is None


def test_a_slide_without_resolution_fails_with_what_to_do(
    desk: Desk, slide_path: Path, slide_without_mpp: Path
) -> None:
    keys = desk.open(slide_without_mpp, slide_path)
    desk.controller.analyse_all()
    desk.jobs.run_all()
    assert desk.standings == ["failed", "finished"]
    assert "resolution" in words.detail(desk.queue.state.items[0])
    desk.controller.show_queued(desk.number(0))
    assert desk.session.current.key == keys[0]
    desk.controller.set_mpp(0.5)
    desk.jobs.run_all()
    desk.queue.resume(desk.number(0))
    desk.jobs.run_all()
    assert desk.standings == ["finished", "finished"]
    assert desk.session.result is not None


def test_files_are_opened_analysed_and_shown_when_asked_for(
    desk: Desk, slide_path: Path, other_slide_path: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.svs"
    bad.write_bytes(b"no slide at all")
    (read,) = desk.open(slide_path)
    desk.controller.analyse_files([other_slide_path, bad, slide_path])
    assert desk.standings == ["opening"] * 3
    desk.queue.cancel(desk.number(2))
    desk.jobs.run_all()
    assert desk.standings == ["finished", "failed", "cancelled"]
    assert isinstance(desk.canvas.reported[0], NotASlideError)
    assert "bad" not in f"{desk.canvas.reported[0]} {desk.queue.state.items[1].text}", "it may name a patient"
    assert [item.alias for item in desk.queue.state.items[1:]] == ["added file 2", "added file 3"]
    assert [entry.key for entry in desk.session.slides] == [read], "the window is left alone"
    assert desk.session.result is None
    item = desk.queue.state.items[0]
    assert item.alias.startswith("slide-")

    desk.queue.resume(desk.number(2))
    desk.controller.show_queued(item.number)
    assert desk.session.current.key == item.key
    assert desk.session.result is not None
    desk.jobs.run_all()
    assert desk.standings == ["finished", "failed", "finished"]
    unshown = desk.queue.state.items[2].key
    assert desk.controller.results.of(unshown) is not None

    desk.queue.clear()
    assert desk.queue.unseen(item.number) is None
    assert desk.controller.results.of(unshown) is None, "what was never shown is let go"
    assert desk.controller.results.of(item.key) is not None
    desk.controller.choose_slide(read)
    desk.controller.choose_slide(str(item.key))
    assert desk.session.result is not None


def test_close_lets_go(three: Desk) -> None:
    three.controller.analyse_all()
    three.controller.close()
    assert three.jobs.is_closed
    assert not len(three.queue.state.events.items)


def test_each_slide_is_looked_at_where_it_was_left(three: Desk) -> None:
    view = ViewController(three.session, three.canvas, three.jobs)
    keys = [entry.key for entry in three.session.slides]
    three.controller.choose_slide(keys[0])
    three.canvas.view, three.canvas.scale = (100.0, 200.0, 50.0, 30.0), 0.5
    three.controller.choose_slide(keys[1])
    three.canvas.view, three.canvas.scale, three.canvas.centre = (0.0, 0.0, 900.0, 900.0), 8.0, None
    three.controller.choose_slide(keys[0])
    assert three.canvas.centre == (125.0, 215.0)
    assert three.canvas.scale == 0.5
    assert view.state.seen is None
