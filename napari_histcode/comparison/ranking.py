"""How well a map ranks a pathologist's tiles above the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.tiling.grid import TileGrid


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    """The estimate on all tiles; NaN where there is nothing to estimate."""
    low: float
    """Lower end."""
    high: float
    """Upper end."""
    n_positive: int
    """Positive tiles."""
    n_negative: int
    """Negative tiles."""

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def auroc(scores: NDArray[np.floating], is_positive: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic, by the rank-sum formula; ties count half.

    Parameters
    ----------
    scores : ndarray, (n,)
        Higher should mean positive.
    is_positive : ndarray of bool, (n,)
        The reference.

    Returns
    -------
    float
        0 to 1; NaN if one of the classes is empty.
    """
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    rank_sum = rankdata(scores)[is_positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def auroc_with_interval(
    scores: NDArray[np.floating],
    labels: NDArray[np.int8],
    grid: TileGrid,
    *,
    block_um: float = 1000.0,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """AUROC of a map with an interval that respects that neighbouring tiles look alike.

    Square blocks of tiles are drawn with replacement (spatial block bootstrap), since drawing
    tiles one by one would count the same piece of tissue many times.

    Parameters
    ----------
    scores : ndarray, (n_tiles,)
        The map.
    labels : ndarray of int8, (n_tiles,)
        From `label_tiles`; border and outside tiles do not count.
    grid : TileGrid
        The tiles.
    block_um : float
        Width of a block in micrometres.
    n_resamples : int
        Number of draws.
    seed : int
        Seed of the draws.
    """
    counts = labels >= TileLabel.NEGATIVE
    is_positive = labels[counts] == TileLabel.POSITIVE
    values = scores[counts]
    block = np.floor(grid.centre_px0[counts] * (grid.mpp.x, grid.mpp.y) / block_um).astype(np.int64)
    _, member_of = np.unique(block, axis=0, return_inverse=True)
    members = [np.flatnonzero(member_of == b) for b in range(member_of.max() + 1)] if len(values) else []

    random = np.random.default_rng(seed)
    draws = []
    for _ in range(n_resamples if members else 0):
        drawn = np.concatenate([members[b] for b in random.integers(0, len(members), len(members))])
        draws.append(auroc(values[drawn], is_positive[drawn]))
    usable = np.asarray(draws)[~np.isnan(draws)] if draws else np.empty(0)
    low, high = np.percentile(usable, [2.5, 97.5]) if len(usable) else (np.nan, np.nan)
    return Interval(
        value=auroc(values, is_positive),
        low=float(low),
        high=float(high),
        n_positive=int(is_positive.sum()),
        n_negative=int((~is_positive).sum()),
    )
