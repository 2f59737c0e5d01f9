from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.lesions import (
    FALSE_ALARMS,
    LesionCandidates,
    find_candidates,
    froc,
    froc_scores,
    local_maxima,
    match_lesions,
)
from napari_histcode.comparison.reference import TileReference
from tests.comparison.planted import COLUMNS, GRID, ROWS, reference_of, region

LATTICE = TileLattice(grid=GRID)


def values_with(peaks: dict[tuple[int, int], float]) -> np.ndarray:
    """Zero but for peaks at (column, row)."""
    values = np.zeros(len(GRID))
    for (column, row), value in peaks.items():
        values[row * COLUMNS + column] = value
    return values


def candidates_on(values: np.ndarray, reference: TileReference) -> LesionCandidates:
    return find_candidates(values, match_lesions(reference, LATTICE), reference, LATTICE)


def candidates_of(lesions: list[float], alarms: list[float]) -> LesionCandidates:
    return LesionCandidates(
        lesion_value=np.array(lesions, float),
        false_alarm_value=np.array(alarms, float),
        n_reachable=len(lesions),
        lesion_mm2=np.ones(len(lesions)),
    )


def test_lesions_are_connected_regions_and_candidates_are_peaks() -> None:
    reference = reference_of([region(1, 1, 3, 3), region(2, 2, 4, 4), region(8, 5, 10, 7)])
    found = candidates_on(values_with({(2, 2): 5, (9, 6): 3, (6, 0): 4, (11, 8): 1}), reference)
    assert sorted(found.lesion_value) == [3, 5]
    assert sorted(found.false_alarm_value) == [1, 4]
    assert sorted(found.lesion_mm2) == pytest.approx([4 * 0.224**2, 7 * 0.224**2])
    curve = froc([found])
    assert (curve.n_lesions, curve.n_found, curve.n_reachable) == (2, 2, 2)
    assert curve.sensitivity == (0.5, 0.5, 1, 1, 1, 1)
    assert curve.score == pytest.approx(5 / 6)


def test_a_small_lesion_is_found_by_the_tile_that_holds_it() -> None:
    in_a_corner, across = region(2.7, 2.7, 2.9, 2.9), region(6.9, 4.9, 7.1, 5.1)
    reference = reference_of([in_a_corner, across])
    found = candidates_on(values_with({(2, 2): 1, (6, 4): 1}), reference)
    assert sorted(found.lesion_value) == [-np.inf, 1]
    assert found.n_reachable == 1  # the other lies across four tiles
    assert len(found.false_alarm_value) == 0  # its tile is touched by a lesion


def test_a_plateau_is_one_candidate_in_its_middle() -> None:
    column, row = GRID.index.T
    values = ((column >= 3) & (column < 6) & (row >= 2) & (row < 5)).astype(float)
    values[(column == 11) & (row == 8)] = 2
    peaks = local_maxima(values, LATTICE)
    assert {tuple(GRID.index[k]) for k in peaks} >= {(4, 3), (11, 8)}
    assert len(peaks) == 2
    assert [tuple(GRID.index[k]) for k in local_maxima(np.ones(len(GRID)), LATTICE)] == [(5, 4)]
    assert len(local_maxima(np.full(len(GRID), np.nan), LATTICE)) == 0


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), n_slides=st.integers(1, 4))
def test_the_curve_is_that_of_trying_every_threshold(seed: int, n_slides: int) -> None:
    rng = np.random.default_rng(seed)
    slides = [
        candidates_of(
            list(np.where(rng.random(k) < 0.2, -np.inf, rng.integers(0, 20, k))),
            list(rng.integers(0, 20, 12)),
        )
        for k in rng.integers(0, 5, n_slides)
    ]
    curve = froc(slides)
    lesions = np.concatenate([slide.lesion_value for slide in slides])
    alarms = np.concatenate([slide.false_alarm_value for slide in slides])
    if not len(lesions):
        assert np.isnan(curve.score)
        assert curve.reason
        return
    expected = [
        max(
            [0.0]
            + [
                float((lesions >= t).mean())
                for t in np.arange(-1, 21)
                if (alarms >= t).sum() / n_slides <= rate
            ]
        )
        for rate in FALSE_ALARMS
    ]
    assert curve.sensitivity == pytest.approx(expected)
    assert curve.score == pytest.approx(np.mean(expected))
    times = rng.integers(0, 3, (5, n_slides)).astype(float)
    for row, score in zip(times, froc_scores(slides, times), strict=True):
        drawn = [slide for slide, n in zip(slides, row, strict=True) for _ in range(int(n))]
        assert score == pytest.approx(froc(drawn).score, nan_ok=True)


def test_a_slide_without_lesions_gives_only_false_alarms() -> None:
    assert np.isnan(froc([candidates_of([], [1, 2])]).score)
    with_lesion, without = candidates_of([5], []), candidates_of([], [9, 8, 7, 6])
    assert froc([with_lesion, without]).sensitivity == (0, 0, 0, 1, 1, 1)
    everywhere = reference_of([region(0, 0, COLUMNS, ROWS)])
    assert len(candidates_on(values_with({(3, 3): 1}), everywhere).false_alarm_value) == 0
