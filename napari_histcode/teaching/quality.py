"""How well a taught classifier finds its classes in groups of marks that it did not see.

Intervals draw groups with replacement, class by class: marks that touch are one piece of evidence, not many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.statistics.estimate import Estimate, undefined, with_interval
from napari_histcode.teaching.logistic import Floats
from napari_histcode.teaching.marks import Marks

LEAST_GROUPS_TO_ESTIMATE = 4
"""Separate groups of marks that every class needs for an estimate."""
N_RESAMPLES = 1000
"""Draws of the bootstrap."""


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Cross-validated figures of a classifier; undefined ones say why."""

    auroc: dict[str, Estimate]
    """Class to AUROC of its probability against all other classes."""
    balanced_accuracy: Estimate
    """Mean over classes of the share of marks that get their class."""
    n_marks: int
    """Marks that were tested."""
    n_groups: int
    """Separate groups of marks."""
    n_folds: int
    """Folds of the cross-validation; 0 without one."""

    @property
    def is_defined(self) -> bool:
        """Whether there is an estimate."""
        return self.balanced_accuracy.is_defined


def no_quality(marks: Marks) -> Quality:
    """Say that there are not enough marks to estimate anything, and how many it takes."""
    fewest = min(marks.group_counts, key=lambda name: marks.group_counts[name])
    reason = (
        f"not enough marks to estimate: {fewest} has {marks.group_counts[fewest]} separate places, "
        f"and every class needs {LEAST_GROUPS_TO_ESTIMATE}"
    )
    return Quality(
        auroc={name: undefined(reason) for name in marks.classes},
        balanced_accuracy=undefined(reason),
        n_marks=len(marks),
        n_groups=sum(marks.group_counts.values()),
        n_folds=0,
    )


def measure_quality(
    logits: Floats, marks: Marks, *, n_folds: int, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> Quality:
    """Compute AUROC and balanced accuracy with intervals over groups.

    Parameters
    ----------
    logits : ndarray, (n_marks, n_classes)
        Of each mark by a classifier that did not see its group.
    marks : Marks
        Classes and groups.
    n_folds : int
        Folds that they come from.
    n_resamples, seed : int
        Of the bootstrap.
    """
    if min(marks.group_counts.values()) < LEAST_GROUPS_TO_ESTIMATE:
        return no_quality(marks)
    times = _draw_groups(marks, n_resamples, seed)
    everything = np.ones((1, times.shape[1]))
    against = log_odds(logits)
    auroc = {}
    for c, name in enumerate(marks.classes):
        wins, pairs = _group_wins(against[:, c], marks.class_of == c, marks.group_of)
        value, draws = (_ratio(t, wins, pairs) for t in (everything, times))
        auroc[name] = with_interval(float(value[0]), draws)
    is_right = logits.argmax(axis=1) == marks.class_of
    value, draws = (_balanced_accuracy(is_right, marks, t) for t in (everything, times))
    return Quality(
        auroc=auroc,
        balanced_accuracy=with_interval(float(value[0]), draws),
        n_marks=len(marks),
        n_groups=times.shape[1],
        n_folds=n_folds,
    )


def log_odds(logits: Floats) -> Floats:
    """Log-odds (n, n_classes) of each class's probability, which rank tiles as the probability does."""
    found = []
    for c in range(logits.shape[1]):
        others = np.delete(logits, c, axis=1)
        top = others.max(axis=1)
        found.append(logits[:, c] - top - np.log(np.exp(others - top[:, None]).sum(axis=1)))
    return np.stack(found, axis=1)


def _draw_groups(marks: Marks, n_resamples: int, seed: int) -> Floats:
    """(n_resamples, n_groups) how often each draw holds each group; as many of each class as there are."""
    random = np.random.default_rng(seed)
    n_groups = int(marks.group_of.max()) + 1
    times = np.zeros((n_resamples, n_groups))
    for c in range(len(marks.classes)):
        groups = np.unique(marks.group_of[marks.class_of == c])
        drawn = groups[random.integers(0, len(groups), (n_resamples, len(groups)))]
        np.add.at(times, (np.arange(n_resamples)[:, None], drawn), 1)
    return times


def _group_wins(
    scores: Floats, is_positive: NDArray[np.bool_], group_of: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Pairs of a positive and a negative mark, and those that the positive one wins, by their groups.

    Both (n_groups, n_groups), positive groups down; ties count half. AUROC is the sum of the wins over that
    of the pairs, and so it is for any draw of groups.
    """
    n_groups = int(group_of.max()) + 1
    wins, pairs = np.zeros((n_groups, n_groups)), np.zeros((n_groups, n_groups))
    positive, own = scores[is_positive], group_of[is_positive]
    for group in np.unique(group_of[~is_positive]):
        negative = np.sort(scores[(group_of == group) & ~is_positive])
        below = np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")
        np.add.at(wins[:, group], own, below / 2)
        np.add.at(pairs[:, group], own, len(negative))
    return wins, pairs


def _ratio(times: Floats, wins: Floats, pairs: Floats) -> Floats:
    won, there = (np.einsum("bh,bh->b", np.einsum("bg,gh->bh", times, m), times) for m in (wins, pairs))
    return np.asarray(won / there)


def _balanced_accuracy(is_right: NDArray[np.bool_], marks: Marks, times: Floats) -> Floats:
    shares = []
    for c in range(len(marks.classes)):
        own = marks.class_of == c
        right = np.bincount(marks.group_of[own], is_right[own], times.shape[1])
        there = np.bincount(marks.group_of[own], minlength=times.shape[1])
        shares.append((times @ right) / (times @ there))
    return np.asarray(np.mean(shares, axis=0))
