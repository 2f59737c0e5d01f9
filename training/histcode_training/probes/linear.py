"""Linear probes whose penalty is chosen inside the training part, the same procedure for every encoder.

Features are standardised by what is learned from. The penalty is the one that predicts groups (slides,
photographs, sections) best that the fit did not see: by the log loss of classes, which weigh the same, or by
the squared error of quantities, each in units of its spread. Among equals the strongest penalty wins. Then
the probe is fitted on the whole training part.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.errors import SplitError
from histcode_training.probes.recipe import LinearConfig
from histcode_training.probes.scaling import fit_standardiser

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """What a probe says of tiles that it has not seen."""

    values: Floats
    """(n, n_outputs) probabilities of classes, or quantities."""
    penalty: float
    """The chosen penalty."""


def predict_classes(
    features: NDArray[np.float32],
    class_of: NDArray[np.intp],
    groups: Sequence[Hashable],
    test: NDArray[np.float32],
    config: LinearConfig,
) -> Prediction:
    """Learn classes from one part and predict another by L2 logistic regression.

    Parameters
    ----------
    features : ndarray, (n, feature_dim)
        The training part.
    class_of : ndarray of int, (n,)
        Its classes, 0 to n_classes - 1, each of which it holds.
    groups : sequence, (n,)
        What stays together when the penalty is chosen.
    test : ndarray, (n_test, feature_dim)
        The part to predict.
    config : LinearConfig
        Penalties and inner folds.

    Returns
    -------
    Prediction
        Probabilities (n_test, n_classes); classes weigh the same, however many tiles they have.

    Raises
    ------
    SplitError
        If there are too few groups of a class for the inner folds.
    """
    n_classes = int(class_of.max()) + 1
    losses = np.zeros(len(config.penalties))
    weight = 1 / np.bincount(class_of, minlength=n_classes)[class_of]
    for train, held in inner_folds(class_of, groups, config.inner_folds):
        path = _logistic_path(features[train], class_of[train], features[held], config, config.penalties)
        for number, probability in enumerate(path):
            own = np.take_along_axis(probability, class_of[held, None], axis=1)[:, 0]
            losses[number] -= float((weight[held] * np.log(np.maximum(own, 1e-12))).sum())
    penalty = config.penalties[_best(losses)]
    (values,) = _logistic_path(features, class_of, test, config, (penalty,))
    return Prediction(values=values, penalty=penalty)


def predict_quantities(
    features: Sequence[NDArray[np.float32]],
    measured: Sequence[Floats],
    test: NDArray[np.float32],
    config: LinearConfig,
) -> Prediction:
    """Learn quantities from some sections and predict another by ridge regression.

    Parameters
    ----------
    features, measured : sequence of ndarray
        (n_spots, feature_dim) and (n_spots, n_outputs) of each training section, at least two.
    test : ndarray, (n_test, feature_dim)
        The section to predict.
    config : LinearConfig
        Penalties; each section in turn is predicted from the others to choose one for all outputs.
    """
    errors = np.zeros(len(config.ridge_penalties))
    spread = np.maximum(np.concatenate(list(measured)).std(axis=0), 1e-12)
    for k in range(len(features)):
        rest = [j for j in range(len(features)) if j != k]
        x, y = np.concatenate([features[j] for j in rest]), np.concatenate([measured[j] for j in rest])
        for number, guess in enumerate(_ridge_path(x, y, features[k], config.ridge_penalties)):
            errors[number] += float(np.square((guess - measured[k]) / spread).sum())
    penalty = config.ridge_penalties[_best(errors)]
    (values,) = _ridge_path(np.concatenate(list(features)), np.concatenate(list(measured)), test, (penalty,))
    return Prediction(values=values, penalty=penalty)


def inner_folds(
    class_of: NDArray[np.intp], groups: Sequence[Hashable], n_folds: int
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Divide the training part by group, classes as even as groups allow; there is no chance in it.

    Returns
    -------
    list of tuple
        Positions to learn from and to predict. A fold that would leave no tile of a class to learn from is
        left out.

    Raises
    ------
    SplitError
        If no fold is left.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    _, group_of = np.unique([str(group) for group in groups], return_inverse=True)
    n_classes, n_groups = len(np.unique(class_of)), len(np.unique(group_of))
    folds = []
    if n_groups > 1:
        division = StratifiedGroupKFold(min(n_folds, n_groups)).split(group_of[:, None], class_of, group_of)
        folds = [
            (train, held)
            for train, held in division
            if len(held) and len(np.unique(class_of[train])) == n_classes
        ]
    if not folds:
        raise SplitError(
            f"{n_groups} slides or groups with {n_classes} classes cannot be divided so that each part has "
            "all classes to learn from.",
            advice="A class needs two slides or groups in the part to learn from.",
        )
    return folds


def _logistic_path(
    features: NDArray[np.float32],
    class_of: NDArray[np.intp],
    test: NDArray[np.float32],
    config: LinearConfig,
    penalties: Sequence[float],
) -> list[Floats]:
    """Probabilities (n_test, n_classes) for every penalty; the strongest first, each warm from the last."""
    from sklearn.linear_model import LogisticRegression

    standardise = fit_standardiser(features)
    x, new = standardise(features), standardise(test)
    model = LogisticRegression(class_weight="balanced", max_iter=config.max_iterations, warm_start=True)
    found = {}
    for penalty in sorted(penalties, reverse=True):
        model.set_params(C=1 / penalty)
        model.fit(x, class_of)
        found[penalty] = np.asarray(model.predict_proba(new), np.float64)
    return [found[penalty] for penalty in penalties]


def _ridge_path(
    features: NDArray[np.float32], measured: Floats, test: NDArray[np.float32], penalties: Sequence[float]
) -> list[Floats]:
    """Predictions (n_test, n_outputs) for every penalty."""
    from sklearn.linear_model import Ridge

    standardise = fit_standardiser(features)
    x, new = standardise(features), standardise(test)
    return [
        np.asarray(Ridge(alpha=penalty).fit(x, measured).predict(new), np.float64) for penalty in penalties
    ]


def _best(losses: Floats) -> int:
    """Position of the least loss; the last, strongest one among equals."""
    return int(len(losses) - 1 - np.argmin(losses[::-1]))
