"""Small encoders, heads and bags with known weights."""

from __future__ import annotations

import copy
from functools import lru_cache

import numpy as np
import torch
from torch import nn

from napari_histcode.models.card import EncoderRecord, HeadRecord, OutputRecord
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.factory import build_encoder_network
from napari_histcode.models.heads import Head, build_head
from napari_histcode.models.model import Model, build_model

TILE_PX = 32


def make_network(architecture: str = "resnet18_layer3", seed: int = 0) -> nn.Module:
    """A network whose batch normalisation is not the identity, as after training."""
    return copy.deepcopy(_network(architecture, seed))


@lru_cache(maxsize=4)
def _network(architecture: str, seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build_encoder_network(architecture)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, std=0.1)
                nn.init.normal_(module.running_mean, std=0.1)
                nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network.eval()


def make_record(architecture: str = "resnet18_layer3", feature_dim: int = 256, **changes) -> EncoderRecord:
    values = {
        "name": "small",
        "architecture": architecture,
        "feature_dim": feature_dim,
        "tile_px": TILE_PX,
        "mpp": 1.0,
        "mean": (0.7, 0.5, 0.6),
        "std": (0.2, 0.25, 0.3),
    }
    return EncoderRecord(**(values | changes))


def make_encoder(precision: str = "float32", seed: int = 0, **changes) -> Encoder:
    return Encoder(make_network(seed=seed), make_record(**changes), precision=precision)


def make_tiles(n: int, seed: int = 0, size: int = TILE_PX) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def make_head_record(name: str = "tissue", outputs: tuple[str, ...] = ("tumour", "necrosis"), **changes):
    values = {
        "name": name,
        "label": name,
        "pooling": "gated_attention",
        "hidden_dim": 16,
        "attention_dim": 8,
        "activation": "sigmoid",
        "outputs": tuple(OutputRecord(name=output, label=output) for output in outputs),
    }
    return HeadRecord(**(values | changes))


def make_head(record: HeadRecord | None = None, feature_dim: int = 256, seed: int = 1) -> Head:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build_head(record or make_head_record(), feature_dim)


def make_features(n: int, feature_dim: int = 256, seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, feature_dim)).astype(np.float32)


def make_model(**changes) -> Model:
    heads = (
        make_head(),
        make_head(make_head_record("genes", ("CD3E",), pooling="mean", activation="identity")),
    )
    return build_model(make_encoder(**changes), heads, name="small-model", description="For tests.")
