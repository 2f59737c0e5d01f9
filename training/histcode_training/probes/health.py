r"""Whether a feature space is alive, and whether it remembers the slide more than the tissue.

*Effective rank* is :math:`\exp(-\sum_i p_i \ln p_i)` with :math:`p_i` the share of the i-th direction of the
variance: how many directions carry the features (Roy and Vetterli 2007); a collapsed encoder has about one.

*Slide purity* asks of each tile whether the nearest tile (largest cosine, features seen from their mean) is
of the same slide, among the tiles of its own class in other fields: tissue and neighbourhood are then the
same for right and wrong answers, and what is left is stain and scanner. Chance is the share of such tiles
that are of its slide; low is good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.statistics.estimate import NAN


@dataclass(frozen=True, kw_only=True)
class Purity:
    """How often a tile's nearest tile is of its own slide."""

    value: float
    """Share of the tiles; NaN where no slide has two fields of one class."""
    chance: float
    """The same for a neighbour drawn at random."""
    n_tiles: int
    """Tiles that could have a neighbour in their slide and one in another."""


def effective_rank(features: NDArray[np.floating]) -> float:
    """Return the effective rank of features (n, feature_dim) about their mean, 1 to min(n, feature_dim)."""
    centred = np.asarray(features, np.float64) - features.mean(axis=0, dtype=np.float64)
    gram = centred @ centred.T if len(centred) < centred.shape[1] else centred.T @ centred
    values = np.maximum(np.linalg.eigvalsh(gram), 0)
    total = values.sum()
    if total <= 0:
        return 1.0
    share = values[values > 0] / total
    return float(np.exp(-(share * np.log(share)).sum()))


def slide_purity(
    features: NDArray[np.floating],
    class_of: NDArray[np.intp],
    slide_of: NDArray[np.intp],
    field_of: NDArray[np.intp],
) -> Purity:
    """Measure how much features remember the slide.

    Parameters
    ----------
    features : ndarray, (n, feature_dim)
        Of the tiles.
    class_of, slide_of, field_of : ndarray of int, (n,)
        Class, slide and field of each tile.
    """
    centred = np.asarray(features, np.float64) - features.mean(axis=0, dtype=np.float64)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.where(length > 0, length, 1)
    n_same, chance = 0, []
    for one in np.unique(class_of):
        rows = np.flatnonzero(class_of == one)
        may = field_of[rows, None] != field_of[rows]  # (n, n)
        same = (slide_of[rows, None] == slide_of[rows]) & may
        share = np.divide(same.sum(axis=1), may.sum(axis=1), out=np.zeros(len(rows)), where=may.any(axis=1))
        counts = (share > 0) & (share < 1)
        nearest = np.where(may, unit[rows] @ unit[rows].T, -np.inf).argmax(axis=1)
        n_same += int(same[np.arange(len(rows)), nearest][counts].sum())
        chance.extend(share[counts])
    n = len(chance)
    return Purity(value=n_same / n if n else NAN, chance=float(np.mean(chance)) if n else NAN, n_tiles=n)
