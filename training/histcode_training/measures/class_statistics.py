"""Statistics of class predictions, for any number of draws at once.

A draw is a row of weights: how often it holds each slide. Every statistic takes (n_draws, n) of them and
gives (n_draws,) values, NaN where a draw does not define it; weights of one give the statistic itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.mil.config import Task
from napari_histcode.comparison.ranking import rank_tiles_with_draws
from napari_histcode.comparison.resampling import BlockDraws
from napari_histcode.comparison.weighted_ranking import RankingDraws

Floats = NDArray[np.float64]

N_BINS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Probabilities of all test slides by one seed of one arm."""

    probability: Floats
    """(n, n_outputs)."""
    target: Floats
    """(n, n_outputs); NaN where nobody knows."""
    fold: NDArray[np.intp]
    """(n,) fold of each slide."""


Statistic = Callable[[Scored, Floats], Floats]


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Slides whose probability lies in one range."""

    mean_probability: float
    """What the arm says of them on average."""
    positive_share: float
    """How many have the class."""
    n: int
    """How many there are."""


def fold_auroc(scored: Scored, weights: Floats, k: int) -> Floats:
    """AUROC of a class over the pairs of slides of one fold, pairs of all folds counted together."""
    parts = [
        (ranked.auroc, positive * negative) for ranked, positive, negative in _by_fold(scored, weights, k)
    ]
    return _weighted(parts, len(weights))


def fold_average_precision(scored: Scored, weights: Floats, k: int) -> Floats:
    """Average precision of a class in each fold, weighted by its positive slides."""
    parts = [
        (ranked.average_precision, np.where(negative > 0, positive, 0))
        for ranked, positive, negative in _by_fold(scored, weights, k)
    ]
    return _weighted(parts, len(weights))


def mean_auroc(scored: Scored, weights: Floats) -> Floats:
    """Mean over the classes for which it is defined."""
    values = np.stack([fold_auroc(scored, weights, k) for k in range(scored.target.shape[1])])
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0).sum(axis=0), known.sum(axis=0))


def balanced_accuracy(scored: Scored, weights: Floats, task: Task) -> Floats:
    """Mean over classes of the share of their slides that are found.

    Where classes exclude each other, a slide's class is the one with the largest probability; otherwise a
    class is there from probability 1/2 on, and the mean is over presence and absence of every class.
    """
    if task == "multi_class":
        chosen = scored.probability.argmax(axis=1)[:, None] == np.arange(scored.target.shape[1])
        members, correct = scored.target == 1, chosen
    else:
        says = scored.probability >= 0.5
        members = np.concatenate([scored.target == 1, scored.target == 0], axis=1)
        correct = np.concatenate([says, ~says], axis=1)
    n = weights @ members
    share = _ratio(weights @ (members & correct), n)
    return _ratio(np.where(n > 0, share, 0).sum(axis=1), (n > 0).sum(axis=1))


def brier(scored: Scored, weights: Floats, task: Task) -> Floats:
    """Mean squared error of probabilities; summed over classes where these exclude each other."""
    known = np.isfinite(scored.target)
    squared = np.where(known, np.square(scored.probability - scored.target), 0).sum(axis=1)
    n = known.all(axis=1).astype(float) if task == "multi_class" else known.sum(axis=1).astype(float)
    return _ratio(weights @ np.where(n > 0, squared, 0), weights @ n)


def calibration_error(scored: Scored, weights: Floats, task: Task) -> Floats:
    """Mean over ten bins of equal width of how far probability and truth are apart, weighted by slides.

    Where classes exclude each other, of the largest probability against being right; otherwise of every
    probability against the presence of its class.
    """
    p, is_right, known = _confidence(scored, task)
    gap, n = np.zeros((len(p), N_BINS)), known.sum(axis=1)
    rows, columns = np.nonzero(known)
    place = _bin_of(p[rows, columns])
    np.add.at(gap, (rows, place), is_right[rows, columns] - p[rows, columns])
    return _ratio(np.abs(weights @ gap).sum(axis=1), weights @ n)


def reliability(seeds: Sequence[Scored], task: Task) -> tuple[Bin, ...]:
    """Bins of `calibration_error`, all seeds together; empty bins are left out."""
    parts = [_confidence(one, task) for one in seeds]
    p = np.concatenate([values[known] for values, _, known in parts])
    is_right = np.concatenate([right[known] for _, right, known in parts])
    place = _bin_of(p)
    return tuple(
        Bin(
            mean_probability=float(p[place == b].mean()),
            positive_share=float(is_right[place == b].mean()),
            n=int((place == b).sum()),
        )
        for b in np.unique(place)
    )


def _by_fold(scored: Scored, weights: Floats, k: int) -> Iterator[tuple[RankingDraws, Floats, Floats]]:
    """Rank the slides of each fold; give the draws with their numbers of positive and negative slides."""
    for fold in np.unique(scored.fold):
        rows = np.flatnonzero((scored.fold == fold) & np.isfinite(scored.target[:, k]))
        is_positive = scored.target[rows, k] == 1
        if not is_positive.any() or is_positive.all():
            continue
        times = weights[:, rows]
        draws = BlockDraws(block_of=np.arange(len(rows)), n_blocks=len(rows), times=times.astype(np.float32))
        _, ranked = rank_tiles_with_draws(scored.probability[rows, k], is_positive, draws)
        yield ranked, times @ is_positive, times @ ~is_positive


def _weighted(parts: Sequence[tuple[Floats, Floats]], n_draws: int) -> Floats:
    """Mean of values over parts, each with its weight; a part without weight does not count."""
    total, weight = np.zeros(n_draws), np.zeros(n_draws)
    for values, n in parts:
        total += np.where(n > 0, np.nan_to_num(values) * n, 0)
        weight += n
    return _ratio(total, weight)


def _confidence(scored: Scored, task: Task) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Probabilities, whether what they say is so, and whether anybody knows: each (n, n_statements)."""
    if task == "multi_class":
        known = np.isfinite(scored.target[:, :1])  # one class known, all known
        chosen = scored.probability.argmax(axis=1)[:, None]
        is_right = np.take_along_axis(scored.target, chosen, axis=1)
        return scored.probability.max(axis=1, keepdims=True), is_right, known
    return scored.probability, scored.target, np.isfinite(scored.target)


def _bin_of(p: Floats) -> NDArray[np.intp]:
    return np.minimum((p * N_BINS).astype(np.intp), N_BINS - 1)


def _ratio(above: NDArray[np.floating], below: NDArray[np.floating] | NDArray[np.integer]) -> Floats:
    return np.asarray(
        np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) > 0)
    )
