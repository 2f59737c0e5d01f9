from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.ndimage import gaussian_filter

from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.map_null import Observed, shift_tests
from napari_histcode.comparison.ranking import auroc, average_precision
from napari_histcode.comparison.shift_null import holm, null_test, shifts_of_labels, shifts_of_map
from napari_histcode.comparison.tile_labels import TileLabel
from tests.builders import make_grid
from tests.comparison.planted import reference_of, region


def null_tests_of(
    values: np.ndarray, reference: object, *, n_shifts: int = 99, seed: int = 0
) -> dict[str, object]:
    lattice = TileLattice(grid=reference.grid)
    shifts = shifts_of_labels(lattice, reference.labels, n_shifts=n_shifts, seed=seed)
    y, counts = reference.is_positive, reference.counts
    observed = Observed(
        auroc=auroc(values[counts], y[counts]),
        average_precision=average_precision(values[counts], y[counts]),
        dice=np.nan,
        enrichment=np.nan,
        area=stats.spearmanr(values[counts], reference.fraction[counts])[0],
    )
    return {test.metric: test for test in shift_tests(values, values > 0, reference, shifts, observed)}


def test_p_values_of_maps_that_know_nothing_are_uniform() -> None:
    rng = np.random.default_rng(1)
    grid = make_grid(20, 16)
    p: dict[str, list[float]] = {}
    for k in range(120):
        annotations = [region(x, y, x + 5, y + 4) for x, y in ((2, 3), (11, 9))]
        values = gaussian_filter(rng.normal(size=(16, 20)), 1.0, mode="wrap").ravel()
        for name, test in null_tests_of(values, reference_of(annotations, grid=grid), seed=k).items():
            p.setdefault(name, []).append(test.p)
    assert set(p) == {"AUROC", "average precision", "Spearman with annotated area"}
    for values in p.values():
        assert stats.kstest(values, "uniform").pvalue > 0.01
        assert np.mean(np.array(values) <= 0.05) <= 0.11


def test_a_map_that_follows_the_annotation_is_not_by_chance() -> None:
    grid = make_grid(20, 16)
    reference = reference_of([region(3, 3, 8, 7), region(12, 9, 15, 14)], grid=grid)
    values = reference.fraction + np.random.default_rng(0).normal(0, 0.3, len(grid))
    tests = null_tests_of(values, reference, n_shifts=999)
    assert tests["AUROC"].p == 1 / 1000
    assert tests["AUROC"].null_mean == pytest.approx(0.5, abs=0.05)
    assert tests["AUROC"].null_high < tests["AUROC"].observed


@pytest.mark.parametrize("mirror", range(4))
def test_labels_move_as_a_whole_on_the_torus(mirror: int) -> None:
    grid = make_grid(7, 5)
    lattice = TileLattice(grid=grid)
    labels = np.random.default_rng(0).integers(-2, 2, len(grid)).astype(np.int8)
    shifts = shifts_of_labels(lattice, labels, n_shifts=10_000, seed=0)
    raster = labels.reshape(5, 7)[:: -1 if mirror & 1 else 1, :: -1 if mirror & 2 else 1]
    moved = np.concatenate(list(shifts.chunks(labels, TileLabel.OUTSIDE)))
    chosen = np.flatnonzero(shifts.mirror == mirror)
    assert len(chosen) >= 34
    for k in chosen:
        assert (moved[k].reshape(5, 7) == np.roll(raster, (shifts.rows[k], shifts.columns[k]), (0, 1))).all()
    some = np.array([3, 11, 30])
    assert (np.concatenate(list(shifts.chunks(labels, -2, tiles=some))) == moved[:, some]).all()


def test_only_shifts_that_keep_enough_of_both_classes_are_used() -> None:
    chosen = np.zeros((12, 30), bool)
    chosen[:, :4] = chosen[:, 20:] = True
    grid = make_grid(chosen=chosen)
    labels = np.where(grid.index[:, 0] < 4, TileLabel.POSITIVE, TileLabel.NEGATIVE).astype(np.int8)
    shifts = shifts_of_labels(TileLattice(grid=grid), labels, n_shifts=100_000, seed=0)
    assert len(shifts) > 50
    for moved in shifts.chunks(labels, TileLabel.OUTSIDE):
        assert ((moved == TileLabel.POSITIVE).sum(axis=1) >= 0.25 * 48).all()
        assert ((moved == TileLabel.NEGATIVE).sum(axis=1) >= 0.25 * 120).all()


def test_maps_move_so_that_enough_places_keep_a_tile() -> None:
    grid = make_grid(10, 8)
    places = np.zeros(len(grid), bool)
    places[::7] = True
    shifts = shifts_of_map(TileLattice(grid=grid), places, n_shifts=50, seed=3)
    assert len(shifts) == 50
    assert len({(*k,) for k in zip(shifts.rows, shifts.columns, shifts.mirror, strict=True)}) == 50


def test_a_tiny_slide_has_too_few_shifts_and_says_so() -> None:
    grid = make_grid(2, 2)
    labels = np.array([1, 0, 0, 0], np.int8)
    shifts = shifts_of_labels(TileLattice(grid=grid), labels, n_shifts=99, seed=0)
    assert len(shifts) == 0
    assert "shifts keep enough" in shifts.reason
    test = null_test("AUROC", 0.9, np.empty(0), reason=shifts.reason)
    assert np.isnan(test.p)
    assert test.reason == shifts.reason


def test_p_counts_the_shifts_that_are_as_extreme() -> None:
    null = np.arange(-50, 49) / 100
    assert null_test("x", 0.40, null).p == pytest.approx((1 + 9) / 100)
    assert null_test("x", 0.40, null, is_two_sided=True).p == pytest.approx((1 + 9 + 11) / 100)
    assert null_test("x", 0.40, np.full(99, 0.4)).p == 1
    assert np.isnan(null_test("x", np.nan, null).p)


@settings(deadline=None, max_examples=40)
@given(p=st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=12))
def test_holm_is_the_closed_test_of_bonferroni(p: list[float]) -> None:
    adjusted = holm(np.array(p))
    real = sorted(v for v in p if v == v)
    for value, found in zip(p, adjusted, strict=True):
        if value != value:
            assert np.isnan(found)
            continue
        steps = [min(1, v * (len(real) - k)) for k, v in enumerate(real) if v <= value]
        assert found == pytest.approx(max(steps))
