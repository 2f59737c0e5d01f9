from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_histcode.errors import ModelMismatchError, UnknownMapError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.card import EncoderRecord, HeadRecord, OutputRecord
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.heads import build_head
from napari_histcode.models.model import Model, build_model
from napari_histcode.scores.score import score_bag
from tests.features.fakes import full_grid, gradient_slide

FEATURE_DIM = 8


class FirstPixels(torch.nn.Module):
    """A network with next to no weights."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(FEATURE_DIM))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)[:, :FEATURE_DIM] * self.scale


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    encoder = Encoder(
        FirstPixels(),
        EncoderRecord(
            name="first-pixels", architecture="test", feature_dim=FEATURE_DIM, tile_px=32, mpp=1.0,
            mean=(0, 0, 0), std=(1, 1, 1), digest="ab" * 32,
        ),
        precision="float32",
    )  # fmt: skip
    classes = tuple(OutputRecord(name=name, label=name) for name in ("tumour", "necrosis"))
    gene = OutputRecord(name="CD3E", label="CD3E", quantity="log2 fold change")
    dims = {"hidden_dim": 6, "attention_dim": 4}
    tissue = {"name": "tissue", "label": "tissue", "pooling": "gated_attention", "activation": "sigmoid"}
    genes = {"name": "genes", "label": "genes", "pooling": "mean", "activation": "identity"}
    heads = (
        HeadRecord(**tissue, **dims, outputs=classes),
        HeadRecord(**genes, **dims, outputs=(gene,)),
    )  # fmt: skip
    return build_model(encoder, tuple(build_head(head, FEATURE_DIM) for head in heads), name="tiny")


@pytest.fixture(scope="module")
def bag(model: Model) -> FeatureBag:
    grid = full_grid(gradient_slide())
    features = np.random.default_rng(0).normal(size=(len(grid), FEATURE_DIM)).astype(np.float32)
    return FeatureBag(features=features, grid=grid, encoder=model.encoder.record, n_corrupt=3)


def test_predictions_are_those_of_the_heads_forward_pass(model: Model, bag: FeatureBag) -> None:
    scores = score_bag(bag, model)
    with torch.inference_mode():
        raw = [head.module.eval()(torch.tensor(bag.features)).outputs.numpy() for head in model.heads]
    assert np.allclose([p.raw for p in scores.predictions], np.concatenate(raw), atol=1e-5)
    assert np.allclose([p.value for p in scores.predictions[:2]], 1 / (1 + np.exp(-raw[0])), atol=1e-5)
    assert scores.predictions[2].value == scores.predictions[2].raw
    assert [p.quantity for p in scores.predictions] == ["probability", "probability", "log2 fold change"]
    assert scores.n_corrupt == 3


def test_maps_are_named_once_and_add_up(model: Model, bag: FeatureBag) -> None:
    scores = score_bag(bag, model)
    assert len(set(scores.map_names)) == len(scores.maps) == 2 + 3 * 3
    assert scores.map("tissue.attention").values.sum() == pytest.approx(1, abs=1e-5)
    for prediction in scores.predictions:
        name = f"{prediction.head}.{prediction.output}"
        bias = model.head(prediction.head).explain(bag.features).bias
        position = [o.name for o in model.head(prediction.head).record.outputs].index(prediction.output)
        total = scores.map(f"{name}.contribution").values.sum() + bias[position]
        assert total == pytest.approx(prediction.raw, abs=1e-4)
    assert scores.effective_tiles["genes"] == pytest.approx(len(bag), rel=1e-4)


def test_the_order_of_tiles_changes_nothing(model: Model, bag: FeatureBag) -> None:
    order = np.random.default_rng(1).permutation(len(bag))
    shuffled = FeatureBag(features=bag.features[order], grid=bag.grid.select(order), encoder=bag.encoder)
    first, second = score_bag(bag, model), score_bag(shuffled, model)
    assert np.allclose([p.raw for p in first.predictions], [p.raw for p in second.predictions], atol=1e-5)
    for tile_map in first.maps:
        assert np.allclose(tile_map.values[order], second.map(tile_map.name).values, atol=1e-5)


def test_one_tile_is_enough(model: Model, bag: FeatureBag) -> None:
    one = FeatureBag(features=bag.features[:1], grid=bag.grid.select(np.array([0])), encoder=bag.encoder)
    assert score_bag(one, model).effective_tiles == {"tissue": 1, "genes": 1}


def test_features_of_another_encoder_are_refused(model: Model, bag: FeatureBag) -> None:
    other = replace(bag, encoder=replace(bag.encoder, digest="cd" * 32))
    with pytest.raises(ModelMismatchError, match="first-pixels"):
        score_bag(other, model)


def test_an_unknown_map_lists_those_there_are(model: Model, bag: FeatureBag) -> None:
    with pytest.raises(UnknownMapError, match=r"tissue\.attention"):
        score_bag(bag, model).map("nonsense")
