"""The value of the feature stage: one feature vector a tile, with everything that made them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import ModelMismatchError
from napari_histcode.models.card import EncoderRecord
from napari_histcode.tiling.grid import TileGrid


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureBag:
    """Features of a slide's tiles."""

    features: NDArray[np.float32]
    """(n_tiles, feature_dim); read-only."""
    grid: TileGrid
    """The tiles, in the same order; corrupt ones are left out."""
    encoder: EncoderRecord
    """The encoder that made them."""
    n_corrupt: int = 0
    """Tiles that could not be decoded and are not in the bag."""

    def __post_init__(self) -> None:
        expected = (len(self.grid), self.encoder.feature_dim)
        if self.features.shape != expected:
            raise ModelMismatchError(
                f"Features have shape {self.features.shape}; {expected[0]} tiles and encoder "
                f"{self.encoder.name} make {expected}."
            )
        self.features.flags.writeable = False

    def __len__(self) -> int:
        return len(self.grid)
