"""How far a slide's tiles lie from the tiles that a model learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.statistics import FeatureStatistics


@dataclass(frozen=True, kw_only=True, eq=False)
class OodScores:
    """Distance of each tile from the training tiles, and what it means."""

    distance: NDArray[np.float32]
    """(n_tiles,) from 0 to 1, see `FeatureStatistics.distance`; read-only."""
    percentile: NDArray[np.float32]
    """(n_tiles,) share of held-out training tiles that lie nearer, 0 to 1; read-only."""
    threshold: float
    """Distance beyond which a tile is out of distribution: the 95th percentile of held-out training tiles."""
    share_beyond: float
    """Share of the slide's tiles beyond it, 0 to 1; about 0.05 on slides like those of the training."""
    training_shares: NDArray[np.float32]
    """(n_slides,) such shares of the training slides, each when it was held out; read-only."""

    def __post_init__(self) -> None:
        self.distance.flags.writeable = False
        self.percentile.flags.writeable = False
        self.training_shares.flags.writeable = False

    @property
    def is_beyond(self) -> NDArray[np.bool_]:
        """(n_tiles,) whether a tile is out of distribution."""
        return np.asarray(self.distance > self.threshold)


def ood_scores(bag: FeatureBag | NDArray[np.floating], statistics: FeatureStatistics) -> OodScores:
    """Measure how far a slide's tiles lie from the training tiles.

    Parameters
    ----------
    bag : FeatureBag or ndarray, (n_tiles, feature_dim)
        At least one tile.
    statistics : FeatureStatistics
        From the model.

    Returns
    -------
    OodScores
        In the order of the tiles.

    Raises
    ------
    ModelMismatchError
        If the features are of another length, or are not finite.
    """
    features = bag.features if isinstance(bag, FeatureBag) else bag
    distance = statistics.distance(features)
    threshold = statistics.threshold()
    return OodScores(
        distance=distance,
        percentile=statistics.percentile(distance),
        threshold=threshold,
        share_beyond=float((distance > threshold).mean()) if len(distance) else 0.0,
        training_shares=statistics.group_shares,
    )
