"""One gene by one arm: correlations within each fold and cancer type, combined, with draws and a null."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.measures.combine import combine_correlations
from histcode_training.measures.predictions import FoldPredictions
from histcode_training.measures.steiger import FEWEST
from napari_histcode.comparison.association import correlation_draws, mean_ranks, pearson, spearman_draws
from napari_histcode.comparison.resampling import BlockDraws
from napari_histcode.statistics.estimate import Estimate, with_interval
from napari_histcode.statistics.patients import draw_patients

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class PatientDraws:
    """Draws and permutations of the patients of each fold, which serve all genes and arms."""

    times: tuple[Floats, ...]
    """Of each fold, (n_resamples, n_slides) how often each draw holds each slide; empty with few patients."""
    orders: tuple[tuple[NDArray[np.intp], ...], ...]
    """Of each fold, permutations of its patients."""

    @property
    def has_times(self) -> bool:
        """Whether every fold has patients enough to draw from."""
        return all(len(times) for times in self.times)


def patient_draws(
    folds: Sequence[FoldPredictions], *, n_resamples: int, n_permutations: int, seed: int
) -> PatientDraws:
    """Draw and permute the patients of each fold."""
    random = np.random.default_rng(seed)
    times = [draw_patients(fold.patient_of, n_resamples=n_resamples, random=random) for fold in folds]
    orders = []
    for fold in folds:
        n_patients = int(fold.patient_of.max()) + 1
        orders.append(tuple(random.permutation(n_patients) for _ in range(n_permutations)))
    return PatientDraws(times=tuple(times), orders=tuple(orders))


@dataclass(frozen=True, kw_only=True, eq=False)
class GenePart:
    """Slides of one fold and cancer type with a measured value."""

    fold: FoldPredictions
    """The fold."""
    number: int
    """Its number."""
    rows: NDArray[np.intp]
    """Its slides that count."""
    measured: Floats
    """(n,) measured values of these."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SeedCorrelations:
    """What one seed of an arm says of a gene, combined over its parts."""

    pearson: float
    """Of all slides."""
    spearman: float
    """The same."""
    pearson_draws: Floats
    """(n_resamples,)."""
    spearman_draws: Floats
    """(n_resamples,)."""
    null: Floats
    """(n_permutations,) Pearson correlation with the patients' values exchanged."""


def gene_parts(folds: Sequence[FoldPredictions], k: int) -> tuple[GenePart, ...]:
    """Slides of a gene by fold and cancer type; parts too small to correlate are left out."""
    parts = []
    for number, fold in enumerate(folds):
        known = np.isfinite(fold.targets[:, k])
        cancers = np.asarray(fold.cancers)
        for cancer in sorted(set(fold.cancers)):
            rows = np.flatnonzero(known & (cancers == cancer))
            if len(rows) >= FEWEST and np.ptp(fold.targets[rows, k]) > 0:
                measured = fold.targets[rows, k].astype(np.float64)
                parts.append(GenePart(fold=fold, number=number, rows=rows, measured=measured))
    return tuple(parts)


def correlate(
    parts: Sequence[GenePart], predicted: Sequence[Floats], draws: PatientDraws
) -> SeedCorrelations:
    """Correlate one seed's predictions with what was measured.

    Parameters
    ----------
    parts : sequence of GenePart
        At least one.
    predicted : sequence of ndarray
        (n,) of each part.
    draws : PatientDraws
        Of all folds.
    """

    def combined(statistic: Callable[[GenePart, Floats], Floats | float]) -> Floats:
        return combine_parts(parts, [statistic(part, x) for part, x in zip(parts, predicted, strict=True)])

    return SeedCorrelations(
        pearson=float(combined(lambda part, x: pearson(x, part.measured))[0]),
        spearman=float(combined(lambda part, x: pearson(mean_ranks(x), mean_ranks(part.measured)))[0]),
        pearson_draws=combined(lambda part, x: correlation_draws(x, part.measured, _blocks(part, draws))),
        spearman_draws=combined(lambda part, x: spearman_draws(x, part.measured, _blocks(part, draws))),
        null=combined(lambda part, x: _permuted(part, x, draws.orders[part.number])),
    )


def combine_parts(parts: Sequence[GenePart], values: Sequence[Floats | float]) -> Floats:
    """Combine correlations of each part, weighted by n - 3."""
    weights = np.array([len(part.rows) - 3 for part in parts], np.float64)
    n = min(np.size(one) for one in values)
    return combine_correlations(np.stack([np.atleast_1d(one)[:n] for one in values]), weights)


def root_mean_square(
    folds: Sequence[FoldPredictions],
    raw: Sequence[NDArray[np.float32]],
    k: int,
    draws: PatientDraws | None = None,
) -> Estimate:
    """Root of the mean squared error over all slides and seeds.

    Parameters
    ----------
    folds : sequence of FoldPredictions
        With the measured values.
    raw : sequence of ndarray
        (n_seeds, n_slides) predictions of each fold.
    k : int
        Number of the gene.
    draws : PatientDraws, optional
        For the interval.
    """
    known = [np.isfinite(fold.targets[:, k]) for fold in folds]
    errors = [
        np.square(values[:, rows].astype(np.float64) - fold.targets[rows, k]).mean(axis=0)
        for fold, values, rows in zip(folds, raw, known, strict=True)
    ]
    n = sum(len(error) for error in errors)
    if not n:
        return with_interval(np.nan, np.empty(0), reason="no slide has a value")
    value = float(np.sqrt(sum(float(error.sum()) for error in errors) / n))
    if draws is None or not draws.has_times:
        return with_interval(value, np.empty(0))
    drawn = [times[:, rows] for times, rows in zip(draws.times, known, strict=True)]
    squares = np.sum([times @ error for times, error in zip(drawn, errors, strict=True)], axis=0)
    counts = np.sum([times.sum(axis=1) for times in drawn], axis=0)
    mean = np.divide(squares, counts, out=np.full(len(squares), np.nan), where=counts > 0)
    return with_interval(value, np.sqrt(mean))


def _blocks(part: GenePart, draws: PatientDraws) -> BlockDraws:
    """Draws of patients as draws of blocks of one slide each."""
    times = draws.times[part.number][:, part.rows].astype(np.float32)
    return BlockDraws(block_of=np.arange(len(part.rows)), n_blocks=len(part.rows), times=times)


def _permuted(part: GenePart, x: Floats, orders: Sequence[NDArray[np.intp]]) -> Floats:
    """Correlations with the patients' mean values exchanged among the patients of this part."""
    if not orders:
        return np.empty(0)
    patient_of = part.fold.patient_of
    present, place = np.unique(patient_of[part.rows], return_inverse=True)
    mean = np.bincount(place, weights=part.measured) / np.bincount(place)
    number = np.full(int(patient_of.max()) + 1, -1)
    number[present] = np.arange(len(present))
    moved = np.stack([mean[number[order][number[order] >= 0]][place] for order in orders])
    moved -= moved.mean(axis=1, keepdims=True)
    x = x - x.mean()
    spread = np.square(moved).sum(axis=1) * np.square(x).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(moved @ x / np.sqrt(np.where(spread > 0, spread, np.nan)))
