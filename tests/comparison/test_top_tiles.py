from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.resampling import draw_blocks
from napari_histcode.comparison.top_tiles import attention_mass, play_pointing_game, top_precision
from tests.comparison.planted import GRID, ROWS, reference_of, region

LATTICE = TileLattice(grid=GRID)
REFERENCE = reference_of([region(0, 0, 4, ROWS)])


def peak_at(column: int, row: int) -> np.ndarray:
    return ((GRID.index[:, 0] == column) & (GRID.index[:, 1] == row)).astype(float)


@pytest.mark.parametrize(("column", "hit"), [(0, (1, 1)), (3, (1, 1)), (4, (0, 1)), (5, (0, 0))])
def test_the_pointing_game_forgives_one_tile(column: int, hit: tuple[int, int]) -> None:
    game = play_pointing_game(peak_at(column, 3), REFERENCE, LATTICE, seed=0)
    assert (game.is_hit, game.is_near_hit) == hit
    assert game.n_tied == 1


def test_ties_are_broken_at_random_by_the_seed() -> None:
    flat = np.ones(len(GRID))
    hits = [play_pointing_game(flat, REFERENCE, LATTICE, seed=seed).is_hit for seed in range(300)]
    assert np.mean(hits) == pytest.approx(1 / 3, abs=0.1)
    assert play_pointing_game(flat, REFERENCE, LATTICE, seed=5) == play_pointing_game(
        flat, REFERENCE, LATTICE, seed=5
    )
    tops = [top_precision(flat, REFERENCE.is_positive, seed=seed)[2].precision for seed in range(200)]
    assert np.mean(tops) == pytest.approx(1 / 3, abs=0.06)


def test_tiles_nobody_looked_at_are_not_pointed_at() -> None:
    restricted = reference_of([region(0, 0, 2, ROWS), region(2, 0, 4, ROWS, "Stroma")], is_exhaustive=False)
    values = GRID.index[:, 0].astype(float)
    game = play_pointing_game(values, restricted, LATTICE, seed=0)
    assert GRID.index[game.tile, 0] == 3
    nothing = play_pointing_game(values, reference_of([]), LATTICE, seed=0)
    assert np.isnan(nothing.is_hit)
    assert nothing.reason == "no tile is positive"


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 300))
def test_top_precision_is_the_mean_of_the_best(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    scores, is_positive = rng.permutation(n).astype(float), rng.random(n) < 0.4
    best = is_positive[np.argsort(-scores)]
    for top in top_precision(scores, is_positive, counts=(1, 5, 10)):
        if top.k > n:
            assert np.isnan(top.precision)
            assert str(n) in top.reason
        else:
            assert top.precision == pytest.approx(best[: top.k].mean())
    assert top.k == max(1, round(0.01 * n))
    assert top.name == "1 %"


def test_mass_of_a_planted_map() -> None:
    draws = draw_blocks(GRID, REFERENCE.counts, block_um=500, n_resamples=200, seed=0)
    inside = GRID.index[:, 0] < 4
    values = np.where(inside, 3.0, 1.0) / (36 * 3 + 72)
    mass = attention_mass(values, REFERENCE.is_positive, REFERENCE.counts, draws)
    assert mass.inside.value == pytest.approx(108 / 180)
    assert mass.enrichment.value == pytest.approx(108 / 180 * 3)
    assert mass.counted_share == pytest.approx(1)
    assert mass.enrichment.low <= mass.enrichment.value <= mass.enrichment.high
    flat = attention_mass(np.ones(len(GRID)), REFERENCE.is_positive, REFERENCE.counts, draws)
    assert flat.enrichment.value == pytest.approx(1)
    scaled = attention_mass(values * 7, REFERENCE.is_positive, REFERENCE.counts, draws)
    assert scaled.enrichment.value == pytest.approx(mass.enrichment.value)


def test_mass_is_refused_or_explained_where_it_means_nothing() -> None:
    draws = draw_blocks(GRID, REFERENCE.counts, block_um=500, n_resamples=5, seed=0)
    with pytest.raises(ValueError, match="negative"):
        attention_mass(-np.ones(len(GRID)), REFERENCE.is_positive, REFERENCE.counts, draws)
    zero = attention_mass(np.zeros(len(GRID)), REFERENCE.is_positive, REFERENCE.counts, draws)
    assert "zero" in zero.inside.reason
