"""What if: the answers of `what_if`, brought up to date with every tick, click and region."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.ask import what_if_words
from napari_histcode.plugin.ask.exclusions import Exclusions, is_artefact, kept_tiles, tile_mm2
from napari_histcode.plugin.ask.tasks import Artefacts
from napari_histcode.plugin.canvas import Pick
from napari_histcode.plugin.layers import um_per_px0
from napari_histcode.plugin.map_controller import draw_as_chosen
from napari_histcode.plugin.session import Phase, Result
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.what_if import what_if
from napari_histcode.tiling.tile_quality import TileQuality, tile_quality
from napari_histcode.tissue.quality import ARTEFACTS, Artefact
from tests.builders import make_grid
from tests.plugin.ask_desk import AskDesk
from tests.scores.small_model import small_bag, small_model


@pytest.fixture
def desk(model_folder: Path, slide_path: Path, result_folder: Path) -> AskDesk:
    desk = AskDesk(model_folder)
    desk.open(slide_path, result_folder)
    return desk


def left_half(desk: AskDesk, class_name: str = "Tumor", share: float = 0.5) -> Annotation:
    width, height = desk.session.current.record.dimensions
    return Annotation(geometry=box(0, 0, width * share, height), class_name=class_name, id=class_name)


def expected(desk: AskDesk, is_kept: np.ndarray) -> list[tuple[float, float]]:
    """What a script would get."""
    from napari_histcode.models.model_file import load_model

    explanation = explain_bag(desk.session.result.bag, load_model(desk.session.model))
    found = what_if(explanation, is_kept)
    return [(change.before.value, change.after.value) for change in found.changes]


def found(desk: AskDesk) -> list[tuple[float, float]]:
    return [(change.before.value, change.after.value) for change in desk.what_if.state.answer.changes]


def test_the_difference_is_that_of_the_function(desk: AskDesk) -> None:
    base = desk.session.selected_map
    desk.session.annotations = (left_half(desk),)
    desk.ask.front.set_open("what_if", is_open=True)
    desk.ask.set_in_front(is_in_front=True)
    assert [one.key for one in desk.what_if.state.choosable] == ["regions:Tumor"]
    desk.what_if.tick("regions:Tumor", is_on=True)
    desk.jobs.run_all()
    grid = desk.session.result.scores.grid
    is_kept = grid.centre_px0[:, 0] > desk.session.current.record.dimensions[0] / 2
    assert 0 < is_kept.sum() < len(grid)
    np.testing.assert_array_equal(desk.what_if.state.answer.is_kept, is_kept)
    assert found(desk) == expected(desk, is_kept)
    (drawn,) = desk.shown
    assert drawn == f"what_if.{base}"
    assert desk.canvas.maps[drawn].heatmap.label.endswith(", without excluded")
    values = desk.controller.maps.map(drawn).values
    assert np.isnan(values[~is_kept]).all()
    assert np.isfinite(values[is_kept]).all()


def test_the_answer_follows_the_regions(desk: AskDesk) -> None:
    desk.session.annotations = (left_half(desk),)
    desk.what_if.tick("regions:Tumor", is_on=True)
    desk.jobs.run_all()
    before = desk.what_if.state.answer.n_kept
    for share in (0.4, 0.35, 0.3):  # drawn faster than answered
        desk.session.annotations = (left_half(desk, share=share),)
    assert len(desk.jobs.waiting) == 1
    desk.jobs.waiting.pop().run()
    assert len(desk.jobs.waiting) == 1, "only the newest question is asked after it"
    desk.jobs.run_all()
    assert desk.what_if.state.answer.n_kept > before
    desk.session.annotations = ()
    desk.jobs.run_all()
    assert desk.what_if.state.answer is None
    assert not any(one.name.startswith("what_if") for one in desk.session.tool_maps)


def test_regions_without_a_say_cost_nothing(desk: AskDesk) -> None:
    desk.session.annotations = (left_half(desk),)
    assert not desk.jobs.waiting
    assert not desk.what_if.state.choosable
    desk.what_if.set_active(is_active=True)
    assert len(desk.what_if.state.choosable) == 1


def test_only_inside_is_the_other_way_round(desk: AskDesk) -> None:
    desk.session.annotations = (left_half(desk),)
    desk.what_if.tick("regions:Tumor", is_on=True)
    desk.jobs.run_all()
    without = desk.what_if.state.answer.is_kept
    desk.what_if.keep_only_inside(is_only_inside=True)
    desk.jobs.run_all()
    np.testing.assert_array_equal(desk.what_if.state.answer.is_kept, ~without)


def test_selected_regions(desk: AskDesk) -> None:
    desk.session.annotations = (left_half(desk), left_half(desk, "Necrosis", 0.3))
    desk.annotate.selected = frozenset({"Necrosis"})
    desk.what_if.set_active(is_active=True)
    assert [one.key for one in desk.what_if.state.choosable] == [
        "regions:Necrosis", "regions:Tumor", "selected",
    ]  # fmt: skip
    desk.what_if.tick("selected", is_on=True)
    desk.jobs.run_all()
    few = desk.what_if.state.answer.n_kept
    desk.annotate.selected = frozenset({"Tumor"})
    desk.jobs.run_all()
    assert desk.what_if.state.answer.n_kept < few


def click(desk: AskDesk, tile: int, *, is_adding: bool = False) -> None:
    grid, record = desk.session.result.scores.grid, desk.session.current.record
    x, y = grid.centre_px0[tile]
    row_um, column_um = um_per_px0(record)
    pick = Pick(world=((y - 0.5) * row_um, (x - 0.5) * column_um), is_adding=is_adding)
    desk.canvas.events.clicked.emit(pick)


def test_clicked_tiles(desk: AskDesk) -> None:
    tool = desk.what_if
    click(desk, 3)
    assert not tool.state.clicked, "nobody asked for clicks"
    tool.set_active(is_active=True)
    tool.pick_tiles(is_picking=True)
    assert desk.canvas.is_picking
    click(desk, 3)
    click(desk, 5)
    assert tool.state.clicked == {5}
    click(desk, 7, is_adding=True)
    assert len(desk.canvas.outlined) == 2
    desk.jobs.run_all()
    is_kept = np.ones(len(desk.session.result.scores.grid), bool)
    is_kept[[5, 7]] = False
    assert found(desk) == expected(desk, is_kept)
    click(desk, 5)
    assert tool.state.clicked == {7}, "a second click takes it back"
    tool.set_active(is_active=False)
    assert not desk.canvas.is_picking
    assert not desk.canvas.outlined
    tool.set_active(is_active=True)
    assert desk.canvas.is_picking
    assert len(desk.canvas.outlined) == 1


def test_artefacts_are_those_of_histcode_quality(desk: AskDesk) -> None:
    from napari_histcode.tissue.find import find_tissue
    from napari_histcode.tissue.quality_find import find_artefacts

    desk.what_if.set_active(is_active=True)
    desk.what_if.finder.find()
    assert desk.what_if.state.finding.phase is Phase.WORKING
    desk.jobs.run_all()
    state, slide = desk.what_if.state, desk.session.current.slide
    mask = find_artefacts(slide, find_tissue(slide))
    np.testing.assert_array_equal(state.artefacts.mask.classes, mask.classes)
    assert state.artefacts.mask.area_mm2 == mask.area_mm2
    grid = desk.session.result.scores.grid
    assert desk.canvas.classes["ask.artefacts"].grid is grid
    assert [one.label for one in state.choosable] == ["Pen", "Fold", "Out of focus"]
    desk.what_if.set_active(is_active=False)
    assert not desk.canvas.visible["ask.artefacts"]


def test_found_artefacts_are_left_out(desk: AskDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    from napari_histcode.plugin.ask import tasks

    desk.what_if.finder.find()
    desk.jobs.run_all()
    n_tiles = len(desk.session.result.scores.grid)
    fraction = np.zeros((n_tiles, len(ARTEFACTS)), np.float32)
    fraction[:4, 0], fraction[4:6, 2] = 0.7, 0.9
    planted = Artefacts(mask=desk.what_if.state.artefacts.mask, tiles=TileQuality(fraction=fraction))
    desk.what_if.finder.forget()
    monkeypatch.setattr(tasks, "find_artefacts", lambda *_: planted)
    desk.what_if.set_active(is_active=True)
    desk.what_if.finder.find()
    desk.jobs.run_all()
    assert desk.what_if.state.answer.n_kept == n_tiles - 6
    desk.what_if.tick("artefact:3", is_on=False)
    desk.jobs.run_all()
    assert desk.what_if.state.answer.n_kept == n_tiles - 4
    assert set(np.unique(desk.canvas.classes["ask.artefacts"].classes)) == {0, 1, 3}


def test_looking_for_artefacts_can_be_cancelled(desk: AskDesk) -> None:
    desk.what_if.finder.find()
    desk.what_if.finder.cancel()
    desk.jobs.run_all()
    assert desk.what_if.state.finding.text == "Stopped."
    assert desk.what_if.state.artefacts is None


def test_reset_restores_everything(desk: AskDesk) -> None:
    shown = desk.shown
    desk.session.annotations = (left_half(desk),)
    desk.what_if.tick("regions:Tumor", is_on=True)
    desk.what_if.set_active(is_active=True)
    desk.what_if.pick_tiles(is_picking=True)
    click(desk, 5)
    desk.jobs.run_all()
    assert desk.shown != shown
    desk.what_if.reset()
    desk.jobs.run_all()
    state = desk.what_if.state
    assert state.answer is None
    assert not state.ticked
    assert not state.clicked
    assert not state.is_picking
    assert desk.shown == shown
    assert not desk.session.tool_maps


def test_both_maps_have_the_same_colours_for_the_same_values(desk: AskDesk) -> None:
    base = "genes.CD3E.contribution"
    desk.session.annotations = (left_half(desk),)
    desk.what_if.tick("regions:Tumor", is_on=True)
    desk.what_if.choose_map(base)
    desk.jobs.run_all()
    assert desk.shown == {f"what_if.{base}"}
    assert len(desk.session.tool_maps) == 1
    grid, maps = desk.session.result.scores.grid, desk.controller.maps
    whole = draw_as_chosen(maps.map(base), grid, None)
    assert desk.canvas.maps[f"what_if.{base}"].heatmap.limits == whole.limits
    desk.what_if.show_before(is_before=True)
    assert desk.shown == {base}
    desk.what_if.show_before(is_before=False)
    assert desk.shown == {f"what_if.{base}"}


def test_a_choice_on_the_list_of_maps_is_not_undone(desk: AskDesk) -> None:
    desk.session.annotations = (left_half(desk),)
    desk.what_if.tick("regions:Tumor", is_on=True)
    desk.jobs.run_all()
    desk.controller.maps.show_alone("genes.CD3E.single_tile")
    desk.session.annotations = (left_half(desk, share=0.3),)
    desk.jobs.run_all()
    assert desk.shown == {"genes.CD3E.single_tile"}
    desk.what_if.reset()
    assert desk.shown == {"genes.CD3E.single_tile"}


def test_nothing_left(desk: AskDesk) -> None:
    desk.session.annotations = (left_half(desk, share=1),)
    shown = desk.shown
    desk.what_if.tick("regions:Tumor", is_on=True)
    desk.jobs.run_all()
    answer, explanation = desk.what_if.state.answer, desk.ask.explainer.state.explained.explanation
    assert answer.is_empty
    assert what_if_words.verdict(explanation, answer) == what_if_words.NOTHING_LEFT
    assert not what_if_words.stands(explanation, answer)
    assert desk.shown == shown


def test_another_result_is_asked_anew(desk: AskDesk) -> None:
    desk.session.annotations = (left_half(desk),)
    desk.what_if.tick("regions:Tumor", is_on=True)
    result = desk.session.result
    desk.take(Result(scores=result.scores, bag=result.bag))
    desk.jobs.run_all()
    assert not desk.what_if.state.ticked
    assert desk.what_if.state.answer is None


@given(
    clicked=st.frozensets(st.integers(0, 19), max_size=5),
    seed=st.integers(0, 100),
    is_only_inside=st.booleans(),
)
def test_tiles_are_left_out_for_any_one_reason(
    clicked: frozenset[int], seed: int, is_only_inside: bool
) -> None:
    grid = make_grid(5, 4)
    random = np.random.default_rng(seed)
    fraction = random.random((20, 3)).astype(np.float32) / 2
    quality = TileQuality(fraction=fraction)
    width = grid.stride_px0[0]
    region = box(0, 0, 2 * width, 4 * width)
    is_kept = kept_tiles(
        grid,
        Exclusions(
            regions=(region,), is_only_inside=is_only_inside, artefacts=(Artefact.PEN, Artefact.BLUR),
            quality=quality, clicked=clicked,
        ),
    )  # fmt: skip
    for tile in range(20):
        is_inside = grid.index[tile, 0] < 2
        is_bad = fraction[tile, 0] + fraction[tile, 2] >= 0.5
        assert is_kept[tile] == (is_inside == is_only_inside and not is_bad and tile not in clicked)
    np.testing.assert_array_equal(~is_artefact(quality, ARTEFACTS), quality.keep())


def test_an_area_counts_once_where_tiles_overlap() -> None:
    assert tile_mm2(make_grid(4, 4)) == pytest.approx(0.224**2)
    assert tile_mm2(make_grid(4, 4, overlap=0.5)) == pytest.approx(0.112**2)


def test_words_say_whether_the_prediction_stands() -> None:
    explanation = explain_bag(small_bag(30), small_model())
    same = what_if(explanation, np.ones(30, bool), maps=())
    said = what_if_words.verdict(explanation, same)
    assert what_if_words.stands(explanation, same)
    assert "all 2 classes stay on their side of 0.5." in said
    assert "stays the most probable class" in said
    assert said.count("The prediction") == 2, "gene heads have no sides"
    lines = what_if_words.change_lines(same.changes)
    assert [line.name for line in lines] == [change.before.label for change in same.changes]
    assert all(line.beside.startswith("\N{PLUS-MINUS SIGN}0.00") for line in lines)
    assert what_if_words.left(same, explanation.grid) == "30 of 30 tiles are left (1.51 of 1.51 mm²)."

    def turned(value: float) -> float:
        return 1 - value

    changes = tuple(
        replace(one, after=replace(one.after, value=turned(one.before.value))) for one in same.changes
    )
    other = replace(same, changes=changes)
    assert not what_if_words.stands(explanation, other)
    said = what_if_words.verdict(explanation, other)
    assert "does not stand" in said
    assert "cross 0.5" in said
    assert "takes the place of" in said
    many = what_if_words.change_lines(same.changes * 2)
    assert len(many) == what_if_words.MOST_LINES
    assert what_if_words.rest_line(same.changes * 2) == "The 8 of 16 outputs that change most."


def test_quality_is_that_of_the_tiles(desk: AskDesk) -> None:
    desk.what_if.finder.find()
    desk.jobs.run_all()
    artefacts = desk.what_if.state.artefacts
    again = tile_quality(desk.session.result.scores.grid, artefacts.mask)
    np.testing.assert_array_equal(artefacts.tiles.fraction, again.fraction)
