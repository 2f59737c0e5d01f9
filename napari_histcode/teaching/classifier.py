"""A linear classifier on features: what was learned, free of the slide it was learned on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import ModelMismatchError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.card import EncoderRecord

BLOCK_TILES = 8192


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearClassifier:
    """Logits of tiles are ``weights @ (feature - centre) + bias``; probabilities their softmax."""

    classes: tuple[str, ...]
    """Names of the classes."""
    weights: NDArray[np.float32]
    """(n_classes, feature_dim) on features as they are, the scaling being part of it; read-only."""
    centre: NDArray[np.float32]
    """(feature_dim,) mean feature of the slide it learned on; read-only."""
    bias: NDArray[np.float32]
    """(n_classes,) what it says of the mean tile; read-only."""
    encoder: EncoderRecord
    """The encoder of its features."""

    def __post_init__(self) -> None:
        for array in (self.weights, self.centre, self.bias):
            array.flags.writeable = False

    def logits(self, bag: FeatureBag) -> NDArray[np.float32]:
        """Return logits (n_tiles, n_classes) of the tiles of any slide.

        Raises
        ------
        ModelMismatchError
            If another encoder made the features.
        """
        for what in ("digest", "feature_dim", "tile_px", "mpp"):
            have, want = getattr(bag.encoder, what), getattr(self.encoder, what)
            if have != want:
                raise ModelMismatchError(
                    f"These features are of encoder {bag.encoder.name}, whose {what} is {have}; the "
                    f"classifier was taught on those of {self.encoder.name} with {want}.",
                    advice="Encode the slide with the same model.",
                )
        return self.logits_of(bag.features)

    def logits_of(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return logits (n, n_classes) of features (n, feature_dim) of the right encoder."""
        constant = (self.bias - self.weights.astype(np.float64) @ self.centre).astype(np.float32)
        found = np.empty((len(features), len(self.classes)), np.float32)
        for start in range(0, len(features), BLOCK_TILES):
            rows = slice(start, start + BLOCK_TILES)
            block = np.asarray(features[rows], np.float32)
            found[rows] = np.einsum("nf,cf->nc", block, self.weights) + constant  # waits for no threads
        return found
