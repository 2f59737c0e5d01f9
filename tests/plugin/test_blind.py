"""Blind first: nothing of what the model says is anywhere before there is an opinion."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shapely import box

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.ask.tiles import missing
from napari_histcode.plugin.blind.words import HIDDEN, HIDDEN_HERE, opinion_line, reading_line
from napari_histcode.plugin.compare.offers import empty_reason
from napari_histcode.plugin.compare.tasks import ReportRequest, save_report
from napari_histcode.plugin.export.state import export_offer
from napari_histcode.saved.file import read_session
from napari_histcode.saved.reading import Opinion, Reading
from tests.plugin.saving_desk import SavingDesk


@pytest.fixture
def make_desk(model_folder: Path) -> Iterator[Callable[[], SavingDesk]]:
    desks: list[SavingDesk] = []

    def make() -> SavingDesk:
        desks.append(SavingDesk(model_folder))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(make_desk: Callable[[], SavingDesk], slide_path: Path) -> SavingDesk:
    """A slide that was opened blind."""
    made = make_desk()
    made.blind.set_on(is_on=True)
    made.open(slide_path)
    return made


def analyse(desk: SavingDesk) -> None:
    desk.controller.analyse()
    desk.jobs.run_all()


def assert_nothing_leaks(desk: SavingDesk) -> None:
    session = desk.session
    assert session.is_veiled
    assert desk.canvas.maps == desk.canvas.classes == {}
    assert session.result is None
    assert (session.map_rows, session.tool_maps, session.visible_maps, session.selected_map) == (
        (), (), frozenset(), None,
    )  # fmt: skip
    desk.compare.set_in_front(is_in_front=True)
    desk.ask.set_in_front(is_in_front=True)
    desk.jobs.run_all()
    assert desk.compare.state.answer is None
    assert desk.compare.state.cut is None
    assert empty_reason(session) == HIDDEN
    assert desk.ask.explainer.state.explained is None
    assert desk.ask.explainer.state.explaining.text == HIDDEN
    assert desk.ask.faithful.state.measured is None
    assert desk.ask.trust.state.trust is None
    assert missing(session) == HIDDEN
    assert {each.state.missing for each in (desk.ask.similar, desk.ask.teach, desk.ask.explore)} == {HIDDEN}
    offer = export_offer(session, desk.export.state)
    assert (offer.is_enabled, offer.reason) == (False, HIDDEN)
    labels = ("viable", "necrosis", "CD3E", "tissue")
    assert not any(word in session.analysing.text for word in labels)
    assert not desk.canvas.reported


def test_nothing_is_shown_before_an_opinion(desk: SavingDesk, tmp_path: Path) -> None:
    assert_nothing_leaks(desk)
    desk.controller.analyse()
    seen: list[int] = []
    desk.session.events.analysing.connect(lambda *_: seen.append(len(desk.canvas.maps)))
    desk.jobs.run_all()
    assert desk.session.analysing.text.startswith("Done in")
    assert set(seen) == {0}, "nor the map so far"
    assert_nothing_leaks(desk)

    desk.export.export(tmp_path / "out")
    desk.jobs.run_all()
    assert not (tmp_path / "out").exists()
    desk.saving.save(tmp_path / "one")
    desk.jobs.run_all()
    assert not list(tmp_path.glob("one.histcode/*")), "a result on the disk would tell"
    desk.controller.fly_to_tile(0)
    assert desk.canvas.flights == []


def test_an_opinion_in_words_and_its_times(desk: SavingDesk) -> None:
    opened = desk.clock.time
    analyse(desk)
    desk.blind.reveal()
    assert desk.session.is_veiled, "there is nothing to reveal before an opinion"
    assert desk.blind.state.outputs == ("viable tumour", "necrosis"), "classes, and no genes"
    desk.clock.wait(60)
    desk.blind.note("  ")
    assert desk.blind.reading.opinion is None
    desk.blind.note("necrosis", "high", " pale ")
    assert desk.session.is_veiled, "an opinion alone reveals nothing"
    desk.clock.wait(5)
    desk.blind.note("viable tumour")
    assert desk.blind.reading.opinion == Opinion(class_name="necrosis", confidence="high", words="pale")
    desk.blind.reveal()
    assert desk.session.result is not None
    assert len(desk.canvas.maps) == 2
    times = desk.blind.reading.times
    stamps = [opened.isoformat().replace("+00:00", "Z")[:19] for opened in (opened,)]
    assert times["opened"].startswith(stamps[0])
    assert times["opened"] < times["first_opinion"] < times["revealed"]
    assert all(time.endswith("Z") for time in times.values())


def test_a_drawn_region_is_an_opinion(desk: SavingDesk) -> None:
    analyse(desk)
    desk.blind.region_placed("Region*")
    assert desk.blind.reading.opinion is None, "it only says where somebody looked"
    desk.annotate.take_over((Annotation(geometry=box(0, 0, 9, 9), class_name="Tumor", id="a"),))
    assert desk.blind.reading.opinion is None, "nor are regions that come from elsewhere"
    desk.annotate.state.selected = frozenset({"a"})
    desk.annotate.classes.choose("Necrosis")
    assert desk.blind.reading.opinion == Opinion(class_name="Necrosis", is_region=True)
    desk.blind.reveal()
    assert not desk.session.is_veiled


def test_results_from_a_folder_and_other_slides_are_hidden_too(
    make_desk: Callable[[], SavingDesk], slide_path: Path, other_slide_path: Path, result_folder: Path
) -> None:
    desk = make_desk()
    desk.open(slide_path, result=result_folder)
    first = desk.session.current.key
    desk.blind.set_on(is_on=True)
    assert desk.session.result is not None, "what was seen cannot be unseen"
    assert desk.blind.reading is None
    desk.open(other_slide_path)
    analyse(desk)
    assert_nothing_leaks(desk)
    desk.controller.choose_slide(first)
    assert desk.session.result is not None
    desk.controller.choose_slide(desk.session.slides[1].key)
    assert_nothing_leaks(desk)
    desk.blind.set_on(is_on=False)
    assert desk.session.result is not None
    assert desk.blind.reading.opinion is None
    assert desk.blind.reading.revealed is not None


def test_switching_on_during_a_run_takes_the_map_so_far_away(
    make_desk: Callable[[], SavingDesk], slide_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_histcode.plugin import preview

    monkeypatch.setattr(preview, "INTERVAL_S", 0.0)
    desk = make_desk()
    desk.open(slide_path)
    counts: list[int] = []

    def switch_on(*_: object) -> None:
        counts.append(len(desk.canvas.maps))
        if counts[-1] and not desk.blind.state.is_on:
            desk.blind.set_on(is_on=True)

    desk.session.events.analysing.connect(switch_on)
    analyse(desk)
    assert max(counts) == 1
    assert counts[-1] == 0
    assert_nothing_leaks(desk)


def test_a_blind_reading_goes_on_in_another_session(
    desk: SavingDesk, make_desk: Callable[[], SavingDesk], tmp_path: Path
) -> None:
    analyse(desk)
    desk.clock.wait(30)
    desk.blind.note("own word", "low", "hm")
    path = tmp_path / "one.histcode.json"
    desk.save(path)
    (slide,) = read_session(path).slides
    assert slide.result.folder is None
    assert slide.reading == desk.blind.reading

    after = make_desk()
    after.clock.time = desk.clock.time
    after.clock.wait(3600)
    after.restore(path)
    assert after.blind.state.is_on
    assert after.blind.reading == desk.blind.reading
    assert "was hidden and is not in the session" in after.saving.state.notice.text
    analyse(after)
    assert_nothing_leaks(after)
    after.blind.reveal()
    assert after.session.result is not None
    after.save()
    assert read_session(path).slides[0].result.folder is not None
    last = make_desk()
    last.restore(path)
    assert last.session.result is not None
    assert last.blind.reading == after.blind.reading


def test_a_slide_that_was_not_read_blind_stays_so(
    make_desk: Callable[[], SavingDesk], slide_path: Path, result_folder: Path, tmp_path: Path
) -> None:
    desk = make_desk()
    desk.open(slide_path, result=result_folder)
    desk.blind.set_on(is_on=True)
    desk.save(tmp_path / "one.histcode.json")
    after = make_desk()
    after.restore(tmp_path / "one.histcode.json")
    assert after.blind.state.is_on
    assert after.session.result is not None


def test_exports_tell_the_times_alone(
    desk: SavingDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_histcode import pipeline

    analyse(desk)
    desk.blind.note("secret thought", "high", "told to nobody")
    desk.blind.reveal()
    times = desk.blind.reading.times
    desk.export.choose_kind("tiles-geojson")
    desk.export.export(tmp_path / "tiles")
    desk.save(tmp_path / "one")
    (table,) = (tmp_path / "tiles").iterdir()
    (document,) = (tmp_path / "one.histcode").rglob("analysis.json")
    assert json.loads(document.read_text())["provenance"]["reading"] == times
    for file in (table, document, document.with_name("report.html")):
        text = file.read_text()
        assert all(time in text for time in times.values())
        assert "secret" not in text
        assert "nobody" not in text

    given = []
    monkeypatch.setattr(pipeline, "write_analysis", lambda *_, **options: given.append(options["reading"]))
    desk.export.choose_kind("everything")
    desk.export.export(tmp_path / "out")
    desk.jobs.run_all()
    assert given == [desk.blind.reading]


def test_a_report_of_a_comparison_tells_them_too(
    desk: SavingDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_histcode.export.comparisons import report

    analyse(desk)
    desk.blind.note("necrosis")
    desk.blind.reveal()
    given: list[dict[str, object]] = []
    monkeypatch.setattr(report, "export_comparison", lambda *_, **options: given.append(options))
    result, slide = desk.session.result, desk.session.current.slide
    request = ReportRequest(
        result=result, scores=result.scores, slide=slide, comparison=None, spots=None, notes=(),
        folder=tmp_path, reading=desk.blind.reading,
    )  # fmt: skip
    save_report(request)
    assert given[0]["provenance"]["reading"] == desk.blind.reading.times


def test_words() -> None:
    opinion = Opinion(class_name="necrosis", confidence="medium", words="pale")
    assert opinion_line(opinion) == "necrosis, fairly sure: pale"
    assert opinion_line(Opinion(class_name=None, is_region=True)) == "a region of class unclassified"
    hidden = Reading(opened="2026-11-22T10:00:00Z")
    assert reading_line(hidden) == HIDDEN_HERE
    shown = Reading(opened="2026-11-22T10:00:00Z", revealed="2026-11-22T10:05:00Z")
    assert reading_line(shown) == "Shown at 10:05:00 UTC without a first opinion."
