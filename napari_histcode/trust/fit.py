"""Fit the statistics of training features, and calibrate distances on slides held out in turn.

A training tile lies nearer to its own slide's features than a tile of a new slide ever will. The distances
that a percentile refers to are therefore those of each slide's tiles under statistics of the other slides.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import TrainingFeaturesError
from napari_histcode.models.statistics import BEYOND, FeatureStatistics

N_COMPONENTS = 64
"""Directions that are kept."""
SCALE_FLOOR = 0.05
"""Features that hardly vary are not blown up by more than 20; training standardises with the same floor."""
MOST_FOLDS = 20
"""With more slides than this, several are held out together."""
FEWEST_GROUPS = 3
"""With fewer slides nothing can be said about a new one."""

_LEVELS = np.unique(np.concatenate([np.linspace(0, 1, 101), [0.995, 0.999]])).astype(np.float32)


def fit_statistics(
    features: NDArray[np.floating], groups: Sequence[Hashable], *, n_components: int = N_COMPONENTS
) -> FeatureStatistics:
    """Describe training features so that a new tile's distance can be read as a percentile.

    Parameters
    ----------
    features : ndarray, (n_tiles, feature_dim)
        Features of the training tiles, each tile once.
    groups : sequence, (n_tiles,)
        Slide of each tile.
    n_components : int
        Directions to keep; fewer where there are fewer tiles or features.

    Returns
    -------
    FeatureStatistics
        The same for the same input.

    Raises
    ------
    TrainingFeaturesError
        If there are fewer than three slides, or features are not finite.
    """
    features = np.asarray(features, np.float32)
    names, group_of = _numbered(groups)
    if features.ndim != 2 or len(features) != len(group_of):
        raise TrainingFeaturesError(
            f"{len(group_of)} tiles have a slide, and the features are an array {features.shape}."
        )
    if len(names) < FEWEST_GROUPS:
        raise TrainingFeaturesError(
            f"The features are of {len(names)} slides: what a new slide looks like takes at least "
            f"{FEWEST_GROUPS}.",
            advice="Train on more slides, or leave the statistics out.",
        )
    if not np.isfinite(features).all():
        raise TrainingFeaturesError("Some training features are not finite.", advice="Encode them again.")
    distances = held_out_distances(features, group_of, n_components=n_components)
    quantiles = np.quantile(distances, _LEVELS).astype(np.float32)
    beyond = float(np.interp(BEYOND, _LEVELS, quantiles))
    shares = [float((distances[group_of == group] > beyond).mean()) for group in range(len(names))]
    return replace(
        subspace_of(features, n_components=n_components),
        levels=_LEVELS.copy(),
        distances=quantiles,
        group_shares=np.sort(np.asarray(shares, np.float32)),
    )


def subspace_of(features: NDArray[np.float32], *, n_components: int = N_COMPONENTS) -> FeatureStatistics:
    """Find the directions of most variance; quantiles are placeholders until they are calibrated."""
    n_tiles, feature_dim = features.shape
    mean = features.mean(axis=0, dtype=np.float64)
    scale = np.maximum(features.std(axis=0, dtype=np.float64), SCALE_FLOOR)
    standard = (features - mean) / scale
    _, directions = np.linalg.eigh(standard.T @ standard / n_tiles)  # variances rise
    k = max(1, min(n_components, n_tiles - 1, feature_dim - 1))
    return FeatureStatistics(
        mean=mean.astype(np.float32),
        scale=scale.astype(np.float32),
        components=np.ascontiguousarray(directions[:, ::-1][:, :k].T, np.float32),
        levels=np.asarray([0, 1], np.float32),
        distances=np.asarray([0, 1], np.float32),
        group_shares=np.zeros(0, np.float32),
        n_tiles=n_tiles,
    )


def held_out_distances(
    features: NDArray[np.float32], group_of: NDArray[np.intp], *, n_components: int = N_COMPONENTS
) -> NDArray[np.float32]:
    """Measure each tile under statistics of the other slides: (n_tiles,) distances."""
    n_groups = int(group_of.max()) + 1
    fold_of = np.arange(n_groups) % min(n_groups, MOST_FOLDS)
    distances = np.empty(len(features), np.float32)
    for fold in range(int(fold_of.max()) + 1):
        held = fold_of[group_of] == fold
        distances[held] = subspace_of(features[~held], n_components=n_components).distance(features[held])
    return distances


def _numbered(groups: Sequence[Hashable]) -> tuple[list[Hashable], NDArray[np.intp]]:
    """Return the distinct groups in their order, and the number of each tile's group."""
    numbers: dict[Hashable, int] = {}
    places = [numbers.setdefault(group, len(numbers)) for group in groups]
    return list(numbers), np.asarray(places, np.intp)
