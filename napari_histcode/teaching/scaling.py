"""Put the features of a slide on a common scale: mean 0 and standard deviation 1 over all of its tiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import ModelMismatchError
from napari_histcode.progress import CancelToken

BLOCK_TILES = 4096
LEAST_SPREAD = 0.1
"""Least standard deviation of a feature, in medians of all: one that is silent on this slide must not shout
on the next."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """Mean and standard deviation of each feature over a slide."""

    mean: NDArray[np.float64]
    """(feature_dim,); read-only."""
    spread: NDArray[np.float64]
    """(feature_dim,) standard deviation, raised to `LEAST_SPREAD` medians where it is below; read-only."""

    def __post_init__(self) -> None:
        self.mean.flags.writeable = False
        self.spread.flags.writeable = False

    def apply(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Scale features (k, feature_dim) and divide them by the root of their number.

        A typical tile then has length 1, whatever the encoder, and so has one strength of regularisation the
        same meaning for all.
        """
        scaled = (np.asarray(features, np.float64) - self.mean) / self.spread
        return np.asarray(scaled / np.sqrt(len(self.mean)))


def measure_scaling(
    features: NDArray[np.floating], *, name: str = "the slide", cancel: CancelToken | None = None
) -> Scaling:
    """Measure the features of all tiles, marked or not.

    Parameters
    ----------
    features : ndarray, (n_tiles, feature_dim)
        Such as those of a bag.
    name : str
        What they are of, for messages.
    cancel : CancelToken, optional
        Looked at once a block of tiles.

    Raises
    ------
    ModelMismatchError
        If features are not finite.
    AnalysisCancelledError
        If it was cancelled.
    """
    cancel = cancel or CancelToken()
    n, feature_dim = features.shape
    total, squares = np.zeros(feature_dim), np.zeros(feature_dim)
    # sums of squares about a tile's own values, not about zero: nothing is lost to cancellation
    origin = np.asarray(features[:1], np.float32).reshape(-1)
    for start in range(0, n, BLOCK_TILES):
        cancel.raise_if_cancelled()
        with np.errstate(invalid="ignore"):  # refused below
            block = np.asarray(features[start : start + BLOCK_TILES]) - origin
            total += block.sum(axis=0, dtype=np.float64)
            squares += np.einsum("ij,ij->j", block, block).astype(np.float64)
    if not (np.isfinite(total).all() and np.isfinite(squares).all()):
        raise ModelMismatchError(
            f"Features of {name} hold values that are not finite.",
            advice="Encode the slide again.",
        )
    mean = total / n
    spread = np.sqrt(np.maximum(squares / n - mean**2, 0))
    usual = float(np.median(spread))
    least = LEAST_SPREAD * usual if usual > 0 else float(spread.max()) or 1.0
    return Scaling(mean=mean + origin, spread=np.maximum(spread, least))
