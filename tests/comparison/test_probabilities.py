from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from napari_histcode.comparison.probabilities import calibrate, tile_probabilities
from napari_histcode.comparison.resampling import draws_of
from napari_histcode.scores.scores import Prediction
from tests.builders import make_map, make_scores

N = 20


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 200))
def test_calibration_equals_scikit_learns(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    p, y = rng.random(n), rng.random(n) < 0.5
    y[:2] = True, False
    found = calibrate(p, y, draws_of(np.arange(n), n_resamples=20, seed=seed))
    assert found.brier.value == pytest.approx(brier_score_loss(y, p))
    share, mean = calibration_curve(y, p, n_bins=10)
    filled = [b for b in found.bins if b.n_tiles]
    assert [b.positive_share for b in filled] == pytest.approx(share)
    assert [b.mean_probability for b in filled] == pytest.approx(mean)
    expected = sum(b.n_tiles * abs(b.positive_share - b.mean_probability) for b in filled) / n
    assert found.ece.value == pytest.approx(expected)
    assert found.brier.low <= found.brier.value * 1.5


def test_honest_probabilities_are_calibrated_and_certain_wrong_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(40_000)
    draws = draws_of(np.arange(len(p)) % 50, n_resamples=50, seed=0)
    assert calibrate(p, rng.random(len(p)) < p, draws).ece.value < 0.02
    wrong = calibrate(
        np.array([1.0, 0, 1, 0]),
        np.array([False, True, False, True]),
        draws_of(np.arange(4), n_resamples=5, seed=0),
    )
    assert (wrong.brier.value, wrong.ece.value) == (1, 1)
    assert sum(b.n_tiles for b in wrong.bins) == 4


def scores_with(values: dict[str, np.ndarray], raw: list[float], predicted: list[float]) -> object:
    maps = [
        make_map(f"tissue.{name}.single_tile", value, is_signed=True, quantity="log-odds")
        for name, value in values.items()
    ]
    maps.append(make_map("tissue.attention", np.full(N, 1 / N)))
    base = make_scores(maps=maps)
    predictions = tuple(
        Prediction(head="tissue", output=name, label=name, value=p, raw=r, quantity="probability")
        for name, r, p in zip(values, raw, predicted, strict=True)
    )
    return type(base)(**{**vars(base), "predictions": predictions})


def test_the_activation_of_a_head_is_that_of_its_predictions() -> None:
    rng = np.random.default_rng(1)
    values = {"a": rng.normal(size=N), "b": rng.normal(size=N)}
    sigmoid = scores_with(values, [1.0, -2.0], [1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(2.0))])
    found = tile_probabilities(sigmoid, sigmoid.maps[0])
    assert found == pytest.approx(1 / (1 + np.exp(-np.float32(values["a"]))), rel=1e-6)
    e = np.exp([1.0, -2.0])
    softmax = scores_with(values, [1.0, -2.0], list(e / e.sum()))
    a, b = (tile_probabilities(softmax, tile_map) for tile_map in softmax.maps[:2])
    assert a + b == pytest.approx(np.ones(N))
    assert tile_probabilities(softmax, softmax.maps[2]) is None  # attention
    strange = scores_with(values, [1.0, -2.0], [0.1, 0.2])
    assert tile_probabilities(strange, strange.maps[0]) is None
