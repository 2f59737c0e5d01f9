"""The curves behind the numbers, thinned to what a screen can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.weighted_ranking import sort_scores

MOST_POINTS = 201
"""Points that are kept of a curve."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ThresholdCurve:
    """What a map does at falling thresholds: point k takes the tiles with at least ``threshold[k]``."""

    threshold: NDArray[np.float64]
    """(n_points,) falling."""
    false_positive_rate: NDArray[np.float64]
    """(n_points,) share of negative tiles that are taken."""
    sensitivity: NDArray[np.float64]
    """(n_points,) share of positive tiles that are taken: recall, true-positive rate."""
    precision: NDArray[np.float64]
    """(n_points,) share of taken tiles that are positive."""
    dice: NDArray[np.float64]
    """(n_points,) Dice of the taken tiles with the positive ones."""


def threshold_curve(
    scores: NDArray[np.floating], is_positive: NDArray[np.bool_], *, most_points: int = MOST_POINTS
) -> ThresholdCurve:
    """Compute the ROC, precision-recall and Dice curves of a map.

    Parameters
    ----------
    scores : ndarray, (n,)
        The map on the tiles that count; finite.
    is_positive : ndarray of bool, (n,)
        The reference.
    most_points : int
        Points to keep, evenly chosen among the distinct values, the first and last always.

    Returns
    -------
    ThresholdCurve
        Rates are NaN where their class is empty; without tiles, no points.
    """
    if not len(scores):
        none = np.empty(0)
        return ThresholdCurve(
            threshold=none, false_positive_rate=none, sensitivity=none, precision=none, dice=none
        )
    ordered = sort_scores(scores)
    tp = np.cumsum(is_positive[ordered.order], dtype=np.float64)[ordered.ends]
    taken = ordered.ends + 1.0
    keep = np.arange(len(taken))
    if len(keep) > most_points:
        keep = np.unique(np.round(np.linspace(0, len(taken) - 1, most_points)).astype(np.intp))
    tp, taken = tp[keep], taken[keep]
    n_positive = float(is_positive.sum())
    n_negative = len(scores) - n_positive
    with np.errstate(invalid="ignore"):
        return ThresholdCurve(
            threshold=ordered.thresholds[keep],
            false_positive_rate=(taken - tp) / np.float64(n_negative),
            sensitivity=tp / np.float64(n_positive),
            precision=tp / taken,
            dice=2 * tp / (taken + n_positive),
        )


def best_dice(scores: NDArray[np.floating], is_positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Find the threshold with the greatest Dice, knowing the answer: an oracle, not a result.

    Returns
    -------
    tuple of float
        The threshold, and the Dice of all tiles with at least that value; NaN without positive tiles.
    """
    if not is_positive.any():
        return float("nan"), float("nan")
    curve = threshold_curve(scores, is_positive, most_points=len(scores))
    best = int(np.argmax(curve.dice))
    return float(curve.threshold[best]), float(curve.dice[best])
