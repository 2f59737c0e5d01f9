"""Standardise features by the training part, whatever their scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FLOOR = 0.01
"""Least spread of a feature, as a share of the median spread of those that vary at all: one that hardly
varies in training is not blown up in the test. Relative, so that small features lose nothing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Standardiser:
    """Mean and spread of each feature over the training part."""

    mean: NDArray[np.float64]
    """(feature_dim,)."""
    scale: NDArray[np.float64]
    """(feature_dim,) positive."""

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Standardise features (n, feature_dim)."""
        return np.asarray((features - self.mean) / self.scale, np.float64)


def fit_standardiser(features: NDArray[np.floating]) -> Standardiser:
    """Measure the training features (n, feature_dim)."""
    features = np.asarray(features, np.float64)
    std = features.std(axis=0)
    varies = std > 0
    floor = FLOOR * float(np.median(std[varies])) if varies.any() else 1.0
    return Standardiser(mean=features.mean(axis=0), scale=np.maximum(std, floor))
