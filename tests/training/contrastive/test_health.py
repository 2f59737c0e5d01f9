from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from histcode_training.contrastive.health import (
    effective_rank,
    measure_health,
    neighbour_purity,
    sphere_spread,
)


def test_effective_rank_of_known_spectra() -> None:
    assert effective_rank(torch.eye(5)) == pytest.approx(5)
    assert effective_rank(torch.ones(7, 3)) == pytest.approx(1)
    assert effective_rank(torch.zeros(7, 3)) == 0
    assert math.isnan(effective_rank(torch.full((7, 3), torch.nan)))
    two = torch.tensor([[3.0, 0.0], [0.0, 1.0], [0.0, 0.0]])  # shares 3/4 and 1/4
    assert effective_rank(two) == pytest.approx(4 / 3**0.75)
    assert effective_rank(two.T) == pytest.approx(4 / 3**0.75)


def test_spread_is_one_over_the_sphere_and_zero_in_a_point() -> None:
    over = functional.normalize(torch.randn(4000, 16, generator=torch.Generator().manual_seed(0)), dim=1)
    assert sphere_spread(over) == pytest.approx(1, abs=0.02)
    assert sphere_spread(over[:1].repeat(9, 1)) == pytest.approx(0, abs=1e-6)


def test_purity_and_its_chance() -> None:
    slide_of = torch.tensor([0, 0, 1, 1, 1])
    apart = functional.one_hot(slide_of).float() + 0.01 * torch.eye(5)[:, :2]
    purity, chance = neighbour_purity(apart, slide_of)
    assert purity == 1
    assert chance == pytest.approx((1 + 1 + 2 + 2 + 2) / 5 / 4)


def test_signals_of_a_perfect_and_of_a_beaten_network() -> None:
    q = torch.eye(4)
    features, slide_of = torch.randn(4, 6, generator=torch.Generator().manual_seed(0)), torch.arange(4)
    good = measure_health(q, q, -q[:, :2], features, slide_of, temperature=0.1)
    assert good.ranked_first == 1
    assert good.hardest_negative == pytest.approx(0)
    assert good.negative_mass < 1e-3
    assert good.bank_rank == pytest.approx(2)
    beaten = measure_health(q, -q, q, features, slide_of, temperature=0.1)
    assert beaten.ranked_first == 0
    assert beaten.hardest_negative == pytest.approx(1)
    assert beaten.negative_mass > 0.99
    alone = measure_health(q, q, torch.zeros(4, 0), features, slide_of, temperature=0.1)
    assert alone.negative_mass == 0
    assert alone.hardest_negative == 0
