"""A slide whose tiles belong to blobs in feature space, in patches on the slide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.card import EncoderRecord
from napari_histcode.tiling.grid import TileGrid
from tests.builders import make_encoder_record, make_grid

FEATURE_DIM = 40
COLUMNS, ROWS = 16, 12


def encoder(**changes: object) -> EncoderRecord:
    return replace(make_encoder_record(), **({"feature_dim": FEATURE_DIM} | changes))


def grid() -> TileGrid:
    return make_grid(COLUMNS, ROWS)


def truth(n_classes: int = 3) -> np.ndarray:
    """(n_tiles,) class of each tile: vertical stripes of 2 columns."""
    return grid().index[:, 0] // 2 % n_classes


def make_bag(n_classes: int = 3, *, distance: float = 2.5, seed: int = 0) -> FeatureBag:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(n_classes, FEATURE_DIM))
    centres *= distance / np.linalg.norm(centres, axis=1, keepdims=True)
    spread = np.linspace(0.2, 2, FEATURE_DIM)
    features = (3 + centres[truth(n_classes)]) * spread
    features += random.normal(0, 0.5, features.shape) * spread
    return FeatureBag(features=features.astype(np.float32), grid=grid(), encoder=encoder())


def scattered(n_classes: int, n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """n tiles of each class, no two of one class touching."""
    rows = grid().index[:, 1]
    random = np.random.default_rng(seed)
    chosen = {}
    for c in range(n_classes):
        own = np.flatnonzero((truth(n_classes) == c) & (rows % 2 == 0) & (grid().index[:, 0] % 2 == 0))
        chosen[f"class {c}"] = random.choice(own, n, replace=False)
    return chosen
