from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from napari_histcode.comparison.association import (
    associate,
    correlation_draws,
    partial_spearman,
    pearson,
    spearman,
    spearman_draws,
)
from napari_histcode.comparison.resampling import draws_of


def case(seed: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = np.round(z + rng.normal(size=n), 1)
    return x, np.clip(np.round(x + z + rng.normal(size=n), 1), 0, 2), z


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 100))
def test_correlations_equal_scipys(seed: int, n: int) -> None:
    x, y, z = case(seed, n)
    if np.ptp(y) == 0:
        assert np.isnan(spearman(x, y))
        return
    assert pearson(x, y) == pytest.approx(stats.pearsonr(x, y)[0])
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y)[0])
    if max(abs(spearman(x, z)), abs(spearman(y, z))) > 0.999:
        return  # nothing is left
    # the partial correlation is that of what a linear fit on z leaves of the ranks
    ranks = [stats.rankdata(v) for v in (x, y, z)]
    rest = [r - np.polyval(np.polyfit(ranks[2], r, 1), ranks[2]) for r in ranks[:2]]
    assert partial_spearman(x, y, z) == pytest.approx(stats.pearsonr(*rest)[0], abs=1e-6)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_every_draw_is_what_scipy_says_of_the_drawn_tiles(seed: int) -> None:
    x, y, z = case(seed, 40)
    draws = draws_of(np.arange(40) % 8, n_resamples=5, seed=seed)
    for times, rho, r in zip(
        draws.times, spearman_draws(x, y, draws), correlation_draws(x, y, draws), strict=True
    ):
        tiles = np.repeat(np.arange(40), times[draws.block_of].astype(int))
        assert rho == pytest.approx(stats.spearmanr(x[tiles], y[tiles])[0])
        assert r == pytest.approx(stats.pearsonr(x[tiles], y[tiles])[0])
    found = associate(x, y, z, draws)
    assert found.n == 40
    assert found.spearman.value == pytest.approx(spearman(x, y))


def test_what_both_have_from_a_third_is_taken_out() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=3000)
    x, y = z + rng.normal(0, 0.5, 3000), z + rng.normal(0, 0.5, 3000)
    assert spearman(x, y) > 0.7
    assert abs(partial_spearman(x, y, z)) < 0.1
    assert partial_spearman(x, y, np.ones(3000)) == pytest.approx(spearman(x, y))


def test_constants_and_single_tiles_give_reasons() -> None:
    draws = draws_of(np.arange(4), n_resamples=5, seed=0)
    flat = associate(np.ones(4), np.arange(4.0), np.arange(4.0), draws)
    assert "same value" in flat.spearman.reason
    one = associate(np.ones(1), np.ones(1), np.ones(1), draws_of(np.zeros(1, int), n_resamples=5, seed=0))
    assert "two tiles" in one.partial_spearman.reason
    assert np.isnan(one.spearman.value)
