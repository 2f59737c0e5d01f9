r"""Ranking statistics of many draws at once, from one sorting of the tiles.

With tiles sorted by falling score, a draw is a weight for each tile. Cumulative sums of the weights of
positive and of negative tiles at the end of every group of equal scores are the draw's ROC curve in counts,
and everything follows from it. With :math:`TP_g` and :math:`FP_g` after group g, and :math:`P` and :math:`N`
in all:

- AUROC :math:`= \sum_g (FP_g - FP_{g-1}) (TP_g + TP_{g-1}) / (2 P N)`, ties counting half;
- average precision :math:`= \sum_g (TP_g - TP_{g-1}) / P \cdot TP_g / (TP_g + FP_g)`;
- partial AUROC: the area up to a false-positive rate, standardised so that chance is 1/2 and the best 1
  (McClish, Med Decis Making 1989;9:190).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[Any]
"""float32 or float64."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SortedScores:
    """Scores of some tiles, sorted once."""

    order: NDArray[np.intp]
    """(n,) positions of the tiles by falling score."""
    ends: NDArray[np.intp]
    """(n_groups,) place in ``order`` of the last tile of every group of equal scores."""
    thresholds: NDArray[np.float64]
    """(n_groups,) the score of each group, falling."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RankingDraws:
    """Ranking statistics of a number of draws, NaN where a draw lacks a class."""

    auroc: NDArray[np.float64]
    """(n_draws,) area under the receiver operating characteristic."""
    average_precision: NDArray[np.float64]
    """(n_draws,) average precision."""
    partial_auroc: NDArray[np.float64]
    """(n_draws,) standardised partial area."""


def sort_scores(scores: NDArray[np.floating]) -> SortedScores:
    """Sort finite scores, highest first."""
    values = np.asarray(scores, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    falling = values[order]
    is_end = np.append(falling[1:] != falling[:-1], [True])[: len(values)]
    ends = np.flatnonzero(is_end)
    return SortedScores(order=order, ends=ends, thresholds=falling[ends])


def ranking_statistics(
    positive: Weights, negative: Weights, ends: NDArray[np.intp], *, max_fpr: float
) -> RankingDraws:
    """Compute ranking statistics of some draws.

    Parameters
    ----------
    positive, negative : ndarray, (n_draws, n)
        Weight of each tile as a positive and as a negative one, tiles by falling score. As float32 they
        must be whole numbers below 2**24 in sum, which it holds exactly; ratios are as precise as the type.
    ends : ndarray of int, (n_groups,)
        From `SortedScores`.
    max_fpr : float
        False-positive rate up to which the partial area goes.
    """
    if len(ends) < positive.shape[1]:  # equal scores are one step of the curve
        starts = np.concatenate([[0], ends[:-1] + 1])
        positive = np.add.reduceat(positive, starts, axis=1)
        negative = np.add.reduceat(negative, starts, axis=1)
    tp, fp = np.cumsum(positive, axis=1), np.cumsum(negative, axis=1)
    n_positive, n_negative = tp[:, -1].astype(np.float64), fp[:, -1].astype(np.float64)
    has_both = n_positive * n_negative > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        partial = _partial_area(tp, positive, fp, negative, max_fpr * n_negative)
        auroc = (_dot(negative, tp) - _dot(negative, positive) / 2) / (n_positive * n_negative)
        np.add(tp, fp, out=fp)
        precision = np.divide(tp, fp, out=fp, where=fp > 0)
        average_precision = _dot(positive, precision) / n_positive
        partial_auroc = _mcclish(partial / (n_positive * n_negative), max_fpr)
    return RankingDraws(
        auroc=np.where(has_both, auroc, np.nan),
        average_precision=np.where(has_both, average_precision, np.nan),
        partial_auroc=np.where(has_both, partial_auroc, np.nan),
    )


def ranking_draws(
    weights: Iterable[Weights], is_positive: NDArray[np.bool_], ends: NDArray[np.intp], *, max_fpr: float
) -> RankingDraws:
    """Compute ranking statistics of all draws of a bootstrap.

    Parameters
    ----------
    weights : iterable of ndarray, (n_draws, n)
        How often each draw holds each tile, tiles by falling score.
    is_positive : ndarray of bool, (n,)
        The reference, tiles by falling score.
    ends : ndarray of int, (n_groups,)
        From `SortedScores`.
    max_fpr : float
        False-positive rate up to which the partial area goes.
    """
    parts = []
    for weight in weights:
        positive = weight * is_positive
        parts.append(ranking_statistics(positive, weight - positive, ends, max_fpr=max_fpr))
    return join_draws(parts)


def join_draws(parts: list[RankingDraws]) -> RankingDraws:
    """Put the draws of several parts one after the other."""
    none = [np.empty(0)]
    return RankingDraws(
        auroc=np.concatenate(none + [part.auroc for part in parts]),
        average_precision=np.concatenate(none + [part.average_precision for part in parts]),
        partial_auroc=np.concatenate(none + [part.partial_auroc for part in parts]),
    )


def _partial_area(
    tp: Weights, step_tp: Weights, fp: Weights, step_fp: Weights, most_fp: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Area under the curve in counts, left of ``most_fp`` (n_draws,), the last step cut in proportion."""
    before = fp - step_fp
    n_inside = int((before < most_fp[:, None]).any(axis=0).sum())  # later groups add nothing to any draw
    tp, step_tp = tp[:, :n_inside], step_tp[:, :n_inside]
    before, step_fp = before[:, :n_inside], step_fp[:, :n_inside]
    taken = np.clip(most_fp[:, None] - before, 0, step_fp)
    slope = np.divide(step_tp, step_fp, out=np.zeros_like(step_tp), where=step_fp > 0)
    return np.asarray(np.einsum("ij,ij->i", taken, tp - step_tp + slope * taken / 2, dtype=np.float64))


def _mcclish(area: NDArray[np.float64], max_fpr: float) -> NDArray[np.float64]:
    least = max_fpr**2 / 2
    return np.asarray((1 + (area - least) / (max_fpr - least)) / 2)


def _dot(a: Weights, b: Weights) -> NDArray[np.float64]:
    """Sum of products along each row, in double precision."""
    return np.asarray(np.einsum("ij,ij->i", a, b, dtype=np.float64))
