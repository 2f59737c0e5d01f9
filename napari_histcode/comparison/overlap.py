"""How well a thresholded map overlaps a pathologist's regions: counts of tiles, and areas.

Counts compare positive and negative tiles, border tiles apart. Areas compare the taken cells with the
polygons themselves, border tiles included, so that they can be held against the ceiling of the tile grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.boundary import Boundary
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.reference import TileReference
from napari_histcode.comparison.resampling import BlockDraws
from napari_histcode.comparison.thresholds import Threshold
from napari_histcode.statistics.estimate import NAN, Estimate, undefined, with_interval


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A two-by-two table of tiles."""

    true_positive: int
    """Positive tiles that are taken."""
    false_positive: int
    """Negative tiles that are taken."""
    false_negative: int
    """Positive tiles that are not."""
    true_negative: int
    """Negative tiles that are not."""


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A map at one threshold beside the reference."""

    threshold: Threshold
    """The cut and its rule."""
    counts: Counts
    """Tiles; border tiles do not count."""
    dice: Estimate
    """2 TP / (2 TP + FP + FN)."""
    iou: Estimate
    """TP / (TP + FP + FN)."""
    sensitivity: Estimate
    """TP / (TP + FN)."""
    specificity: Estimate
    """TN / (TN + FP)."""
    ppv: Estimate
    """Positive predictive value, TP / (TP + FP)."""
    npv: Estimate
    """Negative predictive value, TN / (TN + FN)."""
    taken_mm2: float
    """Area of the taken cells where somebody looked, square millimetres."""
    slide_mm2: float
    """Area of the taken cells on the whole slide, square millimetres."""
    area_dice: float
    """Dice of the taken cells with the polygons, by area: what the ceiling bounds."""
    boundary: Boundary | None = None
    """Distances between the outlines of both; None where not asked for."""


NAMES = ("dice", "iou", "sensitivity", "specificity", "ppv", "npv")


def overlap_rates(counts: NDArray[np.floating]) -> NDArray[np.float64]:
    """Compute Dice, IoU, sensitivity, specificity, PPV and NPV from counts.

    Parameters
    ----------
    counts : ndarray, (..., 4)
        True positives, false positives, false negatives, true negatives.

    Returns
    -------
    ndarray of float64, (..., 6)
        In the order of `NAMES`; NaN where the denominator is zero.
    """
    tp, fp, fn, tn = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    above = np.stack([2 * tp, tp, tp, tn, tp, tn], axis=-1)
    below = np.stack([2 * tp + fp + fn, tp + fp + fn, tp + fn, tn + fp, tp + fp, tn + fn], axis=-1)
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def taken_tiles(values: NDArray[np.floating], threshold: Threshold) -> NDArray[np.bool_]:
    """(n_tiles,) tiles with at least the threshold; none where the threshold or the value is NaN."""
    with np.errstate(invalid="ignore"):
        return np.asarray(values >= threshold.value)


def area_dice(taken: NDArray[np.bool_], reference: TileReference, lattice: TileLattice) -> float:
    """Dice of taken cells with the positive polygons, exact by area; NaN without positive area.

    Only cells where somebody looked take part, and the whole area of the polygons, on tiles or not.
    """
    total = reference.area_mm2
    if not total > 0:
        return NAN
    chosen = taken & reference.assessed
    common = float(reference.cell_fraction[chosen].sum()) * lattice.cell_mm2
    return 2 * common / (int(chosen.sum()) * lattice.cell_mm2 + total)


def measure_overlap(
    values: NDArray[np.float64],
    threshold: Threshold,
    reference: TileReference,
    lattice: TileLattice,
    draws: BlockDraws,
    *,
    counts: NDArray[np.bool_],
    boundary: Boundary | None = None,
) -> Overlap:
    """Compare a map at one threshold with the reference.

    Parameters
    ----------
    values : ndarray, (n_tiles,)
        The map; tiles without a finite value are never taken.
    threshold : Threshold
        The cut.
    reference : TileReference
        The reference.
    lattice : TileLattice
        Cells of the tiles.
    draws : BlockDraws
        Bootstrap over the tiles that count.
    counts : ndarray of bool, (n_tiles,)
        The tiles that count.
    boundary : Boundary, optional
        Distances of the outlines, which are measured apart.
    """
    taken = taken_tiles(values, threshold)
    is_positive, chosen = reference.is_positive[counts], taken[counts]
    table = np.stack(
        [is_positive & chosen, ~is_positive & chosen, is_positive & ~chosen, ~is_positive & ~chosen], axis=-1
    )
    tp, fp, fn, tn = (int(n) for n in table.sum(axis=0))
    rates = dict(zip(NAMES, _rates(table, draws, threshold), strict=True))
    is_cut = np.isfinite(threshold.value)
    return Overlap(
        threshold=threshold,
        counts=Counts(true_positive=tp, false_positive=fp, false_negative=fn, true_negative=tn),
        **rates,
        taken_mm2=float((taken & reference.assessed).sum()) * lattice.cell_mm2 if is_cut else NAN,
        slide_mm2=float(taken.sum()) * lattice.cell_mm2 if is_cut else NAN,
        area_dice=area_dice(taken, reference, lattice) if is_cut else NAN,
        boundary=boundary,
    )


def _rates(table: NDArray[np.bool_], draws: BlockDraws, threshold: Threshold) -> list[Estimate]:
    if not np.isfinite(threshold.value):
        return [undefined(threshold.reason)] * len(NAMES)
    if not len(table):
        return [undefined("no tile counts")] * len(NAMES)
    values = overlap_rates(table.sum(axis=0))
    drawn = overlap_rates(draws.sums(table)) if len(draws.times) else np.empty((0, len(NAMES)))
    return [
        with_interval(
            float(value), drawn[:, k], reason=draws.reason if np.isfinite(value) else _WHY_UNDEFINED[name]
        )
        for k, (name, value) in enumerate(zip(NAMES, values, strict=True))
    ]


_WHY_UNDEFINED = {
    "dice": "no tile is positive or taken",
    "iou": "no tile is positive or taken",
    "sensitivity": "no tile is positive",
    "specificity": "no tile is negative",
    "ppv": "no tile is taken",
    "npv": "every tile is taken",
}
