r"""Agreement of two or more raters who sort the same tiles into classes.

With observed and expected disagreement :math:`D_o, D_e`, all coefficients are :math:`1 - D_o / D_e`: 1 is
perfect agreement, 0 what chance would give. They differ in what chance means: Cohen keeps each rater's own
class frequencies (Educ Psychol Meas 1960;20:37, weighted: Psychol Bull 1968;70:213), Fleiss the pooled ones
(Psychol Bull 1971;76:378), and Krippendorff pools them without replacement and takes missing ratings
(Content Analysis, 2004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.config import KappaWeights
from napari_histcode.statistics.estimate import NAN


def confusion_matrix(
    reference: NDArray[np.integer], predicted: NDArray[np.integer], n_classes: int
) -> NDArray[np.int64]:
    """Count pairs of classes.

    Parameters
    ----------
    reference, predicted : ndarray of int, (n,)
        Classes 0 to n_classes - 1; pairs with a negative one (missing) do not count.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of int64, (n_classes, n_classes)
        Rows are the reference, columns the prediction.
    """
    is_rated = (reference >= 0) & (predicted >= 0)
    pairs = reference[is_rated].astype(np.int64) * n_classes + predicted[is_rated]
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def kappa_of(matrix: NDArray[np.floating] | NDArray[np.integer], *, weights: KappaWeights = "none") -> float:
    """Cohen's kappa of a confusion matrix (n_classes, n_classes); NaN where chance alone agrees fully."""
    return float(kappas_of(np.asarray(matrix, np.float64)[None], weights=weights)[0])


def kappas_of(matrices: NDArray[np.float64], *, weights: KappaWeights = "none") -> NDArray[np.float64]:
    """Cohen's kappa of many confusion matrices.

    Parameters
    ----------
    matrices : ndarray, (n, n_classes, n_classes)
        Counts.
    weights : {"none", "linear", "quadratic"}
        How disagreement grows with the distance of ordered classes.

    Returns
    -------
    ndarray of float64, (n,)
        -1 to 1; NaN where all ratings are of one class.
    """
    n_classes = matrices.shape[-1]
    distance = np.abs(np.subtract.outer(np.arange(n_classes), np.arange(n_classes))).astype(np.float64)
    weight = {"none": (distance > 0).astype(np.float64), "linear": distance, "quadratic": distance**2}[
        weights
    ]
    total = matrices.sum(axis=(1, 2))
    expected = matrices.sum(axis=2)[:, :, None] * matrices.sum(axis=1)[:, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (weight * matrices).sum(axis=(1, 2)) * total / (weight * expected).sum(axis=(1, 2))
    return np.where(np.isfinite(ratio), 1 - ratio, np.nan)


def cohen_kappa(
    first: NDArray[np.integer], second: NDArray[np.integer], *, weights: KappaWeights = "none"
) -> float:
    """Cohen's kappa of two raters.

    Parameters
    ----------
    first, second : ndarray of int, (n,)
        Classes 0, 1, 2 ...; negative where a rater said nothing.
    weights : {"none", "linear", "quadratic"}
        How disagreement grows with the distance of ordered classes.
    """
    n_classes = int(max(first.max(initial=0), second.max(initial=0))) + 1
    return kappa_of(confusion_matrix(first, second, n_classes), weights=weights)


def fleiss_kappa(ratings: NDArray[np.integer]) -> float:
    """Fleiss' kappa of several raters, over the items that all of them rated.

    Parameters
    ----------
    ratings : ndarray of int, (n_items, n_raters)
        Classes 0, 1, 2 ...; negative where a rater said nothing.

    Returns
    -------
    float
        NaN with fewer than two raters, without complete items, or where all ratings are of one class.
    """
    complete = ratings[(ratings >= 0).all(axis=1)] if ratings.size else ratings
    n_raters = ratings.shape[1]
    if not len(complete) or n_raters < 2:
        return NAN
    counts = _class_counts(complete)
    agreement = ((counts**2).sum(axis=1) - n_raters) / (n_raters * (n_raters - 1))
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return float((agreement.mean() - chance) / (1 - chance)) if chance < 1 else NAN


def krippendorff_alpha(ratings: NDArray[np.integer], *, weights: KappaWeights = "none") -> float:
    """Krippendorff's alpha of several raters, missing ratings allowed.

    Parameters
    ----------
    ratings : ndarray of int, (n_items, n_raters)
        Classes 0, 1, 2 ...; negative where a rater said nothing. Items with one rating do not count.
    weights : {"none", "linear", "quadratic"}
        Nominal classes, or distance of ordered ones ("quadratic" is the interval metric).

    Returns
    -------
    float
        NaN without an item that two raters rated, or where all ratings are of one class.
    """
    if not ratings.size or ratings.max() < 0:
        return NAN
    counts = _class_counts(ratings)
    n_rated = counts.sum(axis=1)
    counts, n_rated = counts[n_rated >= 2], n_rated[n_rated >= 2]
    n = float(n_rated.sum())
    if not n:
        return NAN
    n_classes = counts.shape[1]
    distance = np.abs(np.subtract.outer(np.arange(n_classes), np.arange(n_classes))).astype(np.float64)
    metric = {"none": (distance > 0).astype(np.float64), "linear": distance, "quadratic": distance**2}[
        weights
    ]
    scaled = counts / (n_rated - 1)[:, None]
    coincidence = scaled.T @ counts - np.diag(scaled.sum(axis=0))
    frequency = coincidence.sum(axis=1)
    expected = (np.outer(frequency, frequency) * metric).sum() / (n - 1)  # the diagonal has no distance
    return float(1 - (coincidence * metric).sum() / expected) if expected > 0 else NAN


def dice_of(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Dice of two sets of tiles; NaN where both are empty."""
    size = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / size if size else NAN


def _class_counts(ratings: NDArray[np.integer]) -> NDArray[np.float64]:
    """(n_items, n_classes) how many raters chose each class."""
    n_classes = int(ratings.max()) + 1
    return np.stack([(ratings == k).sum(axis=1) for k in range(n_classes)], axis=1).astype(np.float64)
