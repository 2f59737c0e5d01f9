"""The comparison without napari, Qt or threads: what is asked, what is painted, what is dropped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shapely import box

from napari_histcode.annotations import Annotation, write_annotations
from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.tile_agreement import TileAgreement
from napari_histcode.plugin.canvas import Pick
from napari_histcode.plugin.compare.cut_controller import LAYER
from napari_histcode.plugin.compare.mistakes import CLASSES, THRESHOLD, key_of
from napari_histcode.plugin.compare.offers import compare_offer, empty_reason
from napari_histcode.plugin.compare.tasks import SpotRequest
from napari_histcode.plugin.layers import world_from_px0
from napari_histcode.plugin.session import Phase
from tests.plugin.compare_desk import GENE, NECROSIS, TUMOUR, CompareDesk, planted_regions, planted_scores


@pytest.fixture
def empty(slide_path: Path) -> CompareDesk:
    desk = CompareDesk()
    desk.open(slide_path)
    return desk


@pytest.fixture
def desk(empty: CompareDesk) -> CompareDesk:
    """Planted scores and regions, the page in front, the numbers there."""
    empty.take(planted_scores())
    empty.session.annotations = planted_regions()
    empty.look()
    assert empty.state.answer is not None
    return empty


def test_what_is_missing_is_said(empty: CompareDesk) -> None:
    assert "analyse" in empty_reason(empty.session)
    empty.take(planted_scores())
    assert "no regions" in empty_reason(empty.session)
    empty.session.annotations = planted_regions()
    assert empty_reason(empty.session) == ""
    assert compare_offer(empty.session, empty.state).is_enabled


def test_nothing_is_computed_behind(empty: CompareDesk) -> None:
    empty.take(planted_scores())
    empty.jobs.run_all()
    empty.session.annotations = planted_regions()
    assert not empty.jobs.waiting
    assert not empty.canvas.is_picking
    empty.compare.set_in_front(is_in_front=True)
    assert len(empty.jobs.waiting) == 1
    assert empty.canvas.is_picking


def test_class_of_the_map_is_guessed_and_follows_it(desk: CompareDesk) -> None:
    assert desk.state.map == TUMOUR
    assert desk.state.positive == ("Tumor",)
    desk.compare.choose_map(NECROSIS)
    assert desk.state.positive == ("Necrosis",)
    desk.compare.choose_positive(("Tumor",))
    desk.compare.choose_map(TUMOUR)
    desk.compare.choose_map(NECROSIS)
    assert desk.state.positive == ("Tumor",), "the user's word stays"


def test_map_follows_the_visible_one_until_chosen(desk: CompareDesk) -> None:
    desk.controller.maps.select(NECROSIS)
    assert desk.state.map == NECROSIS
    desk.compare.choose_map(TUMOUR)
    desk.controller.maps.select(GENE)
    assert desk.state.map == TUMOUR


def test_quick_and_full_answers_have_the_same_numbers(desk: CompareDesk) -> None:
    quick = desk.state.compared
    assert not desk.state.answer.is_full
    assert not np.isfinite(quick.ranking.auroc.low)
    desk.compare.compare()
    assert desk.state.comparing.phase is Phase.WORKING
    desk.jobs.run_all()
    full = desk.state.compared
    assert desk.state.answer.is_full
    assert full.ranking.auroc.value == quick.ranking.auroc.value
    assert [o.dice.value for o in full.overlaps] == [o.dice.value for o in quick.overlaps]
    assert full.ranking.auroc.low < full.ranking.auroc.value
    assert desk.state.answer.comparison.classes.classes == ("Tumor", "Necrosis")


def test_full_answer_stays_at_hand(desk: CompareDesk) -> None:
    desk.compare.compare()
    desk.jobs.run_all()
    full = desk.state.answer
    desk.compare.choose_map(NECROSIS)
    desk.compare.choose_positive(("Tumor",))
    desk.jobs.run_all()
    assert not desk.state.answer.is_full
    desk.compare.choose_map(TUMOUR)
    assert desk.state.answer is full
    assert not desk.jobs.waiting


def test_all_maps_are_compared_at_once(desk: CompareDesk) -> None:
    desk.compare.take_every_map(is_every=True)
    desk.compare.compare()
    desk.jobs.run_all()
    assert [one.name for one in desk.state.answer.comparison.maps] == list(
        desk.session.result.scores.map_names
    )
    desk.compare.choose_map("tissue.attention")
    assert desk.state.answer.is_full
    assert desk.state.compared.name == "tissue.attention"


def test_answer_to_an_old_question_is_dropped(desk: CompareDesk) -> None:
    desk.compare.compare()
    (full,) = desk.jobs.waiting
    before = desk.state.answer
    desk.session.annotations = planted_regions()[:1]
    assert full.cancel_token.is_cancelled
    assert "changed" in desk.state.comparing.text
    desk.jobs.run_all()
    assert desk.state.answer is not before
    assert not desk.state.answer.is_full


def test_cancel_keeps_the_numbers(desk: CompareDesk) -> None:
    before = desk.state.answer
    desk.compare.compare()
    desk.compare.cancel()
    assert desk.state.comparing.phase is Phase.STOPPING
    desk.jobs.run_all()
    assert desk.state.comparing.text == "Stopped."
    assert desk.state.answer is before


def test_another_slide_takes_everything_away(desk: CompareDesk, slide_without_mpp: Path) -> None:
    desk.compare.compare()
    desk.controller.open_slide(slide_without_mpp)
    desk.jobs.run_all()
    assert desk.session.result is None
    assert desk.state.answer is None
    assert desk.state.cut is None
    assert desk.state.comparing.phase is Phase.IDLE
    assert not desk.canvas.classes


def test_exhaustive_counts_tissue_without_a_region(empty: CompareDesk) -> None:
    empty.take(planted_scores())
    empty.session.annotations = planted_regions()[:1]
    empty.look()
    assert empty.state.compared.ranking.n_negative == 0
    empty.compare.set_exhaustive(is_exhaustive=True)
    empty.jobs.run_all()
    assert empty.state.compared.ranking.n_negative == 60


# The threshold and the layer


def test_agreement_is_painted_while_in_front(desk: CompareDesk) -> None:
    shown = desk.canvas.classes[LAYER]
    assert desk.canvas.visible[LAYER]
    np.testing.assert_array_equal(shown.classes, desk.state.compared.agreement)
    assert int(TileAgreement.TRUE_NEGATIVE) not in shown.colours
    assert not desk.canvas.visible[TUMOUR], "the map below is hidden"
    desk.compare.set_in_front(is_in_front=False)
    assert not desk.canvas.visible[LAYER]
    assert desk.canvas.visible[TUMOUR]
    assert not desk.canvas.is_picking


def test_map_stays_visible_if_wanted(desk: CompareDesk) -> None:
    desk.state.is_map_shown = True
    assert desk.canvas.visible[TUMOUR]
    desk.state.is_map_shown = False
    assert not desk.canvas.visible[TUMOUR]
    desk.state.is_agreement_shown = False
    assert desk.canvas.visible[TUMOUR]
    assert not desk.canvas.visible[LAYER]
    assert desk.session.selected_map == TUMOUR


@pytest.mark.parametrize(("rule", "share"), [("otsu", None), ("top", 0.1), ("oracle", None), ("fixed", None)])
def test_rules_give_the_overlap_of_the_comparison(desk: CompareDesk, rule: str, share: float | None) -> None:
    desk.compare.cut.choose_rule(rule, share)
    overlap, cut = desk.state.compared.overlap(rule, share), desk.state.cut
    assert cut.threshold == overlap.threshold
    for name, value in cut.rates.items():
        assert value == getattr(overlap, name).value
    assert cut.area_dice == overlap.area_dice
    assert cut.counts[TileAgreement.TRUE_POSITIVE] == overlap.counts.true_positive
    assert cut.counts[TileAgreement.FALSE_POSITIVE] == overlap.counts.false_positive


def test_own_threshold_is_the_command_lines(desk: CompareDesk) -> None:
    desk.compare.cut.set_threshold(0.7)
    config = ComparisonConfig(positive=("Tumor",), maps=(TUMOUR,), threshold=0.7, n_resamples=0, n_shifts=0)
    fixed = compare(desk.session.result.scores, desk.session.annotations, config).map(TUMOUR).overlap("fixed")
    assert desk.state.cut.is_own
    assert desk.state.cut.rates["dice"] == fixed.dice.value
    np.testing.assert_array_equal(
        desk.canvas.classes[LAYER].classes == TileAgreement.TRUE_POSITIVE,
        desk.state.cut.agreement == TileAgreement.TRUE_POSITIVE,
    )


def test_slider_goes_from_all_to_one(desk: CompareDesk) -> None:
    desk.compare.cut.set_position(0)
    assert desk.state.cut.rates["sensitivity"] == 1
    assert desk.state.cut.taken_share == 1
    desk.compare.cut.set_position(1)
    assert desk.state.cut.taken_share == pytest.approx(1 / 120)
    assert desk.compare.cut.position == 1
    desk.compare.cut.choose_rule("fixed")
    assert not desk.state.cut.is_own


# Tiles


def test_walk_flies_from_the_most_wrong_on(desk: CompareDesk) -> None:
    desk.compare.walk.choose(key_of(TileAgreement.FALSE_POSITIVE))
    group, values = desk.state.group, desk.compare.cut.values
    assert len(group.tiles) == desk.state.cut.counts[TileAgreement.FALSE_POSITIVE]
    assert np.all(np.diff(values[group.tiles]) <= 0)
    assert len(desk.canvas.outlined) == len(group.tiles)

    desk.compare.walk.step(1)
    grid = desk.session.result.scores.grid
    assert desk.canvas.flights[-1] == (*grid.xy_px0[group.tiles[0]], *grid.size_px0)
    assert desk.canvas.outlined == (desk.canvas.flights[-1],)
    assert desk.canvas.classes[LAYER].classes[group.tiles[0]] == 0, "its tissue is to be seen"
    desk.compare.walk.step(-1)
    assert desk.state.place == len(group.tiles) - 1, "the list is a ring"
    desk.compare.walk.show_all()
    assert len(desk.canvas.outlined) == len(group.tiles)


def test_missed_tiles_come_with_the_lowest_first(desk: CompareDesk) -> None:
    desk.compare.walk.choose(key_of(TileAgreement.FALSE_NEGATIVE))
    assert np.all(np.diff(desk.compare.cut.values[desk.state.group.tiles]) >= 0)


def test_walk_follows_the_threshold(desk: CompareDesk) -> None:
    desk.compare.walk.choose(key_of(TileAgreement.FALSE_POSITIVE))
    desk.compare.cut.set_threshold(-0.5)
    assert len(desk.state.group.tiles) == desk.state.cut.counts[TileAgreement.FALSE_POSITIVE]


def test_cells_of_several_classes(desk: CompareDesk) -> None:
    table = desk.state.answer.comparison.classes
    cells = [cell for cell in desk.compare.walk.cells() if cell.key[0] == CLASSES]
    assert sum(cell.n_tiles for cell in cells) == table.matrix.sum()
    wrong = cells[0]
    desk.compare.walk.choose(wrong.key)
    tiles = desk.state.group.tiles
    assert len(tiles) == wrong.n_tiles
    scores = desk.session.result.scores
    by_class = {"Tumor": scores.map(TUMOUR).values, "Necrosis": scores.map(NECROSIS).values}
    drawn, seen = (table.classes[k] for k in wrong.key[1:])
    assert np.all(np.diff(by_class[seen][tiles] - by_class[drawn][tiles]) <= 0)


def test_click_tells_a_tile_and_flies_there(desk: CompareDesk) -> None:
    grid, record = desk.session.result.scores.grid, desk.session.current.record
    desk.canvas.events.clicked.emit(Pick(world=tuple(world_from_px0(grid.centre_px0[17], record))))
    picked = desk.state.picked
    assert picked.tile == 17
    assert "column 5, row 1" in picked.lines[0]
    assert "100%" in picked.lines[2]
    assert desk.canvas.flights[-1][:2] == tuple(grid.xy_px0[17])
    desk.compare.set_in_front(is_in_front=False)
    desk.canvas.events.clicked.emit(Pick(world=(0.0, 0.0)))
    assert desk.state.picked is None


def test_click_beside_the_tiles_says_nothing(desk: CompareDesk) -> None:
    desk.canvas.events.clicked.emit(Pick(world=(-1e6, 0.0)))
    assert desk.state.picked is None
    assert not desk.canvas.flights


def test_unknown_cells_do_no_harm(desk: CompareDesk) -> None:
    desk.compare.walk.step(1)
    desk.compare.walk.go(3)
    assert desk.state.group is None
    desk.compare.walk.choose((THRESHOLD, 1, 1))
    desk.compare.walk.clear()
    assert desk.canvas.outlined == ()


# Readers and spots


def test_second_reader_is_compared(desk: CompareDesk, tmp_path: Path) -> None:
    grid = desk.session.result.scores.grid
    edge = 5 * grid.stride_px0[0]
    regions = (
        Annotation(geometry=box(0, 0, edge, 10 * edge), class_name="Tumor"),
        Annotation(geometry=box(edge, 0, 3 * edge, 10 * edge), class_name="Necrosis"),
    )
    write_annotations(regions, tmp_path / "JANE_DOE.geojson")
    desk.compare.readers.add(tmp_path / "JANE_DOE.geojson")
    desk.jobs.run_all()
    readers = desk.state.answer.comparison.readers
    assert readers.readers == ("reader 1", "reader 2")
    assert [reader.name for reader in desk.state.readers] == ["reader 2"]
    assert "JANE" not in str(desk.state.readers[0].notes)
    assert readers.maps[0].map == TUMOUR
    desk.compare.readers.remove("reader 2")
    desk.jobs.run_all()
    assert desk.state.answer.comparison.readers is None


@pytest.mark.parametrize("shows_names", [False, True])
def test_bad_reader_is_told(desk: CompareDesk, tmp_path: Path, *, shows_names: bool) -> None:
    desk.controller.show_file_names(is_shown=shows_names)
    (tmp_path / "JANE_DOE.geojson").write_text("{")
    desk.compare.readers.add(tmp_path / "JANE_DOE.geojson")
    desk.jobs.run_all()
    assert desk.state.reading.is_error
    assert ("JANE" in desk.state.reading.text) is shows_names
    assert desk.state.readers == ()


def test_spots_are_compared(desk: CompareDesk, tmp_path: Path) -> None:
    scores = desk.session.result.scores
    centres, values = scores.grid.centre_px0, scores.map(GENE).values
    lines = [f"s{k},{x},{y}" for k, (x, y) in enumerate(centres)]
    (tmp_path / "spots.csv").write_text("\n".join(["spot,pixel_x,pixel_y", *lines]))
    measured = [f"s{k},{2 * value + 1}" for k, value in enumerate(values)]
    (tmp_path / "values.csv").write_text("\n".join(["spot,CD3E", *measured]))
    desk.compare.spots.compare(
        SpotRequest(places=tmp_path / "spots.csv", values=tmp_path / "values.csv", are_counts=False)
    )
    desk.jobs.run_all()
    (result,) = desk.state.spots.comparison.results
    assert result.map == GENE
    assert result.pearson.value == pytest.approx(1)
    x, y = desk.compare.spots.points(GENE)
    np.testing.assert_allclose(y, 2 * x + 1, rtol=1e-6)


@pytest.mark.parametrize("shows_names", [False, True])
def test_bad_spots_are_told(desk: CompareDesk, tmp_path: Path, *, shows_names: bool) -> None:
    desk.controller.show_file_names(is_shown=shows_names)
    spots = tmp_path / "JANE_DOE.csv"
    spots.write_text("a,b\n1,2\n")
    desk.compare.spots.compare(SpotRequest(places=spots, values=spots, are_counts=True))
    desk.jobs.run_all()
    assert desk.state.spotting.is_error
    assert "lacks the columns" in desk.state.spotting.text
    assert ("JANE" in desk.state.spotting.text) is shows_names
