"""Find similar: the numbers of the command line, from clicks, regions and a folder of results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shapely import box

from napari_histcode.annotations import Annotation
from napari_histcode.errors import HistCodeError
from napari_histcode.plugin.ask.latest import LatestJob
from napari_histcode.plugin.ask.similar_tasks import positions_of_slide
from napari_histcode.plugin.ask.similar_words import refused_line
from napari_histcode.plugin.canvas import Pick
from napari_histcode.plugin.jobs import JobOutcome
from napari_histcode.plugin.layers import world_from_px0
from napari_histcode.plugin.session import Phase
from napari_histcode.similarity.feature_space import make_space
from napari_histcode.similarity.index import open_index
from napari_histcode.similarity.query import query_tiles, tiles_of_region
from napari_histcode.similarity.search import search
from napari_histcode.similarity.within import rank_within, similarity_map
from tests.plugin.ask_desk import AskDesk
from tests.plugin.fakes import FakeRunner


@pytest.fixture
def desk(model_folder: Path, slide_path: Path, result_folder: Path) -> AskDesk:
    desk = AskDesk(model_folder)
    desk.open(slide_path, result_folder)
    look(desk)
    return desk


def look(desk: AskDesk, tool: str = "similar") -> None:
    desk.ask.front.set_open(tool, is_open=True)
    desk.ask.set_in_front(is_in_front=True)
    desk.jobs.run_all()


def click(
    desk: AskDesk, tile: int, *, is_adding: bool = False, is_removing: bool = False, runs: bool = True
) -> None:
    grid, record = desk.session.result.scores.grid, desk.session.current.record
    row, column = world_from_px0(grid.centre_px0[tile], record).tolist()
    pick = Pick(world=(row, column), is_adding=is_adding, is_removing=is_removing)
    desk.canvas.events.clicked.emit(pick)
    if runs:
        desk.jobs.run_all()


def expected_values(desk: AskDesk, tiles: list[int], centring: str = "slide") -> np.ndarray:
    space = make_space(desk.session.result.bag, centring=centring)
    return similarity_map(space, query_tiles(space, tiles)).values


def shown_values(desk: AskDesk) -> np.ndarray:
    return desk.controller.maps.map("similarity").values


def test_a_click_gives_the_map_and_the_list_of_the_function(desk: AskDesk) -> None:
    assert desk.canvas.is_picking
    click(desk, 7)
    state, bag = desk.ask.similar.state, desk.session.result.bag
    np.testing.assert_array_equal(shown_values(desk), expected_values(desk, [7]))
    assert desk.shown == {"similarity"}
    space = make_space(bag)
    query = query_tiles(space, [7])
    hits = rank_within(space, query, similarity_map(space, query).values, top=20, is_apart=True)
    assert state.answer.hits == hits
    assert [tuple(bag.grid.index[tile]) for tile in state.answer.positions] == [hit.place for hit in hits]
    ((group),) = desk.canvas.marked
    assert group.boxes == ((*bag.grid.xy_px0[7].tolist(), *bag.grid.size_px0),)


def test_shift_adds_and_takes_back_and_a_plain_click_begins_anew(desk: AskDesk) -> None:
    click(desk, 7)
    click(desk, 9, is_adding=True)
    np.testing.assert_array_equal(shown_values(desk), expected_values(desk, [7, 9]))
    assert desk.session.map_rows[-1].label == "similarity to 2 tiles"
    click(desk, 7, is_adding=True)
    assert desk.ask.similar.state.tiles == (9,)
    click(desk, 3)
    assert desk.ask.similar.state.tiles == (3,)
    click(desk, 3, is_removing=True)
    assert desk.ask.similar.state.tiles == ()
    assert desk.ask.similar.state.answer is None
    assert not desk.session.tool_maps
    assert not desk.canvas.marked


def test_raw_neighbours_and_the_number_of_tiles_are_those_of_the_function(desk: AskDesk) -> None:
    click(desk, 7)
    tool = desk.ask.similar
    tool.set_centred(is_centred=False)
    desk.jobs.run_all()
    np.testing.assert_array_equal(shown_values(desk), expected_values(desk, [7], "none"))
    tool.set_apart(is_apart=False)
    tool.set_n_shown(10)
    desk.jobs.run_all()
    order = np.argsort(-shown_values(desk), kind="stable")
    assert tool.state.answer.positions == tuple(order[order != 7][:10].tolist())


def test_a_region_searches_for_its_tiles(desk: AskDesk) -> None:
    width, height = desk.session.current.record.dimensions
    region = Annotation(geometry=box(0, 0, width / 2, height), class_name="Tumor", id="a")
    desk.session.annotations = (region,)
    tool = desk.ask.similar
    assert [choice.name for choice in tool.state.regions] == ["class:Tumor"]
    desk.annotate.selected = frozenset("a")
    assert [choice.name for choice in tool.state.regions] == ["selected", "class:Tumor"]
    for choice in ("class:Tumor", "selected"):
        tool.search_region(choice)
        desk.jobs.run_all()
        tiles = tiles_of_region(desk.session.result.bag.grid, [region.geometry])
        np.testing.assert_array_equal(tool.state.answer.query.tiles, tiles)
    np.testing.assert_array_equal(shown_values(desk), expected_values(desk, tiles.tolist()))


def test_a_region_without_a_tile_says_so(desk: AskDesk) -> None:
    desk.session.annotations = (Annotation(geometry=box(0, 0, 2, 2), class_name="Tumor"),)
    desk.ask.similar.search_region("class:Tumor")
    desk.jobs.run_all()
    assert desk.ask.similar.state.comparing.is_error
    assert "more than half" in desk.ask.similar.state.comparing.text


def test_clicks_count_only_while_the_tool_is_open_and_picks(desk: AskDesk) -> None:
    tool = desk.ask.similar
    tool.pick(is_picking=False)
    assert not desk.canvas.is_picking
    click(desk, 7)
    assert tool.state.tiles == ()
    tool.pick(is_picking=True)
    click(desk, 7)
    look(desk, "explore")
    assert not desk.canvas.marked
    click(desk, 8)
    assert tool.state.tiles == (7,)
    desk.canvas.events.clicked.emit(Pick(world=(-1e6, -1e6)))
    look(desk)
    desk.canvas.events.clicked.emit(Pick(world=(-1e6, -1e6)))
    assert "click on tissue" in tool.state.comparing.text
    assert tool.state.tiles == (7,)


def test_only_the_last_of_quick_clicks_is_answered(desk: AskDesk) -> None:
    for tile in (3, 5, 7):
        click(desk, tile, runs=False)
    assert len(desk.jobs.waiting) == 1
    desk.jobs.run_all()
    np.testing.assert_array_equal(shown_values(desk), expected_values(desk, [7]))


def test_the_question_is_there_again_when_one_comes_back(desk: AskDesk, other_slide_path: Path) -> None:
    first = desk.session.current.key
    click(desk, 7)
    desk.open(other_slide_path)
    assert desk.ask.similar.state.answer is None
    assert "Analyse the slide" in desk.ask.similar.state.missing
    assert not desk.canvas.is_picking
    desk.controller.choose_slide(first)
    desk.jobs.run_all()
    assert desk.ask.similar.state.tiles == (7,)
    np.testing.assert_array_equal(shown_values(desk), expected_values(desk, [7]))
    assert desk.canvas.marked


def test_other_slides_are_searched_as_by_the_command_line(desk: AskDesk, two_results: Path) -> None:
    click(desk, 7)
    folder = desk.ask.similar_folder
    folder.choose_folder(two_results)
    desk.jobs.run_all()
    index = open_index(two_results / "similarity-index")
    bag = desk.session.result.bag
    own = positions_of_slide(index, bag.grid.slide.digest)
    assert len(own) == len(bag)
    expected = search(index, index.query(bag, np.array([7])), top=20, leave_out=own, is_apart=True)
    assert folder.state.hits == expected
    assert {hit.slide_digest for hit in expected} == {part.slide.digest for part in index.parts} - {
        bag.grid.slide.digest
    }
    click(desk, 9)
    again = search(index, index.query(bag, np.array([9])), top=20, leave_out=own, is_apart=True)
    assert folder.state.hits == again
    assert folder.state.indexing.text.endswith(two_results.name)
    folder.leave_folder()
    assert folder.state.hits is None


def test_a_hit_asks_for_its_slide_and_flies_there(
    desk: AskDesk, two_results: Path, other_slide_path: Path, slide_without_mpp: Path
) -> None:
    click(desk, 7)
    folder = desk.ask.similar_folder
    folder.choose_folder(two_results)
    desk.jobs.run_all()
    hit = folder.state.hits[2]
    folder.go_to(hit)
    assert folder.state.wanted == hit

    folder.open_file(slide_without_mpp)
    desk.jobs.run_all()
    assert folder.state.opening.is_error
    assert f"not {hit.alias}" in folder.state.opening.text
    assert folder.state.wanted == hit

    folder.open_file(other_slide_path)
    desk.jobs.run_all()
    assert folder.state.wanted is None
    assert folder.state.opening.text == ""
    assert desk.session.current.record.digest == hit.slide_digest
    assert desk.session.result is not None, "its result of the folder is shown with it"
    assert desk.canvas.flights[-1] == (*hit.xy_px0, *hit.size_px0)
    assert folder.state.hits, "the list stays to go on from"

    first = next(one for one in desk.session.slides if one.record.digest != hit.slide_digest)
    desk.controller.choose_slide(first.key)
    folder.go_to(hit)
    assert desk.session.current.record.digest == hit.slide_digest


def test_a_file_that_is_no_slide_is_told_of(desk: AskDesk, two_results: Path, tmp_path: Path) -> None:
    click(desk, 7)
    folder = desk.ask.similar_folder
    folder.choose_folder(two_results)
    desk.jobs.run_all()
    folder.go_to(folder.state.hits[0])
    folder.open_file(tmp_path / "nothing.svs")
    desk.jobs.run_all()
    assert folder.state.opening.is_error
    assert folder.state.opening.phase is Phase.IDLE


def test_a_folder_without_results_says_what_to_do(desk: AskDesk, tmp_path: Path) -> None:
    folder, empty = desk.ask.similar_folder, tmp_path / "empty"
    empty.mkdir()
    folder.choose_folder(empty)
    desk.jobs.run_all()
    assert folder.state.indexing.is_error
    assert "Analyse slides" in folder.state.indexing.text
    assert not list(empty.rglob("*.json"))


def test_the_latest_question_wins() -> None:
    runner, answers = FakeRunner(), list[object]()
    latest = LatestJob(runner)

    def answer(outcome: JobOutcome[object]) -> None:
        answers.append(outcome.value)

    for value in (1, 2, 3):
        latest.ask(lambda _p, _c, value=value: value, answer=answer)
    assert runner.waiting[0].cancel_token.is_cancelled
    runner.run_all()
    assert answers == [3]
    assert not latest.is_busy
    latest.ask(lambda _p, _c: 4, answer=answer)
    latest.forget()
    runner.run_all()
    assert answers == [3]


@pytest.mark.parametrize("shows_names", [False, True])
def test_results_that_are_left_out_are_named_only_where_asked_for(*, shows_names: bool) -> None:
    path = Path("/results/JANE_DOE/features.h5")
    line = refused_line(path, HistCodeError(f"{path} is damaged."), shows_names=shows_names)
    assert ("JANE" in line) is shows_names
    assert "damaged" in line
