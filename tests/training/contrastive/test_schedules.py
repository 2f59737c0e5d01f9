from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from histcode_training.contrastive.ema import follow
from histcode_training.contrastive.schedules import half_cosine, learning_rate, warm_up

shares = st.floats(0, 1)


def test_half_cosine_begins_ends_and_halves() -> None:
    assert half_cosine(0, start=0.3, end=0.1) == pytest.approx(0.3)
    assert half_cosine(0.5, start=0.3, end=0.1) == pytest.approx(0.2)
    assert half_cosine(1, start=0.3, end=0.1) == pytest.approx(0.1)
    assert half_cosine(1.7, start=0.3, end=0.1) == pytest.approx(0.1)


@given(shares, shares)
def test_half_cosine_falls(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert half_cosine(low, start=1.0, end=0.0) >= half_cosine(high, start=1.0, end=0.0)


def test_warm_up_grows_to_one() -> None:
    assert [warm_up(step, 4) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert warm_up(0, 0) == 1


def test_learning_rate_is_both() -> None:
    assert learning_rate(0, 0.5, peak=0.2, final=0.0, warmup_steps=10) == pytest.approx(0.01)


def test_keys_follow_and_statistics_are_copied() -> None:
    keys, queries = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    queries.weight.data.fill_(3.0)
    queries.running_mean = torch.tensor([1.0, 2.0, 3.0])
    follow(keys, queries, 0.75)
    torch.testing.assert_close(keys.weight.data, torch.full((3,), 1.5))
    torch.testing.assert_close(keys.running_mean, queries.running_mean)
    follow(keys, queries, 0.0)
    torch.testing.assert_close(keys.weight, queries.weight)
