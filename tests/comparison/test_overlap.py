from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box
from shapely.ops import unary_union
from skimage.filters import threshold_otsu
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    jaccard_score,
    precision_score,
    recall_score,
)

from napari_histcode.comparison.ceiling import dice_ceiling
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.overlap import area_dice, measure_overlap, overlap_rates
from napari_histcode.comparison.resampling import draw_blocks
from napari_histcode.comparison.thresholds import (
    fixed_threshold,
    oracle_threshold,
    otsu_threshold,
    top_threshold,
)
from tests.comparison.planted import COLUMNS, GRID, ROWS, TILE, reference_of, region, shape

LATTICE = TileLattice(grid=GRID)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 80))
def test_rates_equal_scikit_learns(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    y, taken = rng.random(n) < 0.4, rng.random(n) < 0.5
    tn, fp, fn, tp = confusion_matrix(y, taken, labels=[False, True]).ravel()
    rates = overlap_rates(np.array([tp, fp, fn, tn]))
    expected = [
        f1_score(y, taken, zero_division=np.nan),
        jaccard_score(y, taken, zero_division=0) if (y | taken).any() else np.nan,
        recall_score(y, taken, zero_division=np.nan),
        recall_score(~y, ~taken, zero_division=np.nan),
        precision_score(y, taken, zero_division=np.nan),
        precision_score(~y, ~taken, zero_division=np.nan),
    ]
    assert rates == pytest.approx(expected, nan_ok=True)


def test_thresholds_follow_their_rules() -> None:
    values = np.concatenate([np.linspace(0, 1, 80), np.linspace(5, 6, 20)])
    otsu = otsu_threshold(values)
    assert 1 < otsu.value < 5
    assert otsu.value == pytest.approx(threshold_otsu(values) + 6 / 512)
    assert otsu_threshold(values * 1e-9).value == pytest.approx(otsu.value * 1e-9)
    assert (values >= top_threshold(values, 0.1).value).sum() == 10
    assert (values >= top_threshold(values, 1e-9).value).sum() == 1
    assert top_threshold(values, 0.1).name == "top 10 %"
    oracle = oracle_threshold(values, values > 5.5)
    assert oracle.is_oracle
    assert ((values >= oracle.value) == (values > 5.5)).all()
    for missing in (
        otsu_threshold(np.ones(5)),
        fixed_threshold(None),
        top_threshold(np.array([np.nan]), 0.5),
    ):
        assert np.isnan(missing.value)
        assert missing.reason


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_dice_by_area_is_shapelys_and_never_above_the_ceiling(seed: int) -> None:
    rng = np.random.default_rng(seed)
    circles = [
        Point(*(rng.uniform(0, (COLUMNS, ROWS)) * TILE)).buffer(rng.uniform(0.3, 3) * TILE) for _ in range(3)
    ]
    reference = reference_of([shape(circle) for circle in circles])
    taken = reference.fraction + rng.normal(0, 0.3, len(GRID)) > 0.4
    cells = unary_union([cell for cell, is_in in zip(LATTICE.cells_px0(), taken, strict=True) if is_in])
    union = unary_union(circles)
    expected = 2 * cells.intersection(union).area / (cells.area + union.area)
    assert area_dice(taken, reference, LATTICE) == pytest.approx(expected, rel=1e-6)
    ceiling = dice_ceiling(reference, LATTICE)
    assert area_dice(taken, reference, LATTICE) <= ceiling.dice + 1e-12
    best = reference.cell_fraction >= ceiling.cut_off
    assert area_dice(best, reference, LATTICE) == pytest.approx(ceiling.dice)
    assert ceiling.label_dice <= ceiling.dice
    off_tiles = union.difference(box(0, 0, COLUMNS * TILE, ROWS * TILE)).area / union.area
    assert ceiling.missed_share == pytest.approx(off_tiles, abs=1e-6)


def test_the_ceiling_of_a_rectangle_that_ends_inside_tiles() -> None:
    ceiling = dice_ceiling(reference_of([region(0, 0, 5.5, ROWS)]), LATTICE)
    assert ceiling.dice == pytest.approx(2 * 5.5 / (6 + 5.5))
    assert ceiling.cut_off == pytest.approx(0.5)
    exact = dice_ceiling(reference_of([region(0, 0, 5, ROWS)]), LATTICE)
    assert exact.dice == pytest.approx(1)
    empty = dice_ceiling(reference_of([]), LATTICE)
    assert np.isnan([empty.dice, empty.label_dice, empty.missed_share]).all()


def test_the_best_labelling_is_the_best_of_all() -> None:
    grid_regions = [region(0.3, 0.2, 1.7, 1.6)]
    reference = reference_of(grid_regions)
    inside = np.flatnonzero(reference.cell_fraction)
    assert len(inside) == 4
    choices = [np.isin(np.arange(len(GRID)), inside[[bool(k >> b & 1) for b in range(4)]]) for k in range(16)]
    best = max(area_dice(taken, reference, LATTICE) for taken in choices)
    assert dice_ceiling(reference, LATTICE).dice == pytest.approx(best)


def test_overlap_counts_tiles_and_gives_areas() -> None:
    reference = reference_of([region(0, 0, 6, ROWS)])
    values = (GRID.index[:, 0] < 4).astype(float) + (GRID.index[:, 0] == 8)
    draws = draw_blocks(GRID, reference.counts, block_um=500, n_resamples=200, seed=0)
    overlap = measure_overlap(
        values, fixed_threshold(0.5), reference, LATTICE, draws, counts=reference.counts
    )
    counts = overlap.counts
    assert (counts.true_positive, counts.false_positive) == (36, 9)
    assert (counts.false_negative, counts.true_negative) == (18, 45)
    assert overlap.dice.value == pytest.approx(72 / 99)
    assert overlap.dice.low < 72 / 99 < overlap.dice.high
    assert overlap.taken_mm2 == pytest.approx(45 * 0.224**2)
    assert overlap.area_dice == pytest.approx(2 * 36 / (45 + 54))
    none = measure_overlap(values, fixed_threshold(9), reference, LATTICE, draws, counts=reference.counts)
    assert none.dice.value == 0
    assert none.ppv.reason == "no tile is taken"


def test_every_draw_counts_its_own_tiles() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(len(GRID), 2))
    draws = draw_blocks(GRID, np.ones(len(GRID), bool), block_um=500, n_resamples=10, seed=1)
    for times, found in zip(draws.times, draws.sums(values), strict=True):
        assert found == pytest.approx((values * times[draws.block_of][:, None]).sum(axis=0))
    assert draws.times.sum(axis=1).tolist() == [draws.n_blocks] * 10
