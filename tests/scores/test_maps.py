"""The identities that make the maps exact, for every sort of head."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.models.explanation import HeadExplanation, pool_tiles
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.maps import contribution, effective_number, leave_one_out
from napari_histcode.scores.score import scores_of
from tests.scores.small_model import HEADS, small_bag, small_model

quick = settings(deadline=None, max_examples=40)


def planted(n_tiles: int, seed: int, spread: float = 2) -> HeadExplanation:
    """The answer of a random head whose attention logits spread so much."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, n_tiles).astype(np.float32)
    single_tile = rng.normal(size=(n_tiles, 4)).astype(np.float32)
    return pool_tiles(logits, single_tile, rng.normal(size=4).astype(np.float32))


def without(parts: HeadExplanation, tile: int) -> np.ndarray:
    """Outputs of the bag without a tile, in float64 and by the textbook."""
    rest = np.delete(np.arange(len(parts.attention)), tile)
    if not len(rest):
        return parts.bias.astype(np.float64)
    logits = parts.attention_logits[rest].astype(np.float64)
    weights = np.exp(logits - logits.max())
    return weights @ parts.single_tile[rest].astype(np.float64) / weights.sum()


@quick
@given(n_tiles=st.integers(1, 60), seed=st.integers(0, 1000), spread=st.sampled_from([0, 2, 50]))
def test_contributions_and_bias_add_up_to_the_outputs(n_tiles: int, seed: int, spread: float) -> None:
    parts = planted(n_tiles, seed, spread)
    total = contribution(parts.attention, parts.single_tile, parts.bias).sum(axis=0) + parts.bias
    assert np.allclose(total, parts.outputs, atol=1e-4)


@quick
@given(n_tiles=st.integers(1, 30), seed=st.integers(0, 1000), spread=st.sampled_from([0, 2, 10, 50, 300]))
def test_leave_one_out_is_the_output_less_the_output_without_the_tile(
    n_tiles: int, seed: int, spread: float
) -> None:
    parts = planted(n_tiles, seed, spread)
    change = leave_one_out(parts)
    for i in range(n_tiles):
        assert np.allclose(change[i], parts.outputs - without(parts, i), atol=1e-5)


def test_leaving_out_the_only_tile_leaves_the_bias() -> None:
    bias = np.array([0.5, 0.25], np.float32)
    parts = pool_tiles(np.zeros(1, np.float32), np.array([[2.0, -1.0]], np.float32), bias)
    assert leave_one_out(parts).tolist() == [[1.5, -1.25]]


def test_an_empty_bag_says_the_bias() -> None:
    bias = np.array([0.5, 0.25], np.float32)
    parts = pool_tiles(np.zeros(0, np.float32), np.zeros((0, 2), np.float32), bias)
    assert parts.outputs.tolist() == bias.tolist()
    assert leave_one_out(parts).shape == (0, 2)
    assert effective_number(parts.attention) == 0


@quick
@given(n_tiles=st.integers(1, 80), seed=st.integers(0, 1000))
@pytest.mark.parametrize("head", HEADS)
def test_identities_hold_for_every_sort_of_head(head: str, n_tiles: int, seed: int) -> None:
    model, bag = small_model(), small_bag(n_tiles, seed)
    explained = explain_bag(bag, model).head(head)
    scores = scores_of(explain_bag(bag, model))
    attention = scores.map(f"{head}.attention").values
    assert attention.min() >= 0
    assert attention.sum() == pytest.approx(1, abs=1e-5)
    predictions = [p for p in scores.predictions if p.head == head]
    tile = seed % n_tiles
    rest = np.delete(np.arange(n_tiles), tile)
    less = model.head(head).explain(bag.features[rest]).outputs if n_tiles > 1 else explained.parts.bias
    for column, prediction in enumerate(predictions):
        name = f"{head}.{prediction.output}"
        total = scores.map(f"{name}.contribution").values.sum() + explained.parts.bias[column]
        assert total == pytest.approx(prediction.raw, abs=1e-4)
        single = scores.map(f"{name}.single_tile").values
        alone = model.head(head).explain(bag.features[[tile]]).outputs[column]
        assert single[tile] == pytest.approx(alone, abs=1e-5)
        change = scores.map(f"{name}.leave_one_out").values[tile]
        assert change == pytest.approx(prediction.raw - less[column], abs=1e-4)


@quick
@given(n_tiles=st.integers(2, 60), seed=st.integers(0, 1000))
def test_the_order_of_tiles_changes_nothing(n_tiles: int, seed: int) -> None:
    model, bag = small_model(), small_bag(n_tiles, seed)
    order = np.random.default_rng(seed).permutation(n_tiles)
    straight = explain_bag(bag, model)
    shuffled = scores_of(straight.select(order))
    first = scores_of(straight)
    assert np.allclose([p.raw for p in first.predictions], [p.raw for p in shuffled.predictions], atol=1e-5)
    for tile_map in first.maps:
        assert np.allclose(tile_map.values[order], shuffled.map(tile_map.name).values, atol=1e-5)


@pytest.mark.parametrize("n_tiles", [1, 7, 1000])
def test_effective_number_of_uniform_attention_is_the_number_of_tiles(n_tiles: int) -> None:
    assert effective_number(np.full(n_tiles, 1 / n_tiles)) == pytest.approx(n_tiles)
    assert effective_number(np.eye(n_tiles)[0]) == 1
