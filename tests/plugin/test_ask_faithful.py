"""How faithful are the maps: the numbers of the command line, and what is shown first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_histcode.cli import main
from napari_histcode.plugin.ask import faithful_words
from napari_histcode.plugin.ask.explained import NO_FEATURES
from napari_histcode.plugin.session import Phase, Result
from napari_histcode.scores.faithfulness_ranking import most_faithful
from tests.plugin.ask_desk import AskDesk
from tests.plugin.slides import write_slide


@pytest.fixture
def desk(model_folder: Path, slide_path: Path, result_folder: Path) -> AskDesk:
    desk = AskDesk(model_folder)
    desk.open(slide_path, result_folder)
    return desk


def test_the_numbers_are_those_of_the_command_line(
    desk: AskDesk, result_folder: Path, model_folder: Path, tmp_path: Path
) -> None:
    desk.faithful.integrate()
    desk.jobs.run_all()
    measured = desk.faithful.state.measured
    assert measured is not None
    options = ["--model", str(model_folder), "--ig", "--out", str(tmp_path)]
    assert main(["faithfulness", str(result_folder), *options]) == 0
    outputs = json.loads((tmp_path / "faithfulness.json").read_text())["slides"][0]["outputs"]
    (printed,) = [one for one in outputs if (one["head"], one["output"]) == desk.faithful.state.output]
    assert len(printed["maps"]) == 5
    for theirs, ours in zip(printed["maps"], measured.maps, strict=True):
        assert theirs["kind"] == ours.kind
        assert theirs["srg"] == ours.srg
        assert theirs["p"] == ours.p


def test_the_map_that_is_shown_first_is_the_most_faithful_one(desk: AskDesk) -> None:
    state, session = desk.faithful.state, desk.session
    head = session.result.scores.predictions[0].head
    top = max((p for p in session.result.scores.predictions if p.head == head), key=lambda p: p.value)
    assert state.output == (head, top.output)
    ranking = most_faithful(state.measured)
    wanted = ranking.recommended if ranking.is_above_chance else f"{head}.{top.output}.single_tile"
    assert desk.shown == {wanted}
    assert session.selected_map == wanted


def test_whoever_has_chosen_a_map_keeps_it(desk: AskDesk, slide_path: Path) -> None:
    result = desk.session.result
    desk.take(Result(scores=result.scores, bag=result.bag))
    desk.controller.maps.show_alone("genes.CD3E.contribution")
    desk.jobs.run_all()
    assert desk.shown == {"genes.CD3E.contribution"}
    assert desk.faithful.state.output == ("genes", "CD3E")
    assert desk.faithful.state.measured.quantity == "log2 fold change"


def test_the_output_follows_the_selected_map(desk: AskDesk) -> None:
    desk.controller.maps.show_alone("genes.CD3E.single_tile")
    desk.jobs.run_all()
    assert desk.faithful.state.measured.output == "CD3E"
    desk.controller.maps.show_alone("tissue.attention")
    desk.jobs.run_all()
    assert desk.faithful.state.output[0] == "tissue"
    n_jobs = len(desk.jobs.waiting)
    desk.faithful.choose_output(("genes", "CD3E"))
    assert len(desk.jobs.waiting) == n_jobs, "what is known is not measured again"
    assert desk.faithful.state.measured.output == "CD3E"
    assert desk.faithful.state.map.startswith("genes.")


def test_an_answer_about_another_output_is_kept_and_not_shown(desk: AskDesk) -> None:
    desk.faithful.choose_output(("tissue", "viable_tumour"))
    desk.faithful.choose_output(("tissue", "necrosis"))
    desk.jobs.run_all()
    assert desk.faithful.state.measured.output == "necrosis"


def test_the_best_map_can_be_shown(desk: AskDesk) -> None:
    desk.faithful.choose_output(("genes", "CD3E"))
    desk.jobs.run_all()
    desk.faithful.show_best()
    assert desk.shown == {most_faithful(desk.faithful.state.measured).recommended}


def test_integrated_gradients_join_the_maps_and_the_table(desk: AskDesk) -> None:
    output = desk.faithful.state.output
    desk.faithful.integrate()
    assert desk.faithful.state.integrating.phase is Phase.WORKING
    desk.faithful.integrate()
    desk.jobs.run_all()
    name = f"{output[0]}.{output[1]}.integrated_gradients"
    assert [one.name for one in desk.session.tool_maps] == [name]
    assert desk.shown == {name}
    assert desk.faithful.state.measured.map("integrated_gradients").name == name
    assert desk.faithful.state.map == name
    assert desk.faithful.has_gradients
    assert "within the tolerance" in desk.faithful.state.integrating.text


def test_integrated_gradients_can_be_cancelled(desk: AskDesk) -> None:
    desk.faithful.integrate()
    desk.faithful.cancel()
    assert desk.faithful.state.integrating.phase is Phase.STOPPING
    desk.jobs.run_all()
    assert desk.faithful.state.integrating.text == "Stopped."
    assert not desk.session.tool_maps
    assert not desk.faithful.has_gradients


def test_answers_about_a_slide_that_was_closed_are_dropped(
    desk: AskDesk, model_folder: Path, slide_path: Path, result_folder: Path
) -> None:
    other = AskDesk(model_folder)
    key = other.open(slide_path, result_folder, runs=False)
    waiting = len(other.jobs.waiting)
    assert waiting
    other.canvas.remove_slide(key)
    other.jobs.run_all()
    assert other.ask.explainer.state.explained is None

    desk.faithful.integrate()
    desk.faithful.choose_output(("genes", "CD3E"))
    desk.what_if.finder.find()
    desk.trust.choose_organ("lung")
    desk.canvas.remove_slide(desk.session.current.key)
    desk.jobs.run_all()
    assert desk.faithful.state.measured is None
    assert desk.faithful.state.integrating.text == ""
    assert desk.what_if.state.artefacts is None
    assert desk.trust.state.trust is None
    assert not desk.session.tool_maps
    assert not desk.canvas.reported


def test_without_features_the_page_says_so(desk: AskDesk) -> None:
    desk.take(Result(scores=desk.session.result.scores))
    desk.jobs.run_all()
    assert desk.ask.explainer.state.explaining.text == NO_FEATURES
    assert desk.faithful.state.measured is None
    assert desk.trust.state.judging.text == NO_FEATURES


def test_the_model_of_a_result_must_be_known(
    slide_path: Path, result_folder: Path, model_folder: Path, tmp_path: Path
) -> None:
    desk = AskDesk(model_folder)
    desk.controller.menu.choose_model("bundled")
    desk.jobs.run_all()
    desk.open(slide_path, result_folder)
    explaining = desk.ask.explainer.state.explaining
    assert explaining.is_error
    assert "random-test" in explaining.text
    assert "is not among yours" in desk.trust.state.judging.text


def test_words(desk: AskDesk) -> None:
    measured = desk.faithful.state.measured
    assert faithful_words.number(-0.0123) == "\N{MINUS SIGN}0.012"
    assert faithful_words.number(123.4) == "123"
    assert faithful_words.note(measured).startswith(("most faithful: ", "no map above chance"))
    assert "of 48 tiles" in faithful_words.attention(measured, 48)
    assert "100 random rankings" in faithful_words.chance(measured)
    for one in measured.maps:
        assert len(faithful_words.cells(one)) == len(faithful_words.HEADINGS) == len(faithful_words.MEANINGS)


def test_another_result_begins_anew(desk: AskDesk, tmp_path: Path) -> None:
    desk.faithful.integrate()
    desk.jobs.run_all()
    desk.open(write_slide(tmp_path / "other.ome.tif", (600, 600), (2,)))
    assert desk.faithful.state.measured is None
    assert not desk.faithful.has_gradients
