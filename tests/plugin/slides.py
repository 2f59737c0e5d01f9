"""Slides and a model made on the spot, for driving the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.slide.tiffs import write_ome, write_pyramid

TILE_PX = 64
MODEL_MPP = 1.0
SLIDE_MPP = 0.5


def stained(width: int, height: int, *, margin: float = 0.1, seed: int = 0) -> NDArray[np.uint8]:
    """Paint a slide: glass all around, and inside it tissue whose colour drifts from pink to violet."""
    random = np.random.default_rng(seed)
    image = np.full((height, width, 3), 243, dtype=np.uint8)
    top, left = int(height * margin), int(width * margin)
    inner = image[top : height - top, left : width - left]
    drift = np.linspace(0, 1, inner.shape[1])[None, :, None]
    colour = (1 - drift) * (226, 150, 190) + drift * (120, 70, 150)
    inner[:] = np.clip(colour + random.normal(0, 14, inner.shape), 0, 255).astype(np.uint8)
    return image


def write_slide(
    path: Path, size: tuple[int, int] = (1280, 1024), factors: Sequence[int] = (2, 4), *, has_mpp: bool = True
) -> Path:
    """Write a pyramid; without a resolution if asked to."""
    image = stained(*size)
    if has_mpp:
        write_ome(path, image, factors, physical_size_um=SLIDE_MPP)
    else:
        write_pyramid(path, image, factors)
    return path


def write_model(folder: Path) -> Path:
    """Write a model of random weights: a ResNet-18 with two heads."""
    import torch

    from napari_histcode.models import (
        Encoder,
        EncoderRecord,
        HeadRecord,
        OutputRecord,
        build_encoder_network,
        build_head,
        build_model,
        save_model,
    )

    torch.manual_seed(0)
    record = EncoderRecord(
        name="resnet18-random",
        architecture="resnet18",
        feature_dim=512,
        tile_px=TILE_PX,
        mpp=MODEL_MPP,
        mean=(0.7, 0.55, 0.7),
        std=(0.2, 0.2, 0.2),
    )
    encoder = Encoder(build_encoder_network("resnet18"), record, precision="float32")
    classes = tuple(OutputRecord(name=n, label=n.replace("_", " ")) for n in ("viable_tumour", "necrosis"))
    genes = (OutputRecord(name="CD3E", label="CD3E", quantity="log2 fold change", unit="log2"),)
    common = {"pooling": "gated_attention", "hidden_dim": 32, "attention_dim": 16}
    heads = (
        HeadRecord(name="tissue", label="tissue", activation="softmax", outputs=classes, **common),
        HeadRecord(name="genes", label="genes", activation="identity", outputs=genes, **common),
    )
    made = tuple(build_head(head, record.feature_dim) for head in heads)
    save_model(build_model(encoder, made, name="random-test", description="Random weights."), folder)
    return folder
