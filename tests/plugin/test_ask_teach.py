"""Teach: the numbers of the command line, from clicks and regions, on any slide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from napari_histcode.annotations import QUPATH_CLASSES, Annotation, read_annotations
from napari_histcode.models.library import list_models
from napari_histcode.plugin.ask import teach_words
from napari_histcode.plugin.ask.teach_marks import SlideMarks, next_class
from napari_histcode.slide import open_slide
from napari_histcode.teaching.marks import make_marks, marks_of_regions
from napari_histcode.teaching.teach import teach
from napari_histcode.teaching.uncertain import most_uncertain
from tests.builders import make_grid
from tests.plugin.ask_desk import AskDesk
from tests.plugin.test_ask_similar import click, look


@pytest.fixture
def desk(
    model_folder: Path, slide_path: Path, result_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AskDesk:
    monkeypatch.setenv("HISTCODE_MODELS", str(tmp_path / "models"))
    desk = AskDesk(model_folder)
    desk.open(slide_path, result_folder)
    look(desk, "teach")
    return desk


def ends(desk: AskDesk, n: int) -> tuple[list[int], list[int]]:
    """Tiles at the left and at the right of the slide, no two of which touch."""
    index = desk.session.result.scores.grid.index
    apart = (index % 2 == 0).all(axis=1)
    order = np.flatnonzero(apart)[np.argsort(index[apart, 0], kind="stable")]
    return order[:n].tolist(), order[-n:].tolist()


def mark(desk: AskDesk, n: int) -> tuple[list[int], list[int]]:
    left, right = ends(desk, n)
    for key, tiles in ((1, left), (2, right)):
        desk.ask.teach.classes.choose(key)
        for tile in tiles:
            click(desk, tile)
    return left, right


def test_clicks_teach_what_the_function_teaches(desk: AskDesk) -> None:
    state, bag = desk.ask.teach.state, desk.session.result.bag
    first, second = (one.name for one in state.classes)
    assert (first, second) == QUPATH_CLASSES.names[:2]
    left, right = mark(desk, 4)
    taught = teach(bag, make_marks(bag.grid, {first: left, second: right}))
    np.testing.assert_array_equal(state.lesson.taught.probabilities, taught.probabilities)
    (name,) = desk.shown
    assert name == f"taught.{first}.probability"
    np.testing.assert_array_equal(desk.controller.maps.map(name).values, taught.probabilities[:, 0])
    assert [one.tile for one in state.lesson.offered] == most_uncertain(taught, 10).tolist()
    quality = taught.learned.quality
    assert quality.is_defined
    lines = {line.name: line for line in teach_words.quality_lines(quality)}
    assert lines["Balanced accuracy"].value == f"{quality.balanced_accuracy.value:.3f}"
    assert f"{quality.auroc[first].low:.3f}" in lines[f"AUROC {first}"].beside
    assert [len(group.boxes) for group in desk.canvas.marked] == [4, 4]
    assert [group.colour for group in desk.canvas.marked] == [one.colour for one in state.classes]

    desk.ask.teach.show_class(2)
    assert desk.shown == {f"taught.{second}.probability"}
    assert [tool_map.name for tool_map in desk.session.tool_maps] == [f"taught.{second}.probability"]


def test_too_few_marks_say_so_and_nothing_is_made_up(desk: AskDesk) -> None:
    state = desk.ask.teach.state
    assert teach_words.missing_marks(state.lesson, 0, uses_regions=False) == teach_words.START
    click(desk, 3)
    assert state.lesson.taught is None
    assert not desk.session.tool_maps
    assert teach_words.missing_marks(state.lesson, 1, uses_regions=False) == teach_words.SECOND
    desk.ask.teach.classes.choose(2)
    click(desk, 30)
    quality = state.lesson.taught.learned.quality
    assert teach_words.quality_lines(quality) == ()
    assert "not enough marks" in teach_words.quality_heading(quality).lower()


def test_marks_are_taken_away_and_back(desk: AskDesk) -> None:
    tool, state = desk.ask.teach, desk.ask.teach.state
    _, right = mark(desk, 2)
    click(desk, right[0], is_removing=True)
    assert state.n_clicked == 3
    tool.unmark(is_unmarking=True)
    click(desk, right[1])
    assert state.n_clicked == 2
    assert state.lesson.taught is None
    assert not desk.session.tool_maps, "a map of a single class would be nonsense"
    tool.undo()
    desk.jobs.run_all()
    assert state.n_clicked == 3
    assert state.lesson.taught is not None
    for _ in range(9):
        tool.undo()
    desk.jobs.run_all()
    assert not state.can_undo
    assert state.n_clicked == 0
    assert state.lesson is None


def test_regions_teach_as_on_the_command_line(desk: AskDesk) -> None:
    width, height = desk.session.current.record.dimensions
    regions = (
        Annotation(geometry=box(0, 0, width * 0.4, height), class_name="Tumor"),
        Annotation(geometry=box(width * 0.7, 0, width, height), class_name="Necrosis: Old"),
        Annotation(geometry=box(0, 0, width, height / 9), class_name="Ignore*"),
    )
    desk.session.annotations = regions
    tool, state, bag = desk.ask.teach, desk.ask.teach.state, desk.session.result.bag
    assert state.has_regions
    tool.use_regions(is_used=True)
    desk.jobs.run_all()
    assert [one.name for one in state.classes] == ["Tumor", "Stroma", "Necrosis"]
    marks = marks_of_regions(bag.grid, regions, ("Tumor", "Necrosis"))
    np.testing.assert_array_equal(state.lesson.taught.marks.tiles, marks.tiles)
    np.testing.assert_array_equal(state.lesson.taught.probabilities, teach(bag, marks).probabilities)
    before = state.n_marked[1]
    tile = int(state.lesson.tiles_of["Tumor"][0])
    tool.mark(tile, 2)
    desk.jobs.run_all()
    assert state.n_marked[1] == before - 1, "a click goes before a region"
    assert state.lesson.tiles_of["Stroma"].tolist() == [tile]


def test_overlapping_regions_mark_as_on_the_command_line(desk: AskDesk) -> None:
    width, height = desk.session.current.record.dimensions
    regions = (
        Annotation(geometry=box(0, 0, width * 0.6, height), class_name="Tumor"),
        Annotation(geometry=box(width * 0.4, 0, width, height), class_name="Stroma"),
    )
    desk.session.annotations = regions
    desk.ask.teach.use_regions(is_used=True)
    desk.jobs.run_all()
    marks = marks_of_regions(desk.session.result.bag.grid, regions, ("Tumor", "Stroma"))
    lesson = desk.ask.teach.state.lesson
    np.testing.assert_array_equal(lesson.taught.marks.tiles, marks.tiles)
    np.testing.assert_array_equal(lesson.taught.marks.class_of, marks.class_of)


def test_only_the_last_lesson_is_shown(desk: AskDesk) -> None:
    left, right = ends(desk, 3)
    for key, tiles in ((1, left), (2, right)):
        desk.ask.teach.classes.choose(key)
        for tile in tiles:
            click(desk, tile, runs=False)
    assert len(desk.jobs.waiting) == 1
    desk.jobs.run_all()
    assert len(desk.ask.teach.state.lesson.taught.marks) == 6


def test_marks_of_each_slide_stay(desk: AskDesk, other_slide_path: Path) -> None:
    first = desk.session.current.key
    mark(desk, 2)
    probabilities = desk.ask.teach.state.lesson.taught.probabilities
    desk.open(other_slide_path)
    assert desk.ask.teach.state.lesson is None
    assert desk.ask.teach.state.n_clicked == 0
    desk.controller.choose_slide(first)
    desk.jobs.run_all()
    assert desk.ask.teach.state.n_clicked == 4
    np.testing.assert_array_equal(desk.ask.teach.state.lesson.taught.probabilities, probabilities)


def test_an_offered_tile_is_answered(desk: AskDesk) -> None:
    tool, state = desk.ask.teach, desk.ask.teach.state
    mark(desk, 2)
    tile = state.lesson.offered[0].tile
    tool.ask_about(tile)
    assert state.asked.tile == tile
    assert desk.canvas.flights
    tool.answer(2)
    desk.jobs.run_all()
    assert state.asked is None
    assert tool.marks.class_of[tile] == 2
    assert tile not in [one.tile for one in state.lesson.offered]


def test_a_saved_model_is_listed_and_says_the_same(desk: AskDesk, model_folder: Path) -> None:
    from napari_histcode.models.activation import activate
    from napari_histcode.models.model_file import load_model
    from napari_histcode.scores.score import score_bag

    mark(desk, 4)
    tool, state = desk.ask.teach, desk.ask.teach.state
    tool.keeping.save("left or right")
    desk.jobs.run_all()
    assert not state.saving.is_error, state.saving.text
    name = "random-test+left_or_right"
    assert name in [card.name for card in list_models()]
    assert name in [choice.name for choice in desk.session.models]
    tool.keeping.use_saved()
    assert desk.session.model == name

    scores = score_bag(desk.session.result.bag, load_model(name))
    logits = [scores.map(f"left_or_right.{one.name}.single_tile").values for one in state.classes]
    np.testing.assert_allclose(
        activate(np.stack(logits, axis=1), "softmax"), state.lesson.taught.probabilities, atol=1e-3
    )

    desk.controller.menu.choose_model(str(model_folder))
    for again, words in (("left or right", "already"), ("tissue", "already")):
        tool.keeping.save(again)
        desk.jobs.run_all()
        assert state.saving.is_error
        assert words in state.saving.text


def test_exported_marks_teach_the_same_again(desk: AskDesk, slide_path: Path, tmp_path: Path) -> None:
    mark(desk, 3)
    path = tmp_path / "marks.geojson"
    desk.ask.teach.keeping.export(path)
    desk.jobs.run_all()
    assert "PATIENT" not in path.read_text()
    with open_slide(slide_path) as slide:
        regions = read_annotations(path, slide=slide).annotations
    names = tuple(one.name for one in desk.ask.teach.state.classes)
    marks = marks_of_regions(desk.session.result.scores.grid, regions, names)
    np.testing.assert_array_equal(marks.tiles, desk.ask.teach.state.lesson.taught.marks.tiles)
    np.testing.assert_array_equal(marks.class_of, desk.ask.teach.state.lesson.taught.marks.class_of)


def test_classes_are_added_renamed_and_removed(desk: AskDesk) -> None:
    tool, state = desk.ask.teach, desk.ask.teach.state
    mark(desk, 2)
    made = tool.classes.add()
    assert made.name == "Immune cells"
    assert state.chosen == made.key
    click(desk, 20)
    assert state.n_marked[made.key] == 1
    assert not tool.classes.rename(made.key, state.classes[0].name), "names differ"
    assert not tool.classes.rename(made.key, "  ")
    assert tool.classes.rename(made.key, "Bone")
    desk.jobs.run_all()
    assert "Bone" in state.lesson.taught.marks.classes
    tool.classes.remove(made.key)
    desk.jobs.run_all()
    assert len(state.lesson.taught.marks.classes) == 2
    assert state.n_clicked == 4
    tool.classes.remove(1)
    assert len(state.classes) == 2, "two always stay"


def test_colours_follow_the_page_annotate(desk: AskDesk) -> None:
    from napari_histcode.annotations import OKABE_ITO_CLASSES

    desk.annotate.classes = OKABE_ITO_CLASSES
    colours = [one.colour for one in desk.ask.teach.state.classes]
    assert colours == [OKABE_ITO_CLASSES.colour_of(name) for name in ("Tumor", "Stroma")]


@given(st.lists(st.tuples(st.integers(0, 19), st.sampled_from([None, 1, 2, 3])), max_size=30))
def test_every_change_can_be_taken_back(changes: list[tuple[int, int | None]]) -> None:
    marks = SlideMarks(grid=make_grid())
    states = [dict(marks.class_of)]
    for tile, key in changes:
        marks = marks.unmarked(tile) if key is None else marks.marked(tile, key)
        if dict(marks.class_of) != states[-1]:
            states.append(dict(marks.class_of))
    without = marks.without_class(3)
    assert 3 not in without.class_of.values()
    for expected in reversed(states):
        assert dict(marks.class_of) == expected
        marks = marks.undone()
    assert dict(marks.class_of) == {}
    while without.before:
        now, without = dict(without.class_of), without.undone()
        assert dict(without.class_of) != now, "every step back is seen"
        assert 3 not in without.class_of.values()


def test_marks_are_carried_to_other_tiles_by_place() -> None:
    small, large = make_grid(5, 4), make_grid(7, 4)
    marks = SlideMarks(grid=small).marked(6, 1).on_grid(large)
    assert marks.class_of == {8: 1}
    assert marks.undone().class_of == {}


def test_new_classes_have_names_and_colours_of_their_own() -> None:
    classes = ()
    for _ in range(9):
        classes = (*classes, next_class(classes, QUPATH_CLASSES))
    names = [one.name for one in classes]
    assert len(set(names)) == 9
    assert not any(name.endswith("*") for name in names)
    assert names[-1].startswith("Class ")
