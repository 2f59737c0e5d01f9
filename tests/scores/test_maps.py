"""The identities that make the maps exact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.scores.maps import contribution, effective_number, leave_one_out


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def planted(n_tiles: int, seed: int) -> tuple[np.ndarray, ...]:
    """Attention logits, attention, single-tile outputs, outputs and bias of a random head."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, n_tiles)
    embeddings = rng.normal(size=(n_tiles, 6))
    weight, bias = rng.normal(size=(4, 6)), rng.normal(size=4)
    attention = softmax(logits)
    outputs = weight @ (attention @ embeddings) + bias
    return logits, attention, embeddings @ weight.T + bias, outputs, bias


@settings(deadline=None, max_examples=60)
@given(n_tiles=st.integers(1, 60), seed=st.integers(0, 1000))
def test_contributions_and_bias_add_up_to_the_prediction(n_tiles: int, seed: int) -> None:
    _, attention, single_tile, outputs, bias = planted(n_tiles, seed)
    total = contribution(attention, single_tile, bias).sum(axis=0) + bias
    assert np.allclose(total, outputs, atol=1e-4)


@settings(deadline=None, max_examples=60)
@given(n_tiles=st.integers(2, 30), seed=st.integers(0, 1000))
def test_leave_one_out_is_the_prediction_less_the_prediction_without_the_tile(
    n_tiles: int, seed: int
) -> None:
    logits, attention, single_tile, outputs, bias = planted(n_tiles, seed)
    change = leave_one_out(attention, single_tile, outputs, bias)
    for i in range(n_tiles):
        rest = np.delete(np.arange(n_tiles), i)
        without = softmax(logits[rest]) @ single_tile[rest]
        assert np.allclose(change[i], outputs - without, atol=1e-3)


def test_leaving_out_the_only_tile_leaves_the_bias() -> None:
    single_tile, bias = np.array([[2.0, -1.0]]), np.array([0.5, 0.25])
    change = leave_one_out(np.ones(1), single_tile, single_tile[0], bias)
    assert change.tolist() == [[1.5, -1.25]]


@pytest.mark.parametrize("n_tiles", [1, 7, 1000])
def test_effective_number_of_uniform_attention_is_the_number_of_tiles(n_tiles: int) -> None:
    assert effective_number(np.full(n_tiles, 1 / n_tiles)) == pytest.approx(n_tiles)
    assert effective_number(np.eye(n_tiles)[0]) == 1
