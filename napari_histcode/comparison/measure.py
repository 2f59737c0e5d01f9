"""Measure one map against the reference, with everything that all maps of a slide share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.association import Association, associate
from napari_histcode.comparison.boundary import (
    Outline,
    boundary_distances,
    outline_of_tiles,
    tolerance_of,
)
from napari_histcode.comparison.comparison import CutOff, Gain, MapComparison
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.curves import threshold_curve
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.lesions import LesionTiles, find_candidates, froc
from napari_histcode.comparison.map_null import Observed, shift_tests
from napari_histcode.comparison.overlap import Overlap, measure_overlap, overlap_rates, taken_tiles
from napari_histcode.comparison.probabilities import calibrate
from napari_histcode.comparison.ranking import Ranking, auroc, average_precision, rank_tiles_with_draws
from napari_histcode.comparison.reasons import why_no_ranking
from napari_histcode.comparison.reference import TileReference, labels_with_border
from napari_histcode.comparison.resampling import BlockDraws, draw_blocks
from napari_histcode.comparison.shift_null import LabelShifts, NullTest
from napari_histcode.comparison.thresholds import (
    Threshold,
    oracle_threshold,
    otsu_threshold,
    top_threshold,
)
from napari_histcode.comparison.tile_agreement import agree
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.comparison.top_tiles import (
    AttentionMass,
    attention_mass,
    play_pointing_game,
    top_precision,
)
from napari_histcode.statistics.estimate import NAN, with_interval


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """A map to compare, with what has to be known of it."""

    name: str
    """Its name."""
    label: str
    """The name as shown."""
    quantity: str
    """What a value is."""
    values: NDArray[np.float64]
    """(n_tiles,) raw values; NaN where there is none."""
    fixed: Threshold
    """The threshold that was fixed before the slide was seen."""
    has_mass: bool
    """Whether it is non-negative by its nature, so that sums of it mean something."""
    output: str | None = None
    """Class or gene that it is of; None if it has none."""
    is_quantity: bool = False
    """Whether it is a measurable amount, such as a gene's expression, whose correlation with the annotated
    area is of interest in itself."""
    probabilities: NDArray[np.float64] | None = None
    """(n_tiles,) probabilities; None for maps that are none."""
    is_baseline: bool = False
    """Whether it is a baseline."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """What all maps of a slide are measured against."""

    reference: TileReference
    """The reference."""
    config: ComparisonConfig
    """How to compare."""
    lattice: TileLattice
    """Cells of the tiles."""
    draws: BlockDraws
    """Bootstrap over the tiles that count."""
    assessed_draws: BlockDraws
    """Bootstrap over those and the border tiles."""
    outline: Outline
    """Outline of the positive regions."""
    lesions: LesionTiles
    """Tiles of every lesion."""
    shifts: LabelShifts
    """Shifts of the labels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """A comparison, and the draws that differences between maps need."""

    comparison: MapComparison
    """The comparison."""
    auroc_draws: NDArray[np.float64]
    """(n_resamples,) AUROC of every draw; empty where other tiles were drawn than for the other maps."""


def measure_map(
    candidate: Candidate, setting: Setting, baselines: Mapping[str, Measured] | None = None
) -> Measured:
    """Measure one map.

    Parameters
    ----------
    candidate : Candidate
        The map.
    setting : Setting
        What it is measured against.
    baselines : mapping of str to Measured, optional
        Baselines by name, for the gains.
    """
    reference, config, values = setting.reference, setting.config, candidate.values
    finite = np.isfinite(values)
    counts, assessed = reference.counts & finite, reference.assessed & finite
    draws = _draws_on(counts, reference.counts, setting.draws, setting)
    scores, is_positive = values[counts], reference.is_positive[counts]

    ranking, ranking_draws = rank_tiles_with_draws(scores, is_positive, draws, max_fpr=config.max_fpr)
    overlaps = _overlaps(candidate, setting, draws, counts)
    shown = candidate.fixed if np.isfinite(candidate.fixed.value) else overlaps[1].threshold
    mass = attention_mass(values, reference.is_positive, counts, draws) if candidate.has_mass else None
    area = associate(
        values[assessed],
        reference.fraction[assessed],
        reference.grid.tissue_fraction[assessed].astype(np.float64),
        _draws_on(assessed, reference.assessed, setting.assessed_draws, setting)
        if candidate.is_quantity
        else None,
    )
    candidates = find_candidates(values, setting.lesions, reference, setting.lattice)
    comparison = MapComparison(
        name=candidate.name,
        label=candidate.label,
        quantity=candidate.quantity,
        output=candidate.output,
        is_baseline=candidate.is_baseline,
        n_undefined=int((~finite).sum()),
        ranking=ranking,
        gains=_gains(ranking.auroc.value, ranking_draws.auroc, draws, setting, baselines or {}),
        pointing=play_pointing_game(values, reference, setting.lattice, seed=config.seed),
        top=top_precision(scores, is_positive, counts=config.top_counts, seed=config.seed),
        mass=mass,
        overlaps=overlaps,
        curve=threshold_curve(scores, is_positive),
        lesions=froc([candidates]),
        candidates=candidates,
        area=area,
        calibration=calibrate(candidate.probabilities[counts], is_positive, draws, n_bins=config.n_bins)
        if candidate.probabilities is not None
        else None,
        cut_offs=tuple(_cut_off(candidate, setting, share) for share in config.cut_offs),
        tests=_tests(candidate, setting, ranking=ranking, fixed=overlaps[0], mass=mass, area=area),
        shown_threshold=shown,
        agreement=agree(values, shown.value, reference),
    )
    is_shared = draws is setting.draws
    return Measured(comparison=comparison, auroc_draws=ranking_draws.auroc if is_shared else np.empty(0))


def _draws_on(
    chosen: NDArray[np.bool_], usual: NDArray[np.bool_], draws: BlockDraws, setting: Setting
) -> BlockDraws:
    """Return the draws that all maps share, or others where some tiles have no value."""
    if chosen.sum() == usual.sum():
        return draws
    config = setting.config
    return draw_blocks(
        setting.reference.grid,
        chosen,
        block_um=config.block_um,
        n_resamples=config.n_resamples,
        seed=config.seed,
    )


def _overlaps(
    candidate: Candidate, setting: Setting, draws: BlockDraws, counts: NDArray[np.bool_]
) -> tuple[Overlap, ...]:
    """Measure the overlap at every threshold, the fixed one first, Otsu's second."""
    values, config, reference = candidate.values, setting.config, setting.reference
    thresholds = [candidate.fixed, otsu_threshold(values)]
    thresholds += [top_threshold(values, share) for share in config.top_shares]
    thresholds.append(oracle_threshold(values[counts], reference.is_positive[counts]))
    overlaps = []
    for threshold in thresholds:
        boundary = None
        if not candidate.is_baseline:
            taken = taken_tiles(values, threshold) & reference.assessed
            boundary = boundary_distances(
                outline_of_tiles(taken, setting.lattice),
                setting.outline,
                tolerance_um=tolerance_of(setting.lattice, config.tolerance_um),
            )
        overlaps.append(
            measure_overlap(
                values, threshold, reference, setting.lattice, draws, counts=counts, boundary=boundary
            )
        )
    return tuple(overlaps)


def _gains(
    value: float,
    drawn: NDArray[np.float64],
    draws: BlockDraws,
    setting: Setting,
    baselines: Mapping[str, Measured],
) -> tuple[Gain, ...]:
    gains = []
    for name, baseline in baselines.items():
        is_paired = draws is setting.draws and len(baseline.auroc_draws) == len(drawn)
        difference = drawn - baseline.auroc_draws if is_paired else np.empty(0)
        other = baseline.comparison.ranking.auroc
        gains.append(
            Gain(
                baseline=name,
                auroc=with_interval(
                    value - other.value,
                    difference,
                    reason=other.reason if not other.is_defined else draws.reason,
                ),
            )
        )
    return tuple(gains)


def _cut_off(candidate: Candidate, setting: Setting, share: float) -> CutOff:
    labels = labels_with_border(setting.reference, share)
    counts = (labels >= TileLabel.NEGATIVE) & np.isfinite(candidate.values)
    scores, is_positive = candidate.values[counts], labels[counts] == TileLabel.POSITIVE
    taken = taken_tiles(scores, candidate.fixed)
    tp = int((taken & is_positive).sum())
    n_positive = int(is_positive.sum())
    table = np.array([tp, int(taken.sum()) - tp, n_positive - tp, 0])
    has_cut = np.isfinite(candidate.fixed.value)
    return CutOff(
        share=share,
        n_positive=n_positive,
        n_negative=len(scores) - n_positive,
        auroc=auroc(scores, is_positive),
        average_precision=average_precision(scores, is_positive),
        dice=float(overlap_rates(table)[0]) if has_cut else NAN,
        reason=why_no_ranking(n_positive, len(scores) - n_positive),
    )


def _tests(
    candidate: Candidate,
    setting: Setting,
    *,
    ranking: Ranking,
    fixed: Overlap,
    mass: AttentionMass | None,
    area: Association,
) -> tuple[NullTest, ...]:
    if candidate.is_baseline or not setting.config.n_shifts:
        return ()
    observed = Observed(
        auroc=ranking.auroc.value,
        average_precision=ranking.average_precision.value,
        dice=fixed.dice.value,
        enrichment=mass.enrichment.value if mass is not None else NAN,
        area=area.spearman.value if candidate.is_quantity else NAN,
    )
    taken = taken_tiles(candidate.values, candidate.fixed)
    return shift_tests(candidate.values, taken, setting.reference, setting.shifts, observed)
