from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from histcode_training.contrastive.bank_gradient import ascend, bank_gradient
from histcode_training.contrastive.loss import info_nce, nt_xent, unit

N, C, K = 6, 5, 9


def rows(n: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.randn(n, C, generator=generator, dtype=torch.float64), dim=1)


def bank(seed: int = 3) -> torch.Tensor:
    return torch.randn(C, K, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_info_nce_is_the_formula() -> None:
    q, k, d = rows(N, 0), rows(N, 1), functional.normalize(bank(), dim=0)
    total = 0.0
    for i in range(N):
        keys = sum(math.exp(float(q[i] @ k[m]) / 0.12) for m in range(N))
        negatives = sum(math.exp(float(q[i] @ d[:, j]) / 0.12) for j in range(K))
        total -= math.log(math.exp(float(q[i] @ k[i]) / 0.12) / (keys + negatives)) / N
    assert float(info_nce(q, k, d, 0.12)) == pytest.approx(total, abs=1e-12)


def test_losses_of_parts_add_up() -> None:
    q, k, d = rows(N, 0), rows(N, 1), functional.normalize(bank(), dim=0)
    parts = info_nce(q[:2], k, d, 0.1) + info_nce(q[2:], k, d, 0.1, first=2)
    assert float(parts) == pytest.approx(float(info_nce(q, k, d, 0.1)), abs=1e-12)


def test_nt_xent_is_the_formula() -> None:
    left, right = rows(N, 0), rows(N, 1)
    z = torch.cat([left, right])
    total = 0.0
    for i in range(2 * N):
        rest = sum(math.exp(float(z[i] @ z[m]) / 0.5) for m in range(2 * N) if m != i)
        total -= math.log(math.exp(float(z[i] @ z[(i + N) % (2 * N)]) / 0.5) / rest) / (2 * N)
    assert float(nt_xent(left, right, 0.5)) == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("is_symmetric", [False, True])
def test_closed_form_is_the_gradient_of_autograd(is_symmetric: bool) -> None:
    pairs = [(rows(N, 0), rows(N, 1))]
    if is_symmetric:
        pairs.append((rows(N, 5), rows(N, 6)))
    w = bank().requires_grad_()
    loss = torch.stack([info_nce(q, k, functional.normalize(w, dim=0), 0.02) for q, k in pairs]).mean()
    loss.backward()
    closed = torch.stack([bank_gradient(q, k, w.detach(), 0.02) for q, k in pairs]).mean(dim=0)
    assert w.grad is not None
    assert float((closed - w.grad).abs().max()) < 1e-12
    assert float(closed.abs().max()) > 1e-3


def test_bank_gradients_of_parts_add_up() -> None:
    q, k, w = rows(N, 0), rows(N, 1), bank()
    parts = bank_gradient(q[:4], k, w, 0.02) + bank_gradient(q[4:], k, w, 0.02)
    torch.testing.assert_close(parts, bank_gradient(q, k, w, 0.02), atol=1e-13, rtol=0)


def test_bank_ascends_with_momentum_and_decay() -> None:
    w, v, g = bank(), bank(7), bank(8)
    velocity = 0.9 * v - g + 0.01 * w
    wanted = w - 2.0 * velocity
    ascend(w, v, g, learning_rate=2.0, momentum=0.9, weight_decay=0.01)
    torch.testing.assert_close(v, velocity)
    torch.testing.assert_close(w, wanted)


def test_a_step_of_the_bank_makes_the_loss_worse() -> None:
    q, k, w = rows(N, 0), rows(N, 1), bank()
    before = info_nce(q, k, functional.normalize(w, dim=0), 0.02)
    ascend(
        w,
        torch.zeros_like(w),
        bank_gradient(q, k, w, 0.02),
        learning_rate=0.01,
        momentum=0.9,
        weight_decay=0.0,
    )
    assert info_nce(q, k, functional.normalize(w, dim=0), 0.02) > before


def test_unit_rows_are_float32_of_length_1() -> None:
    found = unit(torch.randn(3, 4).bfloat16())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
