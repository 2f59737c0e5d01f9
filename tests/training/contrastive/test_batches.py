from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histcode_training.contrastive.batches import n_batches, plan_epoch
from histcode_training.errors import RecipeError


@settings(max_examples=60)
@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=30),
    batch_size=st.integers(2, 24),
    min_slides=st.integers(1, 16),
    seed=st.integers(0, 99),
    weight=st.sampled_from([0.5, 1.0, 2.3]),
)
def test_batches_mix_slides_and_repeat_nothing(
    counts: list[int], batch_size: int, min_slides: int, seed: int, weight: float
) -> None:
    slide_of = np.repeat(np.arange(len(counts)), counts)
    if len(slide_of) < batch_size:
        return
    weights = np.full(len(slide_of), weight)
    plan = plan_epoch(slide_of, weights, batch_size=batch_size, min_slides=min_slides, seed=seed, epoch=1)
    assert plan.shape == (n_batches(weights, batch_size), batch_size)
    for batch in plan:
        assert len(set(batch.tolist())) == batch_size
        assert len(set(slide_of[batch].tolist())) >= min(min_slides, batch_size, len(counts))


def test_an_epoch_sees_every_tile_once() -> None:
    slide_of = np.repeat(np.arange(8), 16)
    plan = plan_epoch(slide_of, np.ones(128), batch_size=16, min_slides=8, seed=0, epoch=0)
    assert sorted(plan.ravel().tolist()) == list(range(128))
    other = plan_epoch(slide_of, np.ones(128), batch_size=16, min_slides=8, seed=0, epoch=1)
    again = plan_epoch(slide_of, np.ones(128), batch_size=16, min_slides=8, seed=0, epoch=0)
    assert not np.array_equal(plan, other)
    assert np.array_equal(plan, again)


def test_weights_are_how_often_tiles_are_seen() -> None:
    slide_of = np.repeat(np.arange(10), 100)
    weight = np.where(slide_of < 5, 0.5, 2.0)
    plan = plan_epoch(slide_of, weight, batch_size=50, min_slides=8, seed=0, epoch=0)
    seen = np.bincount(plan.ravel(), minlength=1000)
    assert seen[:500].mean() == pytest.approx(0.5, abs=0.1)
    assert seen[500:].mean() == pytest.approx(2.0, abs=0.1)


def test_fewer_tiles_than_a_batch_is_an_error() -> None:
    with pytest.raises(RecipeError, match="3 tiles, fewer than a batch of 4"):
        n_batches(np.ones(3), 4)
