"""Figures with the draws of their bootstrap, and differences between two encoders on the same draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.measures.class_statistics import (
    Scored,
    balanced_accuracy,
    fold_auroc,
    mean_auroc,
)
from histcode_training.measures.combine import combine_correlations
from napari_histcode.comparison.association import correlation_draws, pearson
from napari_histcode.comparison.resampling import BlockDraws
from napari_histcode.statistics.estimate import Estimate, with_interval

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """One statistic of one encoder."""

    value: float
    """On everything that was tested."""
    draws: Floats
    """(n_resamples,) on each draw; the same draws for all encoders."""
    reason: str = ""
    """Why there are no draws."""

    @property
    def estimate(self) -> Estimate:
        """The value with its 95 % interval."""
        return with_interval(self.value, self.draws, reason=self.reason)

    def less(self, other: Figure) -> Estimate:
        """Return the difference to another encoder's, with the interval of the difference: paired draws."""
        return with_interval(self.value - other.value, self.draws - other.draws, reason=self.reason)


def is_outside(difference: Estimate) -> bool:
    """Whether the interval of a difference holds no zero."""
    return bool(difference.low > 0 or difference.high < 0)


def class_figures(
    probability: Floats,
    class_of: NDArray[np.intp],
    fold_of: NDArray[np.intp],
    draws: BlockDraws,
    names: Sequence[str],
) -> dict[str, Figure]:
    """Measure predicted classes.

    Parameters
    ----------
    probability : ndarray, (n, n_classes)
        What a probe says; from several folds, each tile by the probe that did not see it.
    class_of : ndarray of int, (n,)
        The reference.
    fold_of : ndarray of int, (n,)
        Fold of each tile: AUROC compares tiles of one fold alone, since two probes may differ in level.
    draws : BlockDraws
        Fields, slides or groups drawn with replacement.
    names : sequence of str
        Classes as people read them.

    Returns
    -------
    dict
        "balanced accuracy", "accuracy", "mean AUROC" and "AUROC, <class>".
    """
    target = np.eye(len(names))[class_of]
    scored = Scored(probability=probability, target=target, fold=fold_of)
    one = np.ones((1, len(class_of)))
    weights = draws.times[:, draws.block_of].astype(np.float64)
    is_right = probability.argmax(axis=1) == class_of

    def figure(value: Floats, drawn: Floats) -> Figure:
        return Figure(value=float(value[0]), draws=drawn, reason=draws.reason)

    found = {
        "balanced accuracy": figure(
            balanced_accuracy(scored, one, "multi_class"), balanced_accuracy(scored, weights, "multi_class")
        ),
        "accuracy": figure(np.array([is_right.mean()]), weights @ is_right / weights.sum(axis=1)),
        "mean AUROC": figure(mean_auroc(scored, one), mean_auroc(scored, weights)),
    }
    for k, name in enumerate(names):
        found[f"AUROC, {name}"] = figure(fold_auroc(scored, one, k), fold_auroc(scored, weights, k))
    return found


def correlation_figures(
    predicted: Sequence[Floats], measured: Sequence[Floats], draws: Sequence[BlockDraws], names: Sequence[str]
) -> dict[str, Figure]:
    """Measure predicted quantities by Pearson's correlation within each section.

    Parameters
    ----------
    predicted, measured : sequence of ndarray
        Each (n_spots, n_outputs), one a section.
    draws : sequence of BlockDraws
        Blocks of spots of each section; sections are drawn independently of each other.
    names : sequence of str
        Outputs.

    Returns
    -------
    dict
        "mean Pearson" over the outputs, and "Pearson, <output>" combined over sections by Fisher's z. A
        prediction that is the same everywhere counts as 0.
    """
    found: dict[str, Figure] = {}
    reason = next((one.reason for one in draws if one.reason), "")
    for k, name in enumerate(names):
        values, drawn = [], []
        for guess, truth, of_section in zip(predicted, measured, draws, strict=True):
            x, y = np.ascontiguousarray(guess[:, k]), np.ascontiguousarray(truth[:, k])
            n = len(of_section.times)
            is_constant = np.ptp(x) <= 1e-9 * max(1.0, float(np.abs(x).max()))
            values.append(0.0 if is_constant else pearson(x, y))
            drawn.append(np.zeros(n) if is_constant else correlation_draws(x, y, of_section))
        n = min(len(one) for one in drawn)
        found[f"Pearson, {name}"] = Figure(
            value=float(combine_correlations(np.array(values)[:, None])[0]),
            draws=combine_correlations(np.stack([one[:n] for one in drawn])) if n else np.empty(0),
            reason=reason,
        )
    own = list(found.values())
    mean = Figure(
        value=_mean(np.array([[figure.value] for figure in own]))[0],
        draws=_mean(np.stack([figure.draws for figure in own])),
        reason=reason,
    )
    return {"mean Pearson": mean, **found}


def _mean(values: Floats) -> Floats:
    """Mean along the first axis of what is known."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.asarray(np.divide(total, n, out=np.full(values.shape[1:], np.nan), where=n > 0))
