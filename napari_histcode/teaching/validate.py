"""Cross-validation by groups of touching marks: how strongly to regularise, and what to expect.

Neighbouring tiles look alike, so that a tile must never be tested by a classifier that learned from the one
beside it. Whole groups are left out: a region, or clicked tiles that touch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.progress import CancelToken, Progress, ProgressCallback
from napari_histcode.teaching.logistic import (
    Floats,
    Solution,
    balanced_weights,
    fit,
    log_probabilities,
)
from napari_histcode.teaching.marks import Marks

STRENGTHS = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Strengths of regularisation that are tried, the strongest first."""
USUAL_STRENGTH = 0.01
"""Strength where there are too few groups to choose one."""
N_FOLDS = 5
"""Parts of the marks, at most; fewer where a class has fewer groups."""
LEAST_GROUPS = 2
"""Groups that every class needs for a strength to be chosen."""

STAGE = "teaching"


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """What was found with every group left out once."""

    strength: float
    """Strength with the least loss; the stronger one of equals."""
    losses: tuple[float, ...]
    """Mean loss for each of `STRENGTHS`, each class counting the same."""
    logits: Floats
    """(n_marks, n_classes) of each mark by the classifier that did not see its group, at that strength."""
    n_folds: int
    """Number of folds."""


def fold_groups(marks: Marks, n_folds: int = N_FOLDS) -> NDArray[np.intp] | None:
    """Deal whole groups into folds, so that every fold has a group of every class.

    In each class the largest group comes first and goes to the fold that has the fewest marks of the class so
    far: nothing is random.

    Returns
    -------
    ndarray of int, (n_marks,) or None
        Fold of each mark; None if a class has fewer than `LEAST_GROUPS` groups.
    """
    n_folds = min(n_folds, *marks.group_counts.values())
    if n_folds < LEAST_GROUPS:
        return None
    fold_of = np.empty(len(marks), np.intp)
    for c in range(len(marks.classes)):
        own = np.flatnonzero(marks.class_of == c)
        groups, counts = np.unique(marks.group_of[own], return_counts=True)
        filled = np.zeros(n_folds, np.intp)
        for k in np.argsort(-counts, kind="stable"):
            fold = int(np.argmin(filled))
            filled[fold] += counts[k]
            fold_of[own[marks.group_of[own] == groups[k]]] = fold
    return fold_of


def cross_validate(
    samples: Floats,
    marks: Marks,
    fold_of: NDArray[np.intp],
    *,
    strengths: tuple[float, ...] = STRENGTHS,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> CrossValidation:
    """Fit on all folds but one, and test on that one, for every fold and strength.

    Parameters
    ----------
    samples : ndarray, (n_marks, rank)
        Rotated samples: a rotation of all of them is the same for each part.
    marks : Marks
        Their classes and groups.
    fold_of : ndarray of int, (n_marks,)
        From `fold_groups`.
    strengths : tuple of float
        What is tried, from the strongest on.
    progress : callable
        Called once a fit.
    cancel : CancelToken
        Looked at as often.

    Raises
    ------
    AnalysisCancelledError
        If it was cancelled.
    """
    n_folds, n_classes = int(fold_of.max()) + 1, len(marks.classes)
    logits = np.empty((len(strengths), len(marks), n_classes))
    for fold in range(n_folds):
        learns, tests = fold_of != fold, fold_of == fold
        solution: Solution | None = None
        for k, strength in enumerate(strengths):
            cancel.raise_if_cancelled()
            done = fold * len(strengths) + k
            progress(Progress(stage=STAGE, done=done, total=n_folds * len(strengths), unit="fits"))
            solution = fit(samples[learns], marks.class_of[learns], n_classes, strength, start=solution)
            logits[k, tests] = solution.logits(samples[tests])
    weight = balanced_weights(marks.class_of, n_classes)
    rows = np.arange(len(marks))
    losses = [-float(weight @ log_probabilities(one)[rows, marks.class_of]) for one in logits]
    best = int(np.argmin(losses))
    return CrossValidation(
        strength=strengths[best], losses=tuple(losses), logits=logits[best], n_folds=n_folds
    )
