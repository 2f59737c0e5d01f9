from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from napari_histcode.comparison.curves import best_dice, threshold_curve
from napari_histcode.comparison.ranking import (
    auroc,
    auroc_with_interval,
    average_precision,
    partial_auroc,
    rank_tiles,
    rank_tiles_with_draws,
)
from napari_histcode.comparison.resampling import draws_of
from napari_histcode.comparison.tile_labels import label_tiles
from tests.comparison.planted import COLUMNS, GRID, ROWS, region

CASES = {
    "seed": st.integers(0, 10_000),
    "n": st.integers(2, 200),
    "levels": st.sampled_from([2, 5, 1000]),
}


def random_case(seed: int, n: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, levels, n) / 7, rng.random(n) > rng.uniform(0.3, 0.9)


@settings(deadline=None, max_examples=60)
@given(**CASES)
def test_ranking_equals_scikit_learns(seed: int, n: int, levels: int) -> None:
    scores, is_positive = random_case(seed, n, levels)
    found = (auroc(scores, is_positive), average_precision(scores, is_positive))
    if is_positive.all() or not is_positive.any():
        assert np.isnan([*found, partial_auroc(scores, is_positive)]).all()
        return
    assert found[0] == pytest.approx(roc_auc_score(is_positive, scores), abs=1e-12)
    assert found[1] == pytest.approx(average_precision_score(is_positive, scores), abs=1e-12)
    for max_fpr in (0.1, 0.5):
        expected = roc_auc_score(is_positive, scores, max_fpr=max_fpr)
        assert partial_auroc(scores, is_positive, max_fpr=max_fpr) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=20)
@given(**CASES)
def test_every_draw_is_what_scikit_learn_says_of_the_drawn_tiles(seed: int, n: int, levels: int) -> None:
    scores, is_positive = random_case(seed, n, levels)
    draws = draws_of(np.arange(n) % 5, n_resamples=6, seed=seed)
    _, drawn = rank_tiles_with_draws(scores, is_positive, draws)
    for k, times in enumerate(draws.times):
        tiles = np.repeat(np.arange(n), times[draws.block_of].astype(int))
        y, s = is_positive[tiles], scores[tiles]
        if y.all() or not y.any():
            assert np.isnan(drawn.auroc[k])
            continue
        assert drawn.auroc[k] == pytest.approx(roc_auc_score(y, s), abs=1e-6)
        assert drawn.average_precision[k] == pytest.approx(average_precision_score(y, s), abs=1e-5)
        assert drawn.partial_auroc[k] == pytest.approx(roc_auc_score(y, s, max_fpr=0.1), abs=1e-5)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_ranking_knows_neither_the_order_of_tiles_nor_the_scale_of_scores(seed: int) -> None:
    scores, is_positive = random_case(seed, 60, 9)
    is_positive[:2] = True, False
    order = np.random.default_rng(seed).permutation(60)
    for statistic in (auroc, average_precision, partial_auroc):
        value = statistic(scores, is_positive)
        assert statistic(scores[order], is_positive[order]) == pytest.approx(value, abs=1e-12)
        assert statistic(np.exp(scores), is_positive) == pytest.approx(value, abs=1e-12)
    assert auroc(-scores, is_positive) == pytest.approx(1 - auroc(scores, is_positive), abs=1e-12)


def test_a_planted_map_has_a_known_auroc_and_an_interval_around_it() -> None:
    annotations = [region(0, 0, COLUMNS / 2, ROWS), region(COLUMNS / 2, 0, COLUMNS, ROWS, "Stroma")]
    labels = label_tiles(GRID, annotations, ["Tumor"])
    perfect = auroc_with_interval(-GRID.index[:, 0].astype(float), labels, GRID, block_um=700)
    assert (perfect.value, perfect.low, perfect.high) == (1, 1, 1)
    noise = np.random.default_rng(0).normal(size=len(GRID))
    chance = auroc_with_interval(noise, labels, GRID, block_um=700)
    assert chance.low < 0.5 < chance.high
    assert (chance.n_positive, chance.n_negative) == (54, 54)
    assert str(perfect) == "1.000 [1.000, 1.000]"


def test_nothing_annotated_is_no_number() -> None:
    interval = auroc_with_interval(np.zeros(len(GRID)), label_tiles(GRID, [], ["Tumor"]), GRID)
    assert np.isnan([interval.value, interval.low, interval.high]).all()


@pytest.mark.parametrize(
    ("is_positive", "reason"),
    [
        (np.zeros(6, bool), "no tile is positive"),
        (np.ones(6, bool), "no tile is negative"),
        (np.zeros(0, bool), "no tile counts"),
    ],
)
def test_one_class_alone_gives_a_reason(is_positive: np.ndarray, reason: str) -> None:
    n = len(is_positive)
    ranking = rank_tiles(np.arange(float(n)), is_positive, draws_of(np.arange(n), n_resamples=5, seed=0))
    for estimate in (ranking.auroc, ranking.average_precision, ranking.partial_auroc):
        assert not estimate.is_defined
        assert estimate.reason == reason


def test_few_blocks_give_a_value_without_an_interval() -> None:
    is_positive = np.array([True, False, True, False])
    ranking = rank_tiles(
        np.arange(4.0), is_positive, draws_of(np.array([0, 0, 1, 1]), n_resamples=50, seed=0)
    )
    assert ranking.auroc.value == 0.25
    assert np.isnan(ranking.auroc.low)
    assert "blocks" in ranking.auroc.reason
    assert ranking.is_inverted


@settings(deadline=None, max_examples=30)
@given(**CASES)
def test_curves_equal_scikit_learns(seed: int, n: int, levels: int) -> None:
    scores, is_positive = random_case(seed, n, levels)
    if is_positive.all() or not is_positive.any():
        return
    curve = threshold_curve(scores, is_positive)
    fpr, tpr, thresholds = roc_curve(is_positive, scores, drop_intermediate=False)
    assert curve.threshold == pytest.approx(thresholds[1:])
    assert curve.false_positive_rate == pytest.approx(fpr[1:])
    assert curve.sensitivity == pytest.approx(tpr[1:])
    precision, _, _ = precision_recall_curve(is_positive, scores)
    assert curve.precision == pytest.approx(precision[-2::-1][: len(curve.precision)])
    dice = [
        2 * (is_positive & (scores >= t)).sum() / (is_positive.sum() + (scores >= t).sum())
        for t in curve.threshold
    ]
    assert curve.dice == pytest.approx(dice)
    assert best_dice(scores, is_positive)[1] == pytest.approx(max(dice))


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    scores = np.random.default_rng(0).normal(size=5000)
    curve = threshold_curve(scores, scores > 1)
    assert len(curve.threshold) == 201
    assert (curve.threshold[0], curve.threshold[-1]) == (scores.max(), scores.min())
    assert curve.sensitivity[-1] == curve.false_positive_rate[-1] == 1
