"""Features with known similarities, and feature files of made-up slides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_histcode.features.bag import FeatureBag
from napari_histcode.features.feature_file import write_feature_file
from napari_histcode.features.store import feature_key
from napari_histcode.models.card import EncoderRecord
from napari_histcode.tiling.grid import TileGrid
from tests.builders import make_encoder_record, make_grid, make_slide_record

FEATURE_DIM = 48


def encoder(**changes: object) -> EncoderRecord:
    return replace(make_encoder_record(), feature_dim=FEATURE_DIM, **changes)


def grid_of(digest: str, n_columns: int = 12, n_rows: int = 9, *, overlap: float = 0.0) -> TileGrid:
    grid = make_grid(n_columns, n_rows, overlap=overlap)
    return replace(grid, slide=replace(make_slide_record(), digest=digest, alias=f"slide-{digest[:8]}"))


def features_of(n: int, seed: int) -> np.ndarray:
    """Features as an encoder gives them: not negative, and of a falling spectrum."""
    falling = 1 / (1 + np.arange(FEATURE_DIM))
    mix = np.random.default_rng(99).normal(size=(FEATURE_DIM, FEATURE_DIM)) * falling[:, None]
    drawn = np.random.default_rng(seed).normal(size=(n, FEATURE_DIM)) @ mix
    return np.maximum(drawn + 0.3, 0).astype(np.float32)


def make_bag(digest: str = "a1" * 32, *, seed: int = 0, grid: TileGrid | None = None) -> FeatureBag:
    grid = grid or grid_of(digest)
    return FeatureBag(features=features_of(len(grid), seed), grid=grid, encoder=encoder())


def write_bag(folder: Path, bag: FeatureBag) -> Path:
    """Write a feature file into a result folder."""
    path = folder / "features.h5"
    write_feature_file(
        path,
        [(bag.grid.index, np.asarray(bag.features))],
        n_tiles=len(bag),
        grid=bag.grid,
        encoder=bag.encoder,
        key=feature_key(bag.grid, bag.encoder),
    )
    return path
