"""Small folders of tiles and recipes on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image

from histcode_training.contrastive import run
from histcode_training.contrastive.augment.config import AugmentationConfig
from histcode_training.contrastive.config import (
    HealthConfig,
    NegativesConfig,
    NetworkConfig,
    OptimisationConfig,
)
from histcode_training.contrastive.ranks import Ranks
from histcode_training.contrastive.recipe import EncoderRecipe, EncoderText
from histcode_training.contrastive.run import RunOptions, train_encoder
from histcode_training.contrastive.sources.config import SourceConfig, TilesConfig
from histcode_training.contrastive.train import Advance, Watch
from histcode_training.threads import one_thread
from napari_histcode.models import factory
from napari_histcode.models.resnet import ResNet

TEXT = EncoderText(
    name="tiny",
    version="1",
    description="Squares.",
    licence="CC0",
    limits="Nothing was tested. Not for diagnosis.",
)
TILES = TilesConfig(tile_px=32, mpp=1.0, read_px=40)
SOURCE = SourceConfig(name="squares", kind="tiles", licence="CC0", table="tiles.csv", group="group")


def write_tiles(folder: Path, *, n_groups: int = 4, n_tiles: int = 6, size_px: int = 40) -> Path:
    """Paint tiles with a colour a group and grain of their own, with the table beside them."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["file,group"]
    for group in range(n_groups):
        colour = random.uniform(90, 220, 3)
        for tile in range(n_tiles):
            grain = random.normal(0, 30, (size_px // 4, size_px // 4, 3)).repeat(4, axis=0).repeat(4, axis=1)
            pixels = np.clip(colour + grain, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{group}-{tile}.png")
            lines.append(f"{group}-{tile}.png,g{group}")
    (folder / "tiles.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def tiny_recipe(
    *,
    network: dict[str, Any] | None = None,
    negatives: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    health: dict[str, Any] | None = None,
    source: SourceConfig = SOURCE,
) -> EncoderRecipe:
    """A recipe of 24 tiles in 3 steps an epoch."""
    return EncoderRecipe(
        name="tiny",
        tiles=TILES,
        source=(source,),
        encoder=TEXT,
        network=NetworkConfig(
            **{"architecture": "resnet18_layer3", "start": "random", "hidden_dim": 16, "projection_dim": 8}
            | (network or {})
        ),
        negatives=NegativesConfig(
            **{"size": 16, "warmup_steps": 2, "learning_rate": 0.5} | (negatives or {})
        ),
        training=OptimisationConfig(
            **{"epochs": 3, "batch_size": 8, "min_slides": 4, "warmup_steps": 2} | (training or {})
        ),
        augmentation=AugmentationConfig(crop_area=(0.5, 1.2)),
        health=HealthConfig(**{"every": 2, "min_spread": 0.0} | (health or {})),
    )


def with_source(recipe: EncoderRecipe, **changes: Any) -> EncoderRecipe:
    return replace(recipe, source=(replace(recipe.source[0], **changes),))


TINY: dict[str, Callable[[], ResNet]] = {"resnet18_layer3": partial(ResNet, "basic", (1,))}


@contextmanager
def small() -> Iterator[None]:
    """One thread, no picture of curves, and one block of 64 features in the place of a ResNet-18."""
    with patch.dict(factory._OWN, TINY), patch.object(run, "draw_curves"), one_thread():
        yield


def ignore(advance: Advance) -> None:
    """Look away."""


def train(
    recipe: EncoderRecipe,
    data: Path,
    out: Path,
    *,
    watch: Watch = ignore,
    minutes: float | None = None,
    ranks: Ranks | None = None,
) -> dict[str, Any]:
    options = RunOptions(out=out, recipes=data, cache=data / "cache", minutes=minutes)
    return train_encoder(
        recipe, data, options, device=torch.device("cpu"), ranks=ranks, say=lambda text: None, watch=watch
    )


RESUMED = tiny_recipe(training={"checkpoint_steps": 2, "epochs": 3})
"""Nine steps; the bank is full after two. Saved every two steps."""

SHARED = tiny_recipe(
    network={"statistics": "frozen"},
    negatives={"is_symmetric": True, "learning_rate": 0.1, "temperature": 0.1},
    training={"epochs": 2, "learning_rate": 1e-2},
)
"""Six steps, the bank full after one; without statistics of batches, which differ between halves."""
