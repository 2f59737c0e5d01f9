from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from napari_histcode.errors import ModelMismatchError, NoTilesError
from napari_histcode.models import heads
from napari_histcode.models.heads import AttentionHead, Head, activate, build_head
from tests.models.synthetic import make_features, make_head, make_head_record

DIM = 12
small = settings(max_examples=25, deadline=None)


def make_module(pooling="gated_attention", n_outputs=3, seed=0, **changes):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return AttentionHead(DIM, n_outputs, hidden_dim=8, attention_dim=5, pooling=pooling, **changes).eval()


def head_by_hand(module, x):
    """y, a and the tiles' own outputs in float64 numpy, as the method says."""
    w = {name: value.double().numpy() for name, value in module.state_dict().items()}
    h = np.maximum(x @ w["embed.weight"].T + w["embed.bias"], 0)
    if module.attention is None:
        a = np.full(len(x), 1 / len(x))
    else:
        content = np.tanh(h @ w["attention.content.weight"].T + w["attention.content.bias"])
        gate = special.expit(h @ w["attention.gate.weight"].T + w["attention.gate.bias"])
        a = special.softmax((content * gate) @ w["attention.score.weight"][0] + w["attention.score.bias"])
    z = a @ h
    return w["output.weight"] @ z + w["output.bias"], a, h @ w["output.weight"].T + w["output.bias"]


@pytest.mark.parametrize("pooling", ["gated_attention", "mean"])
@pytest.mark.parametrize("n_tiles", [1, 2, 50])
def test_head_equals_the_formula(pooling, n_tiles):
    module, x = make_module(pooling), make_features(n_tiles, DIM)
    outputs, attention, single = head_by_hand(module, x.astype(np.float64))
    explained = module.explain(x)
    np.testing.assert_allclose(explained.outputs, outputs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(explained.attention, attention, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(explained.single_tile, single, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(explained.bias, module.output.bias.detach().numpy())
    forward = module(torch.tensor(x)).outputs.detach().numpy()
    np.testing.assert_allclose(forward, outputs, rtol=1e-5, atol=1e-6)


def test_explanation_is_float32_and_read_only():
    explained = make_module().explain(make_features(6, DIM))
    shapes = {
        "attention_logits": (6,),
        "attention": (6,),
        "single_tile": (6, 3),
        "outputs": (3,),
        "bias": (3,),
    }
    for name, shape in shapes.items():
        array = getattr(explained, name)
        assert array.shape == shape
        assert array.dtype == np.float32
        assert not array.flags.writeable


@small
@given(n=st.integers(1, 300), seed=st.integers(0, 99), scale=st.sampled_from([0.01, 1.0, 100.0]))
def test_attention_is_a_distribution(n, seed, scale):
    explained = make_module().explain(scale * make_features(n, DIM, seed))
    assert explained.attention.min() >= 0
    assert abs(explained.attention.sum(dtype=np.float64) - 1) < 1e-6


@small
@given(n=st.integers(2, 60), seed=st.integers(0, 99))
def test_the_order_of_tiles_means_nothing(n, seed):
    module, x = make_module(), make_features(n, DIM, seed)
    order = np.random.default_rng(seed).permutation(n)
    straight, shuffled = module.explain(x), module.explain(x[order])
    np.testing.assert_allclose(shuffled.outputs, straight.outputs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(shuffled.attention, straight.attention[order], rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(shuffled.single_tile, straight.single_tile[order], rtol=1e-5, atol=1e-5)


@settings(max_examples=8, deadline=None)
@given(sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5), seed=st.integers(0, 99))
@pytest.mark.parametrize("pooling", ["gated_attention", "mean"])
@pytest.mark.parametrize("padding", [0.0, 1e6, np.inf, np.nan])
def test_a_padded_bag_scores_like_the_unpadded_one(pooling, padding, sizes, seed):
    module = make_module(pooling)
    bags = [make_features(n, DIM, seed + i) for i, n in enumerate(sizes)]
    batch = np.full((len(bags), max(sizes) + 2, DIM), padding, np.float32)
    mask = np.zeros(batch.shape[:2], bool)
    for row, bag in enumerate(bags):
        batch[row, : len(bag)], mask[row, : len(bag)] = bag, True
    outputs = module(torch.from_numpy(batch), torch.from_numpy(mask)).outputs
    for row, bag in enumerate(bags):
        torch.testing.assert_close(outputs[row], module(torch.from_numpy(bag)).outputs, rtol=1e-5, atol=1e-6)


def test_chunks_join_without_a_seam(monkeypatch):
    module, x = make_module(), make_features(50, DIM)
    whole = module.explain(x)
    monkeypatch.setattr(heads, "CHUNK_TILES", 7)
    parts = module.explain(x)
    for name in ("attention_logits", "attention", "single_tile", "outputs"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-5, atol=1e-6)


def test_contributions_and_bias_add_up_to_the_outputs():
    explained = make_module().explain(make_features(40, DIM))
    contribution = explained.attention[:, None] * (explained.single_tile - explained.bias)
    np.testing.assert_allclose(contribution.sum(axis=0) + explained.bias, explained.outputs, atol=1e-6)


def test_leave_one_out_in_closed_form_is_the_bag_without_the_tile():
    module, x = make_module(), make_features(20, DIM)
    whole = module.explain(x)
    a = whole.attention[:, None]
    closed = a / (1 - a) * (whole.single_tile - whole.outputs)
    for i in range(len(x)):
        without = module.explain(np.delete(x, i, axis=0))
        np.testing.assert_allclose(closed[i], whole.outputs - without.outputs, atol=1e-5)


def test_one_tile_is_its_own_slide():
    explained = make_module().explain(make_features(1, DIM))
    assert explained.attention.tolist() == [1.0]
    np.testing.assert_allclose(explained.single_tile[0], explained.outputs, rtol=1e-6)


def test_mean_pooling_weighs_all_alike():
    explained = make_module("mean").explain(make_features(8, DIM))
    np.testing.assert_allclose(explained.attention, 1 / 8)
    assert not explained.attention_logits.any()


def test_features_of_half_precision_and_of_any_layout_are_taken():
    module, x = make_module(), make_features(10, DIM).astype(np.float16)
    expected = module.explain(x.astype(np.float32)).outputs
    np.testing.assert_array_equal(module.explain(x).outputs, expected)
    np.testing.assert_array_equal(module.explain(np.asfortranarray(x)).outputs, expected)
    x.flags.writeable = False
    np.testing.assert_array_equal(module.explain(x).outputs, expected)


def test_explaining_leaves_training_as_it_was():
    module = make_module(dropout=0.5, feature_dropout=0.5).train()
    x = make_features(10, DIM)
    np.testing.assert_array_equal(module.explain(x).outputs, module.explain(x).outputs)
    assert module.training


def test_dropout_and_gradients_in_training():
    module = make_module(dropout=0.3, feature_dropout=0.3).train()
    x = torch.from_numpy(make_features(30, DIM))
    first, second = module(x).outputs, module(x).outputs
    assert not torch.equal(first, second)
    first.sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())


@pytest.mark.parametrize("shape", [(0, DIM), (2, 0, DIM)])
def test_an_empty_bag_is_refused(shape):
    with pytest.raises(NoTilesError):
        make_module()(torch.zeros(shape))


def test_an_empty_bag_cannot_be_explained():
    with pytest.raises(NoTilesError, match="no tiles"):
        make_module().explain(np.zeros((0, DIM), np.float32))


def test_a_bag_of_padding_alone_is_refused():
    mask = torch.tensor([[True, True], [False, False]])
    with pytest.raises(NoTilesError, match="padding"):
        make_module()(torch.zeros(2, 2, DIM), mask)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ModelMismatchError, match="mask"):
        make_module()(torch.zeros(2, 3, DIM), torch.ones(3, dtype=torch.bool))


@pytest.mark.parametrize("shape", [(4, DIM + 1), (DIM,), (1, 4, DIM)])
def test_features_of_another_shape_are_refused(shape):
    with pytest.raises(ModelMismatchError, match=f"{DIM}"):
        make_module().explain(np.zeros(shape, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(value):
    x = make_features(5, DIM)
    x[3, 2] = value
    with pytest.raises(ModelMismatchError, match="not finite"):
        make_module().explain(x)


def test_head_knows_its_record():
    head = make_head()
    assert head.name == "tissue"
    assert head.feature_dim == 256
    assert not head.module.training
    x = make_features(4)
    np.testing.assert_array_equal(head.explain(x).outputs, head.module.explain(x).outputs)


def test_a_head_whose_record_names_other_outputs_is_refused():
    with pytest.raises(ModelMismatchError, match="names 1 outputs"):
        Head(record=make_head_record(outputs=("one",)), module=make_module(n_outputs=3))


def test_a_built_head_has_the_sizes_of_its_record():
    module = build_head(make_head_record(hidden_dim=20, attention_dim=6), 30).module
    assert module.embed.weight.shape == (20, 30)
    assert module.attention.gate.weight.shape == (6, 20)
    assert build_head(make_head_record(pooling="mean"), 30).module.attention is None


@pytest.mark.parametrize(
    ("activation", "oracle"),
    [
        ("sigmoid", special.expit),
        ("softmax", lambda x: special.softmax(x, axis=-1)),
        ("identity", np.asarray),
    ],
)
def test_activations(activation, oracle):
    raw = np.array([[0.0, 1.0, -2.0], [800.0, -800.0, 3.0]])
    np.testing.assert_allclose(activate(raw, activation), oracle(raw), rtol=1e-12, atol=1e-300)
