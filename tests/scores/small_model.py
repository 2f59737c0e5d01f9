"""A model with one head of every sort, and bags for it."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.card import EncoderRecord, HeadRecord, OutputRecord
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.heads import build_head
from napari_histcode.models.model import Model, build_model
from tests.builders import make_grid

FEATURE_DIM = 8
HEADS = ("tissue", "subtype", "genes", "risk")


class FirstPixels(torch.nn.Module):
    """A network with next to no weights."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(FEATURE_DIM))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)[:, :FEATURE_DIM] * self.scale


def make_encoder(feature_dim: int = FEATURE_DIM) -> Encoder:
    record = EncoderRecord(
        name="first-pixels", architecture="test", feature_dim=feature_dim, tile_px=224, mpp=1.0,
        mean=(0, 0, 0), std=(1, 1, 1), digest="ab" * 32,
    )  # fmt: skip
    return Encoder(FirstPixels(), record, precision="float32")


def head_record(
    name: str, pooling: str, activation: str, *outputs: str, quantity: str = "log-odds", is_signed=False
):
    return HeadRecord(
        name=name, label=name, pooling=pooling, activation=activation, hidden_dim=6, attention_dim=4,
        outputs=tuple(
            OutputRecord(name=one, label=one, quantity=quantity, is_signed=is_signed) for one in outputs
        ),
    )  # fmt: skip


@cache
def small_model(sharpness: float = 4.0) -> Model:
    """Gated with sigmoid and with softmax, mean pooled, and gated regression; not all tiles count alike."""
    fold_change = "log2 fold change"
    records = (
        head_record("tissue", "gated_attention", "sigmoid", "tumour", "necrosis"),
        head_record("subtype", "gated_attention", "softmax", "clear", "papillary", "other"),
        head_record("genes", "mean", "identity", "CD3E", "MS4A1", quantity=fold_change, is_signed=True),
        head_record("risk", "gated_attention", "identity", "months", quantity="months"),
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        heads = tuple(build_head(record, FEATURE_DIM) for record in records)
    with torch.no_grad():
        for head in heads:
            head.module.output.weight.mul_(3)
            if head.module.attention is not None:
                head.module.attention.score.weight.mul_(sharpness)
    return build_model(make_encoder(), heads, name="tiny")


def small_bag(n_tiles: int, seed: int = 0, feature_dim: int = FEATURE_DIM) -> FeatureBag:
    features = np.random.default_rng(seed).normal(size=(n_tiles, feature_dim)).astype(np.float32)
    encoder = make_encoder(feature_dim).record
    return FeatureBag(features=features, grid=make_grid(n_tiles, 1), encoder=encoder, n_corrupt=3)
