from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.document import comparison_to_json, plain
from napari_histcode.comparison.map_null import AREA, AUROC, ENRICHMENT
from napari_histcode.comparison.rows import MEANINGS, comparison_rows
from napari_histcode.comparison.tile_agreement import TileAgreement
from napari_histcode.errors import (
    AnalysisCancelledError,
    ModelMismatchError,
    NoTilesError,
    UnknownMapError,
)
from napari_histcode.progress import CancelToken, Progress
from tests.builders import make_grid, make_map, make_scores
from tests.comparison.planted import COLUMNS, GRID, ROWS, config, region, scores_of

COLUMN = GRID.index[:, 0]


def test_the_planted_slide_has_the_numbers_it_was_planted_with() -> None:
    """Tumour covers 5.5 of 12 columns; attention is all in the first 3, log-odds find the first 6."""
    attention = np.where(COLUMN < 3, 1 / 27, 0)
    odds = np.where(COLUMN < 6, 2.0, -2.0)
    scores = scores_of(attention, odds, names=["tissue.attention", "tissue.tumour.single_tile"])
    found = compare(scores, [region(0, 0, 5.5, ROWS)], config())
    reference = found.reference
    assert reference.prevalence == pytest.approx(0.5)  # the half-covered column is positive
    assert reference.area_mm2 == pytest.approx(5.5 * ROWS * 0.224**2)
    assert found.ceiling.dice == pytest.approx(2 * 5.5 / 11.5)

    odds_found = found.map("tissue.tumour.single_tile")
    assert odds_found.ranking.auroc.value == odds_found.ranking.average_precision.value == 1
    fixed = odds_found.overlap("fixed")
    assert fixed.threshold.value == 0
    assert fixed.dice.value == 1
    assert fixed.area_dice == pytest.approx(found.ceiling.dice)
    assert fixed.boundary is not None
    assert fixed.boundary.nsd == 1  # half a tile off at one side, which is the tolerance
    assert fixed.boundary.tolerance_um == 112
    assert 100 < fixed.boundary.hd95_um <= 112
    assert (odds_found.agreement == TileAgreement.TRUE_POSITIVE).sum() == 54
    assert odds_found.pointing.is_hit == 1
    assert odds_found.lesions.score == 1
    assert odds_found.calibration is None or odds_found.calibration.brier.value < 0.02

    attention_found = found.map("tissue.attention")
    assert attention_found.mass is not None
    assert attention_found.mass.inside.value == pytest.approx(1)
    assert attention_found.mass.enrichment.value == pytest.approx(2)
    assert attention_found.ranking.auroc.value == pytest.approx(
        0.75
    )  # half of the positives above, half tied
    assert attention_found.overlap("fixed").threshold.value == pytest.approx(1 / 108)
    assert attention_found.overlap("fixed").dice.value == pytest.approx(2 * 27 / (27 + 54))
    assert attention_found.overlap("oracle").dice.value == pytest.approx(2 * 27 / (27 + 54))
    tests = {test.metric: test for test in attention_found.tests}
    assert set(tests) == {"AUROC", "average precision", "Dice, fixed threshold", ENRICHMENT}


def test_baselines_are_always_there_and_maps_are_measured_against_them() -> None:
    overview = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    features = np.random.default_rng(0).normal(size=(len(GRID), 5))
    found = compare(
        scores_of(np.where(COLUMN < 4, 1.0, -1.0)),
        [region(0, 0, 4, ROWS)],
        config(),
        overview=overview,
        features=features,
    )
    names = [one.name for one in found.baselines]
    assert names == [f"baseline.{n}" for n in ("random", "uniform", "tissue", "nuclei", "features")]
    uniform = found.map("baseline.uniform")
    assert uniform.ranking.auroc.value == 0.5
    assert uniform.ranking.average_precision.value == pytest.approx(found.reference.prevalence)
    gains = {gain.baseline: gain.auroc for gain in found.maps[0].gains}
    assert gains["baseline.uniform"].value == pytest.approx(0.5)
    assert set(gains) == set(names)
    random = found.map("baseline.random").ranking.auroc
    assert gains["baseline.random"].value == pytest.approx(1 - random.value)
    assert gains["baseline.random"].low == pytest.approx(1 - random.high, abs=1e-6)
    assert not uniform.tests


def same(first: Comparison, second: Comparison) -> bool:
    return comparison_to_json(first) == comparison_to_json(second)


def test_the_same_input_gives_the_same_numbers_and_another_seed_others() -> None:
    annotations = [region(0, 0, 4.3, 5), region(8, 2, 9, 4)]
    scores = make_scores(grid=GRID)
    once = compare(scores, annotations, config())
    assert same(once, compare(scores, annotations, config()))
    assert not same(once, compare(scores, annotations, config(seed=1)))
    # a map's numbers do not depend on which other maps are compared, save adjusted p-values
    name = scores.map_names[1]
    alone = compare(scores, annotations, config(maps=(name,)))
    assert alone.maps[0].ranking == once.map(name).ranking
    assert [test.p for test in alone.maps[0].tests] == [test.p for test in once.map(name).tests]


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 1000))
def test_ranking_and_top_numbers_ignore_a_monotone_scale(seed: int) -> None:
    values = np.random.default_rng(seed).permutation(len(GRID)) / 10
    annotations = [region(1, 1, 5, 6)]
    plain_map, scaled = (
        compare(scores_of(v), annotations, config(n_resamples=20, n_shifts=30)).maps[0]
        for v in (values, np.exp(values / 5))
    )
    assert plain_map.ranking == scaled.ranking
    assert plain_map.top == scaled.top
    assert plain_map.pointing == scaled.pointing
    assert plain_map.lesions == scaled.lesions
    assert plain_map.overlap("oracle").counts == scaled.overlap("oracle").counts
    assert plain_map.overlap("top", 0.1).counts == scaled.overlap("top", 0.1).counts
    assert plain_map.area.spearman.value == pytest.approx(scaled.area.spearman.value)


def test_the_order_of_tiles_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=len(GRID))
    order = rng.permutation(len(GRID))
    moved = dataclasses.replace(GRID, index=GRID.index[order], tissue_fraction=GRID.tissue_fraction[order])
    annotations = [region(0, 0, 4.3, 5)]
    first = compare(scores_of(values), annotations, config()).maps[0]
    second = compare(scores_of(values[order], grid=moved), annotations, config()).maps[0]
    assert second.ranking.auroc.value == pytest.approx(first.ranking.auroc.value)
    assert second.ranking.auroc.low == pytest.approx(first.ranking.auroc.low, abs=1e-6)
    assert second.overlap("fixed").counts == first.overlap("fixed").counts
    assert second.overlap("fixed").boundary == first.overlap("fixed").boundary
    assert second.lesions == first.lesions
    assert [test.p for test in second.tests] == [test.p for test in first.tests]
    assert (second.agreement == first.agreement[order]).all()


@pytest.mark.parametrize(
    ("annotations", "values"),
    [
        ([], np.arange(len(GRID))),
        ([region(0, 0, COLUMNS, ROWS)], np.arange(len(GRID))),
        ([region(0, 0, 4, ROWS)], np.zeros(len(GRID))),
        ([region(0, 0, 4, ROWS)], np.full(len(GRID), np.nan)),
        ([region(0, 0, 4, ROWS)], np.where(COLUMN % 2, np.nan, COLUMN)),
        ([region(0, 0, 4, ROWS)], np.where(COLUMN < 4, np.inf, COLUMN)),
        ([region(0.1, 0.1, 0.2, 0.2)], np.arange(len(GRID))),
        ([region(50, 50, 60, 60)], np.arange(len(GRID))),
        ([region(0, 0, 4, ROWS), region(0, 0, COLUMNS, ROWS, "Ignore*")], np.arange(len(GRID))),
    ],
    ids=[
        "nothing",
        "everything",
        "constant",
        "nan",
        "half nan",
        "infinite",
        "tiny",
        "off the slide",
        "ignored",
    ],
)
@pytest.mark.parametrize("is_exhaustive", [True, False])
def test_degenerate_cases_give_reasons_and_never_fail(
    annotations: list[object], values: np.ndarray, is_exhaustive: bool
) -> None:
    scores = scores_of(np.abs(values), values, names=["tissue.attention", "tissue.tumour.single_tile"])
    found = compare(scores, annotations, config(is_exhaustive=is_exhaustive, n_resamples=20, n_shifts=30))  # type: ignore[arg-type]
    json.dumps(comparison_to_json(found), allow_nan=False)
    unexplained = {
        (row.subject, row.metric, row.qualifier)
        for row in comparison_rows(found)
        if not np.isfinite(row.value) and not row.reason
    }
    assert not unexplained
    assert {row.metric for row in comparison_rows(found)} <= set(MEANINGS)


def test_one_tile_is_no_crash() -> None:
    grid = make_grid(1, 1)
    found = compare(scores_of(np.ones(1), grid=grid), [region(0, 0, 0.7, 1)], config())
    assert found.reference.is_positive.tolist() == [True]
    assert found.maps[0].ranking.auroc.reason == "no tile is negative"
    assert found.ceiling.dice == pytest.approx(1.4 / 1.7)
    assert found.maps[0].tests[0].reason


def test_an_inverted_map_is_said_and_never_turned_round() -> None:
    annotations = [region(0, 0, 4, ROWS)]
    upside_down = scores_of(np.where(COLUMN < 4, -1.0, 1.0))
    found = compare(upside_down, annotations, config())
    assert found.maps[0].is_inverted
    assert found.maps[0].ranking.auroc.value == 0
    assert any("inverted" in warning and "1.000" in warning for warning in found.warnings)
    expected = compare(upside_down, annotations, config(class_of_output=(("c0", "Stroma"),)))
    assert not any("inverted" in warning for warning in expected.warnings)


def test_without_an_exhaustive_annotation_unannotated_tissue_is_left_out() -> None:
    values = np.where(COLUMN < 4, 1.0, -1.0)
    values[COLUMN >= 8] = 5  # high where nobody looked
    annotations = [region(0, 0, 4, ROWS), region(4, 0, 8, ROWS, "Stroma")]
    restricted = compare(scores_of(values), annotations, config(is_exhaustive=False))
    assert restricted.maps[0].ranking.auroc.value == 1
    assert restricted.maps[0].overlap("fixed").area_dice == pytest.approx(1)
    assert "not exhaustive" in restricted.reference.statement
    exhaustive = compare(scores_of(values), annotations, config())
    assert exhaustive.maps[0].ranking.auroc.value == pytest.approx(0.5)
    assert "exhaustive" in exhaustive.reference.statement


def test_border_tiles_count_in_the_sensitivity_run_alone() -> None:
    values = -COLUMN.astype(float)
    found = compare(scores_of(values), [region(0, 0, 4.3, ROWS)], config(threshold=-3.0)).maps[0]
    assert found.overlap("fixed").dice.value == 1
    assert found.overlap("fixed").area_dice == pytest.approx(2 * 4 / 8.3)
    cuts = {cut.share: cut for cut in found.cut_offs}
    assert (cuts[0.1].n_positive, cuts[0.5].n_positive) == (45, 36)
    assert cuts[0.1].dice == pytest.approx(2 * 36 / (36 + 45))
    assert cuts[0.5].dice == 1


def test_mass_needs_an_unsigned_raw_map_and_amounts_are_correlated_with_area() -> None:
    values = np.linspace(0, 1, len(GRID))
    maps = [
        make_map("tissue.attention", values),
        make_map("other.attention", values, quantity="attention weight, percentile in slide"),
        make_map("tissue.tumour.contribution", values, is_signed=True, quantity="log-odds"),
        make_map("genes.CD3E.single_tile", values, quantity="log2 fold change"),
    ]
    found = compare(make_scores(grid=GRID, maps=maps), [region(0, 0, 12, 3.5)], config())
    assert [one.mass is not None for one in found.maps] == [True, False, False, True]
    assert [np.isfinite(one.area.spearman.low) for one in found.maps] == [False, False, False, True]
    assert [any(test.metric == AREA for test in one.tests) for one in found.maps] == [
        False,
        False,
        False,
        True,
    ]
    assert all(any(test.metric == AUROC for test in one.tests) for one in found.maps)
    p = [test.p for one in found.maps for test in one.tests]
    p_holm = [test.p_holm for one in found.maps for test in one.tests]
    assert (np.array(p_holm) >= np.array(p)).all()
    assert min(p_holm) == pytest.approx(min(1, min(p) * len(p)))


def test_readers_are_compared_with_each_other_and_with_the_maps() -> None:
    others = {"reader 2": [region(0, 0, 5, ROWS)]}
    found = compare(
        scores_of(np.where(COLUMN < 4, 1.0, -1.0)), [region(0, 0, 4, ROWS)], config(), readers=others
    )
    assert found.readers is not None
    assert found.readers.readers == ("reader 1", "reader 2")
    assert found.readers.maps[0].pairs[0].dice == 1
    assert found.readers.maps[0].pairs[1].dice == pytest.approx(8 / 9)


def test_errors_come_before_the_work() -> None:
    scores = scores_of(np.ones(len(GRID)))
    with pytest.raises(UnknownMapError):
        compare(scores, [], config(maps=("nothing",)))
    with pytest.raises(ModelMismatchError, match="features"):
        compare(scores, [], config(), features=np.ones((3, 2)))
    with pytest.raises(ModelMismatchError, match="values"):
        compare(make_scores(grid=GRID, maps=[make_map(values=np.ones(3))]), [], config())
    empty = GRID.select(np.zeros(len(GRID), bool))
    with pytest.raises(NoTilesError):
        compare(scores_of(np.ones(0), grid=empty), [], config())
    with pytest.raises(ValueError, match="half a tile"):
        compare(scores, [], config(tolerance_um=10.0))
    with pytest.raises(UnknownMapError, match="was not compared"):
        compare(scores, [], config()).map("nothing")


@pytest.mark.parametrize(
    "wrong",
    [
        {"positive": ()},
        {"least_share": 0.0},
        {"block_um": 0.0},
        {"n_resamples": -1},
        {"n_bins": 0},
        {"top_counts": (0,)},
        {"threshold": float("nan")},
    ],
)
def test_senseless_configurations_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        ComparisonConfig(**{"positive": ("Tumor",), **wrong})  # type: ignore[arg-type]


def test_progress_counts_maps_and_a_cancel_stops_between_them() -> None:
    seen: list[Progress] = []
    scores = scores_of(*np.random.default_rng(0).normal(size=(3, len(GRID))))
    compare(scores, [region(0, 0, 4, ROWS)], config(), progress=seen.append)
    assert [(p.done, p.total) for p in seen] == [(k, 6) for k in range(7)]
    cancel = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.done == 4:
            cancel.cancel()

    with pytest.raises(AnalysisCancelledError):
        compare(scores, [region(0, 0, 4, ROWS)], config(), progress=stop, cancel=cancel)


def test_plain_values_know_what_json_does_not() -> None:
    assert plain({"a": np.float32(1.5), 2: (np.nan, np.int8(3), True, None)}) == {
        "a": 1.5,
        "2": [None, 3, True, None],
    }
    assert plain(TileAgreement.BORDER) == "border"
    with pytest.raises(TypeError, match="no place"):
        plain(object())
