from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from histcode_training.contrastive.bank_gradient import bank_gradient
from histcode_training.contrastive.config import NegativesConfig
from histcode_training.contrastive.negatives import AdversarialBank, NoBank, QueueBank, make_negatives
from histcode_training.contrastive.ranks import Ranks

CPU, ALONE, C = torch.device("cpu"), Ranks(), 4


def rows(n: int, seed: int) -> torch.Tensor:
    return functional.normalize(torch.randn(n, C, generator=torch.Generator().manual_seed(seed)), dim=1)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 12))
def test_queue_holds_the_last_keys(lengths: list[int], size: int) -> None:
    queue = QueueBank(C, NegativesConfig(kind="queue", size=size), CPU)
    pushed = []
    for seed, n in enumerate(lengths):
        keys = rows(n, seed)
        queue.push(keys)
        pushed.append(keys)
    last = torch.cat(pushed)[-size:]
    held = queue.columns().T
    assert {tuple(row) for row in held.tolist()} == {tuple(row) for row in last.tolist()}
    assert queue.is_full == (sum(lengths) >= size)


def test_bank_is_filled_with_keys_and_then_ascends() -> None:
    config = NegativesConfig(size=10, warmup_steps=2, learning_rate=0.5, momentum=0.0, weight_decay=0.0)
    bank = AdversarialBank(C, config, CPU)
    assert bank.columns().shape == (C, 0)
    bank.update([(rows(6, 0), rows(6, 1))], ALONE)
    assert not bank.is_full
    assert bank.rate == 0
    bank.update([(rows(6, 2), rows(6, 3))], ALONE)
    assert bank.is_full
    keys = torch.cat([rows(6, 1), rows(6, 3)])[:10]
    torch.testing.assert_close(bank.columns(), keys.T)
    q, k = rows(6, 4), rows(6, 5)
    assert bank.rate == 0.25
    bank.update([(q, k), (k, q)], ALONE)
    gradient = (bank_gradient(q, k, keys.T, 0.02) + bank_gradient(k, q, keys.T, 0.02)) / 2
    torch.testing.assert_close(bank.state()["bank"], keys.T + 0.25 * gradient)
    assert bank.rate == 0.5
    torch.testing.assert_close(bank.columns().norm(dim=0), torch.ones(10))


def test_the_turn_of_the_bank_is_that_of_its_columns() -> None:
    config = NegativesConfig(
        size=6, warmup_steps=0, learning_rate=0.01, momentum=0.9, weight_decay=1e-4, temperature=0.2
    )
    bank = AdversarialBank(C, config, CPU)
    bank.update([(rows(6, 0), rows(6, 1))], ALONE)
    assert bank.turn == 0
    for seed in range(3):
        before = bank.columns().clone()
        bank.update([(rows(6, seed + 2), rows(6, seed + 9))], ALONE)
    angles = (before * bank.columns()).sum(dim=0).clamp(-1, 1).arccos()
    assert bank.turn > 1e-4
    assert abs(bank.turn / float(angles.mean()) - 1) < 0.02


def test_state_restores_every_strategy() -> None:
    for kind in ("adversarial", "queue", "none"):
        config = NegativesConfig(kind=kind, size=8)
        one, other = make_negatives(config, C, CPU), make_negatives(config, C, CPU)
        for seed in range(3):
            one.update([(rows(6, seed), rows(6, seed + 9))], ALONE)
        other.restore({name: value.clone() for name, value in one.state().items()})
        assert torch.equal(one.columns(), other.columns())
        assert one.rate == other.rate
        assert one.is_full == other.is_full


def test_simclr_has_no_bank_and_both_views_learn() -> None:
    simclr = NoBank(C, CPU)
    left, right = rows(5, 0).requires_grad_(), rows(5, 1).requires_grad_()
    simclr.loss([(left, right)], 0.5, ALONE).backward()
    assert simclr.columns().shape == (C, 0)
    assert left.grad is not None
    assert right.grad is not None
