from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.features.bag import FeatureBag
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.score import score_bag
from napari_histcode.scores.what_if import what_if
from tests.scores.small_model import small_bag, small_model


@settings(deadline=None, max_examples=40)
@given(n_tiles=st.integers(1, 60), seed=st.integers(0, 1000), share=st.floats(0.02, 1))
@pytest.mark.parametrize("sharpness", [4.0, 500.0])
def test_the_answer_is_that_of_a_bag_of_the_kept_tiles(
    sharpness: float, n_tiles: int, seed: int, share: float
) -> None:
    model, bag = small_model(sharpness), small_bag(n_tiles, seed)
    is_kept = np.random.default_rng(seed).random(n_tiles) < share
    is_kept[seed % n_tiles] = True
    found = what_if(explain_bag(bag, model), is_kept)
    rest = FeatureBag(features=bag.features[is_kept], grid=bag.grid.select(is_kept), encoder=bag.encoder)
    expected, whole = score_bag(rest, model), score_bag(bag, model)
    assert found.n_kept == len(rest)
    assert len(found.scores.grid) == n_tiles
    assert found.scores.map_names == expected.map_names
    for tile_map in expected.maps:
        values = found.scores.map(tile_map.name).values
        assert np.isnan(values[~is_kept]).all()
        np.testing.assert_allclose(values[is_kept], tile_map.values, rtol=1e-5, atol=1e-5)
    for change, before, after in zip(found.changes, whole.predictions, expected.predictions, strict=True):
        assert change.before == before
        assert change.after.raw == pytest.approx(after.raw, abs=1e-5)
        assert change.difference == pytest.approx(after.value - before.value, abs=1e-5)
        assert change.raw_difference == pytest.approx(after.raw - before.raw, abs=1e-5)
    for head, number in expected.effective_tiles.items():
        assert found.scores.effective_tiles[head] == pytest.approx(number, rel=1e-4)


def test_nothing_left_out_changes_nothing() -> None:
    found = what_if(explain_bag(small_bag(25), small_model()), np.ones(25, bool))
    assert [change.difference for change in found.changes] == [0] * 8
    assert not found.is_empty


def test_everything_left_out_is_an_empty_bag() -> None:
    model = small_model()
    explanation = explain_bag(small_bag(25), model)
    found = what_if(explanation, np.zeros(25, bool))
    assert found.is_empty
    bias = np.concatenate([head.parts.bias for head in explanation.heads])
    assert [p.raw for p in found.scores.predictions] == pytest.approx(bias)
    assert all(np.isnan(tile_map.values).all() for tile_map in found.scores.maps)
    assert set(found.scores.effective_tiles.values()) == {0.0}


def test_only_the_maps_that_are_looked_at_are_computed() -> None:
    explanation = explain_bag(small_bag(25), small_model())
    is_kept = np.arange(25) < 20
    assert what_if(explanation, is_kept, maps=()).scores.maps == ()
    one = what_if(explanation, is_kept, maps=["tissue.attention"])
    assert one.scores.map_names == ("tissue.attention",)
    assert one.changes == what_if(explanation, is_kept).changes


@pytest.mark.parametrize("is_kept", [np.ones(24, bool), np.ones(25, int), np.ones((25, 1), bool)])
def test_what_is_no_mask_of_the_tiles_is_refused(is_kept: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one boolean for each of 25 tiles"):
        what_if(explain_bag(small_bag(25), small_model()), is_kept)


def test_fifty_thousand_tiles_answer_while_somebody_draws() -> None:
    explanation = explain_bag(small_bag(50_000), small_model())
    is_kept = np.random.default_rng(0).random(50_000) < 0.9
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        what_if(explanation, is_kept)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.1  # four heads, 28 maps
