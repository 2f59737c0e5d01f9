from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.subsets import ask_again, ask_sums, count_of_share, make_cuts
from tests.scores.small_model import HEADS, small_bag, small_model
from tests.scores.test_maps import planted

quick = settings(deadline=None, max_examples=30)


@quick
@given(
    n_tiles=st.integers(1, 500), n_steps=st.integers(1, 120), share=st.floats(0.001, 0.999, exclude_max=True)
)
def test_cuts_rise_from_none_to_all_and_lie_symmetrically(n_tiles: int, n_steps: int, share: float) -> None:
    cuts = make_cuts(n_tiles, n_steps, [share])
    assert cuts[0] == 0
    assert cuts[-1] == n_tiles
    assert (np.diff(cuts) > 0).all()
    np.testing.assert_array_equal(cuts, n_tiles - cuts[::-1])
    assert count_of_share(n_tiles, share) in cuts
    assert np.diff(cuts).max() <= -(-n_tiles // n_steps) + 1


@quick
@given(n_tiles=st.integers(1, 40), seed=st.integers(0, 1000))
@pytest.mark.parametrize("head", HEADS)
def test_sums_give_what_running_the_head_on_each_subset_of_features_gives(
    head: str, n_tiles: int, seed: int
) -> None:
    model, bag = small_model(), small_bag(n_tiles, seed)
    network, parts = model.head(head), explain_bag(bag, model).head(head).parts
    random = np.random.default_rng(seed)
    orders = [random.permutation(n_tiles) for _ in range(3)]
    cuts = make_cuts(n_tiles, 10)
    fast = ask_sums(parts)(orders, cuts)
    slow = ask_again(lambda tiles: network.explain(bag.features[tiles]).outputs, parts.bias)(orders, cuts)
    np.testing.assert_allclose(fast.first, slow.first, atol=2e-5)
    np.testing.assert_allclose(fast.rest, slow.rest, atol=2e-5)
    some = ask_sums(parts, [parts.single_tile.shape[1] - 1])(orders, cuts)
    np.testing.assert_array_equal(some.first, fast.first[..., -1:])


@quick
@given(n_tiles=st.integers(2, 40), seed=st.integers(0, 1000), spread=st.sampled_from([1, 100, 2000]))
def test_neither_a_dominant_tile_nor_its_loss_costs_digits(n_tiles: int, seed: int, spread: float) -> None:
    parts = planted(n_tiles, seed, spread)
    order = np.argsort(-parts.attention_logits)
    cuts = np.arange(n_tiles + 1)
    found = ask_sums(parts)([order], cuts)
    for cut in range(n_tiles):
        rest = order[cut:]
        logits = parts.attention_logits[rest].astype(np.float64)
        weights = np.exp(logits - logits.max())
        expected = weights @ parts.single_tile[rest].astype(np.float64) / weights.sum()
        np.testing.assert_allclose(found.rest[0, cut], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(found.rest[0, -1], parts.bias)
    np.testing.assert_array_equal(found.first[0, 0], parts.bias)
