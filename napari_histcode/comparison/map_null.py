"""The statistics of one map under shifts of the annotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.association import mean_ranks
from napari_histcode.comparison.overlap import overlap_rates
from napari_histcode.comparison.reference import TileReference
from napari_histcode.comparison.shift_null import LabelShifts, NullTest, null_test
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.comparison.weighted_ranking import ranking_statistics, sort_scores

AUROC, AVERAGE_PRECISION, DICE, ENRICHMENT, AREA = (
    "AUROC",
    "average precision",
    "Dice, fixed threshold",
    "enrichment",
    "Spearman with annotated area",
)
"""Names of the tests."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What the map reaches where the annotation is; NaN where it is not defined."""

    auroc: float
    """Area under the ROC curve."""
    average_precision: float
    """Average precision."""
    dice: float
    """At the fixed threshold."""
    enrichment: float
    """Of the mass; NaN for maps without one, which are not tested."""
    area: float
    """Spearman's correlation with the annotated area; NaN for maps that are not tested for it."""


def shift_tests(
    values: NDArray[np.float64],
    taken: NDArray[np.bool_],
    reference: TileReference,
    shifts: LabelShifts,
    observed: Observed,
) -> tuple[NullTest, ...]:
    """Test what a map reaches against shifts of the annotation.

    Parameters
    ----------
    values : ndarray, (n_tiles,)
        The map.
    taken : ndarray of bool, (n_tiles,)
        Tiles above the fixed threshold.
    reference : TileReference
        The reference.
    shifts : LabelShifts
        Where to move it.
    observed : Observed
        What the map reaches; only what is defined is tested, AUROC and average precision always.

    Returns
    -------
    tuple of NullTest
        The correlation is tested on both sides, all else for being greater than by chance.
    """
    null = {name: np.empty(0) for name in (AUROC, AVERAGE_PRECISION, DICE, ENRICHMENT)}
    if len(shifts) and np.isfinite(values).any():
        null = _null(values, taken, reference, shifts)
    tests = [
        null_test(AUROC, observed.auroc, null[AUROC], reason=shifts.reason),
        null_test(
            AVERAGE_PRECISION, observed.average_precision, null[AVERAGE_PRECISION], reason=shifts.reason
        ),
    ]
    if np.isfinite(observed.dice):
        tests.append(null_test(DICE, observed.dice, null[DICE], reason=shifts.reason))
    if np.isfinite(observed.enrichment):
        tests.append(null_test(ENRICHMENT, observed.enrichment, null[ENRICHMENT], reason=shifts.reason))
    if np.isfinite(observed.area):
        drawn = _area_null(values, reference, shifts) if len(shifts) else np.empty(0)
        tests.append(null_test(AREA, observed.area, drawn, is_two_sided=True, reason=shifts.reason))
    return tuple(tests)


def _null(
    values: NDArray[np.float64], taken: NDArray[np.bool_], reference: TileReference, shifts: LabelShifts
) -> dict[str, NDArray[np.float64]]:
    """Compute everything that follows from the shifted labels, (n_shifts,) by name."""
    known = np.flatnonzero(np.isfinite(values))
    ordered = sort_scores(values[known])
    tiles = known[ordered.order]  # labels come in the order of the ranking, so that none has to be moved
    mass = values[tiles] / (np.abs(values[tiles]).sum() or 1)
    columns = np.stack([taken[tiles], mass, np.ones(len(tiles))], axis=1).astype(np.float32)
    parts = []
    for labels in shifts.chunks(reference.labels, fill=TileLabel.OUTSIDE, tiles=tiles):
        positive = (labels == TileLabel.POSITIVE).astype(np.float32)
        negative = (labels == TileLabel.NEGATIVE).astype(np.float32)
        tp, mass_inside, n_positive = (positive @ columns).T.astype(np.float64)
        fp, mass_outside, n_negative = (negative @ columns).T.astype(np.float64)
        counts = np.stack([tp, fp, n_positive - tp, n_negative - fp], axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = mass_inside / (mass_inside + mass_outside)
            enrichment = share * (n_positive + n_negative) / n_positive
        ranking = ranking_statistics(positive, negative, ordered.ends, max_fpr=0.1)
        parts.append([ranking.auroc, ranking.average_precision, overlap_rates(counts)[:, 0], enrichment])
    joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return dict(zip((AUROC, AVERAGE_PRECISION, DICE, ENRICHMENT), joined, strict=True))


def _area_null(
    values: NDArray[np.float64], reference: TileReference, shifts: LabelShifts
) -> NDArray[np.float64]:
    """Correlate ranks of the map, which stay, with ranks of the annotated area, which move: (n_shifts,)."""
    known = np.flatnonzero(np.isfinite(values))
    x = mean_ranks(values[known])
    x = (x - x.mean()) / (x.std() or 1)
    area = np.full(len(values), np.nan)
    area[reference.assessed] = mean_ranks(reference.fraction[reference.assessed])
    area = (area - np.nanmean(area)) / (np.nanstd(area) or 1)
    columns = np.stack([np.ones(len(x)), x, x * x], axis=1)
    parts = []
    for y in shifts.chunks(area, fill=np.nan, tiles=known):
        is_known = np.isfinite(y)
        y[~is_known] = 0
        n, sum_x, sum_xx = (is_known.astype(np.float64) @ columns).T
        _, sum_xy, _ = (y @ columns).T
        sum_y, sum_yy = y.sum(axis=1), np.einsum("ij,ij->i", y, y)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (sum_xx - sum_x**2 / n) * (sum_yy - sum_y**2 / n)
            parts.append((sum_xy - sum_x * sum_y / n) / np.sqrt(np.where(spread > 1e-9, spread, np.nan)))
    return np.concatenate(parts)
