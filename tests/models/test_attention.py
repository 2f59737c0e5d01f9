from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_histcode.models.attention import GatedAttention, attention_weights


def gated_by_hand(attention, h):
    """The formula in numpy, tile by tile."""
    named = {name: value.double().numpy() for name, value in attention.state_dict().items()}
    logits = []
    for tile in h:
        content = np.tanh(named["content.weight"] @ tile + named["content.bias"])
        gate = 1 / (1 + np.exp(-(named["gate.weight"] @ tile + named["gate.bias"])))
        logits.append((named["score.weight"] @ (content * gate) + named["score.bias"])[0])
    return np.array(logits)


def test_logits_equal_the_formula():
    torch.manual_seed(0)
    attention = GatedAttention(6, 4).eval()
    h = np.random.default_rng(0).standard_normal((9, 6))
    got = attention(torch.tensor(h, dtype=torch.float32)).detach().numpy()
    np.testing.assert_allclose(got, gated_by_hand(attention, h), rtol=1e-5, atol=1e-6)


def test_weights_of_a_mask_are_those_of_the_bag_without_padding():
    logits = torch.randn(3, 7, generator=torch.Generator().manual_seed(0))
    mask = torch.arange(7) < torch.tensor([[7], [4], [1]])
    weights = attention_weights(logits, mask)
    for row, n in enumerate((7, 4, 1)):
        torch.testing.assert_close(weights[row, :n], torch.softmax(logits[row, :n], dim=0))
        assert torch.all(weights[row, n:] == 0)


@pytest.mark.parametrize("shift", [-1e4, 0.0, 1e4])
def test_a_constant_on_all_logits_changes_nothing(shift):
    logits = torch.tensor([0.0, 1.0, 2.0])
    torch.testing.assert_close(
        attention_weights(logits + shift), torch.softmax(logits, 0), rtol=1e-3, atol=1e-6
    )


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    attention = GatedAttention(6, 32, dropout=0.5)
    h = torch.randn(5, 6)
    assert not torch.equal(attention.train()(h), attention(h))
    assert torch.equal(attention.eval()(h), attention(h))
