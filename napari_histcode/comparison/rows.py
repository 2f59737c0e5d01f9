"""A comparison as one long table: a row for every number, with its name, interval, p-value or reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from napari_histcode.comparison.class_table import ClassTable
from napari_histcode.comparison.comparison import Comparison, MapComparison
from napari_histcode.comparison.map_null import AREA, AUROC, AVERAGE_PRECISION, DICE, ENRICHMENT
from napari_histcode.comparison.overlap import NAMES, Overlap
from napari_histcode.comparison.readers import ReaderAgreement
from napari_histcode.comparison.reasons import EMPTY, NO_REGION
from napari_histcode.comparison.shift_null import NullTest
from napari_histcode.comparison.spots import SpotComparison
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.statistics.estimate import NAN, Estimate

MEANINGS = {
    "n_positive": "positive tiles",
    "n_negative": "negative tiles",
    "n_border": "tiles covered in part, which do not count",
    "n_outside": "tiles where nobody looked",
    "prevalence": "share of positive tiles: the average precision of a random map",
    "reference_mm2": "area of the positive regions in mm2",
    "ceiling_dice": "greatest Dice by area that any map on these tiles could reach",
    "ceiling_label_dice": "Dice by area of the tile labels themselves",
    "ceiling_nsd": "normalised surface distance of the tile labels' outline",
    "ceiling_hd95_um": "95th percentile of the Hausdorff distance of the tile labels' outline in um",
    "missed_share": "share of the annotated area on no tile somebody looked at",
    "auroc": "chance that a positive tile scores higher than a negative one",
    "average_precision": "mean precision over the positive tiles, from the highest score down",
    "partial_auroc": "standardised area at low false-positive rates: 0.5 chance, 1 best",
    "auroc_gain": "AUROC above that of a baseline",
    "pointing_game": "whether the highest tile is positive: 1 yes, 0 no",
    "top_precision": "share of positive tiles among the highest",
    "mass_inside": "share of the map's sum on positive tiles",
    "enrichment": "that share over the share of positive tiles: 1 is chance",
    "dice": "2 TP / (2 TP + FP + FN) over tiles",
    "iou": "TP / (TP + FP + FN) over tiles",
    "sensitivity": "TP / (TP + FN) over tiles",
    "specificity": "TN / (TN + FP) over tiles",
    "ppv": "TP / (TP + FP) over tiles",
    "npv": "TN / (TN + FN) over tiles",
    "threshold": "the cut on raw values",
    "taken_mm2": "area above the threshold where somebody looked, mm2",
    "slide_mm2": "area above the threshold on the whole slide, mm2",
    "area_dice": "Dice by area of the taken cells with the polygons; see the ceiling",
    "nsd": "share of both outlines within the tolerance of each other",
    "hd95_um": "95th percentile of the Hausdorff distance in um",
    "lesion_sensitivity": "share of lesions found at a mean number of false alarms a slide",
    "froc_score": "mean of those sensitivities",
    "spearman_area": "rank correlation with the annotated share of the tile",
    "partial_spearman_area": "the same with the tissue fraction taken out",
    "brier": "mean squared difference of probability and reference: 0 best",
    "ece": "expected calibration error: 0 best",
    "cut_off_auroc": "AUROC with border tiles labelled at a covered share",
    "cut_off_average_precision": "average precision with border tiles labelled at a covered share",
    "cut_off_dice": "Dice at the fixed threshold with border tiles labelled at a covered share",
    "kappa": "Cohen's kappa: 1 full agreement, 0 chance",
    "fleiss_kappa": "agreement of all readers over the tiles that all of them rated",
    "krippendorff_alpha": "agreement of all readers, with tiles that some left out",
    "accuracy": "share of tiles whose class is right",
    "balanced_accuracy": "mean sensitivity of the classes",
    "pearson": "linear correlation with what was measured at the spots",
    "spearman": "rank correlation with what was measured at the spots",
}
"""What each metric says; the columns "metric" of all tables use these names."""

_METRIC_OF_TEST = {
    AUROC: "auroc",
    AVERAGE_PRECISION: "average_precision",
    DICE: "dice",
    ENRICHMENT: "enrichment",
    AREA: "spearman_area",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of a comparison."""

    subject: str
    """Name of the map, baseline, reader or head; "reference" for what holds for all maps."""
    kind: str
    """"map", "baseline", "reference", "readers", "classes" or "spots"."""
    metric: str
    """A key of `MEANINGS`."""
    qualifier: str
    """At what threshold, among how many tiles, against whom; empty where there is nothing to add."""
    value: float
    """The number; NaN where it is not defined."""
    low: float = NAN
    """Lower end of the 95 % interval; NaN where there is none."""
    high: float = NAN
    """Upper end."""
    p: float = NAN
    """Chance of as much under shifts of the annotation; NaN where not tested."""
    p_holm: float = NAN
    """The same, adjusted for all tests."""
    reason: str = ""
    """Why something is missing."""


def comparison_rows(comparison: Comparison) -> tuple[Row, ...]:
    """List every number of a comparison."""
    rows = list(_reference_rows(comparison))
    for compared in (*comparison.maps, *comparison.baselines):
        rows += _map_rows(compared)
    if comparison.readers is not None:
        rows += _reader_rows(comparison.readers)
    if comparison.classes is not None:
        rows += _class_rows(comparison.classes)
    return tuple(rows)


def spot_rows(spots: SpotComparison) -> tuple[Row, ...]:
    """List every number of a comparison with spots."""
    return tuple(
        _row(result.map, "spots", name, estimate, qualifier=" + ".join(result.columns), test=test)
        for result in spots.results
        for name, estimate, test in zip(
            ("pearson", "spearman"), (result.pearson, result.spearman), result.tests, strict=True
        )
    )


def _row(
    subject: str,
    kind: str,
    metric: str,
    estimate: Estimate | float,
    *,
    qualifier: str = "",
    test: NullTest | None = None,
    reason: str = "",
) -> Row:
    if not isinstance(estimate, Estimate):
        estimate = Estimate(value=float(estimate), reason=reason)
    return Row(
        subject=subject,
        kind=kind,
        metric=metric,
        qualifier=qualifier,
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        p=test.p if test is not None else NAN,
        p_holm=test.p_holm if test is not None else NAN,
        reason=estimate.reason or (test.reason if test is not None else ""),
    )


def _reference_rows(comparison: Comparison) -> Iterator[Row]:
    reference, ceiling = comparison.reference, comparison.ceiling
    for label in (TileLabel.POSITIVE, TileLabel.NEGATIVE, TileLabel.BORDER, TileLabel.OUTSIDE):
        yield _row("reference", "reference", f"n_{label.name.lower()}", reference.n_labelled(label))
    why = "" if np.isfinite(reference.prevalence) else EMPTY
    yield _row("reference", "reference", "prevalence", reference.prevalence, reason=why)
    yield _row("reference", "reference", "reference_mm2", reference.area_mm2)
    why = "" if np.isfinite(ceiling.dice) else NO_REGION
    yield _row("reference", "reference", "ceiling_dice", ceiling.dice, reason=why)
    yield _row("reference", "reference", "ceiling_label_dice", ceiling.label_dice, reason=why)
    yield _row("reference", "reference", "missed_share", ceiling.missed_share, reason=why)
    if ceiling.boundary is not None:
        why = ceiling.boundary.reason
        yield _row("reference", "reference", "ceiling_nsd", ceiling.boundary.nsd, reason=why)
        yield _row("reference", "reference", "ceiling_hd95_um", ceiling.boundary.hd95_um, reason=why)


def _map_rows(compared: MapComparison) -> Iterator[Row]:
    kind = "baseline" if compared.is_baseline else "map"
    tests = {_METRIC_OF_TEST[test.metric]: test for test in compared.tests}
    name, ranking = compared.name, compared.ranking
    for metric in ("auroc", "average_precision", "partial_auroc"):
        yield _row(name, kind, metric, getattr(ranking, metric), test=tests.get(metric))
    why = "" if np.isfinite(ranking.prevalence) else EMPTY
    yield _row(name, kind, "prevalence", ranking.prevalence, reason=why)
    for gain in compared.gains:
        yield _row(name, kind, "auroc_gain", gain.auroc, qualifier=gain.baseline)
    pointing = compared.pointing
    yield _row(name, kind, "pointing_game", pointing.is_hit, reason=pointing.reason)
    yield _row(
        name, kind, "pointing_game", pointing.is_near_hit, qualifier="within 1 tile", reason=pointing.reason
    )
    for top in compared.top:
        yield _row(name, kind, "top_precision", top.precision, qualifier=top.name, reason=top.reason)
    if compared.mass is not None:
        yield _row(name, kind, "mass_inside", compared.mass.inside)
        yield _row(name, kind, "enrichment", compared.mass.enrichment, test=tests.get("enrichment"))
    for overlap in compared.overlaps:
        test = tests.get("dice") if overlap.threshold.rule == "fixed" else None
        yield from _overlap_rows(name, kind, overlap, test)
    froc = compared.lesions
    for rate, sensitivity in zip(froc.false_alarms, froc.sensitivity, strict=True):
        yield _row(name, kind, "lesion_sensitivity", sensitivity, qualifier=f"{rate:g}", reason=froc.reason)
    yield _row(name, kind, "froc_score", froc.score, reason=froc.reason)
    area = compared.area
    yield _row(name, kind, "spearman_area", area.spearman, test=tests.get("spearman_area"))
    yield _row(name, kind, "partial_spearman_area", area.partial_spearman)
    if compared.calibration is not None:
        yield _row(name, kind, "brier", compared.calibration.brier)
        yield _row(name, kind, "ece", compared.calibration.ece)
    fixed = compared.overlap("fixed")
    for cut in compared.cut_offs:
        qualifier = f"{100 * cut.share:g} %"
        yield _row(name, kind, "cut_off_auroc", cut.auroc, qualifier=qualifier, reason=cut.reason)
        precision = cut.average_precision
        yield _row(name, kind, "cut_off_average_precision", precision, qualifier=qualifier, reason=cut.reason)
        why = "" if np.isfinite(cut.dice) else fixed.threshold.reason or "no tile is positive or taken"
        yield _row(name, kind, "cut_off_dice", cut.dice, qualifier=qualifier, reason=why)


def _overlap_rows(name: str, kind: str, overlap: Overlap, test: NullTest | None) -> Iterator[Row]:
    cut = overlap.threshold
    yield _row(name, kind, "threshold", cut.value, qualifier=cut.name, reason=cut.reason)
    for metric in NAMES:
        yield _row(
            name,
            kind,
            metric,
            getattr(overlap, metric),
            qualifier=cut.name,
            test=test if metric == "dice" else None,
        )
    for metric in ("taken_mm2", "slide_mm2"):
        yield _row(name, kind, metric, getattr(overlap, metric), qualifier=cut.name, reason=cut.reason)
    why = "" if np.isfinite(overlap.area_dice) else cut.reason or NO_REGION
    yield _row(name, kind, "area_dice", overlap.area_dice, qualifier=cut.name, reason=why)
    boundary = overlap.boundary
    if boundary is not None:
        yield _row(name, kind, "nsd", boundary.nsd, qualifier=cut.name, reason=boundary.reason)
        yield _row(name, kind, "hd95_um", boundary.hd95_um, qualifier=cut.name, reason=boundary.reason)


def _reader_rows(readers: ReaderAgreement) -> Iterator[Row]:
    for pair in readers.pairs:
        qualifier = f"{pair.first} with {pair.second}"
        yield _row("readers", "readers", "kappa", pair.kappa, qualifier=qualifier)
        yield _row("readers", "readers", "dice", pair.dice, qualifier=qualifier)
    yield _row("readers", "readers", "fleiss_kappa", readers.fleiss)
    yield _row("readers", "readers", "krippendorff_alpha", readers.krippendorff)
    for among in readers.maps:
        for pair in among.pairs:
            qualifier = f"with {pair.second}, {among.threshold.name} threshold"
            yield _row(among.map, "readers", "kappa", pair.kappa, qualifier=qualifier)
            yield _row(among.map, "readers", "dice", pair.dice, qualifier=qualifier)
            yield _row(among.map, "readers", "auroc", pair.auroc, qualifier=f"with {pair.second}")


def _class_rows(table: ClassTable) -> Iterator[Row]:
    weights = "" if table.kappa_weights == "none" else f"{table.kappa_weights} weights"
    yield _row(table.head, "classes", "kappa", table.kappa, qualifier=weights)
    yield _row(table.head, "classes", "accuracy", table.accuracy)
    yield _row(table.head, "classes", "balanced_accuracy", table.balanced_accuracy)
    for result in table.per_class:
        for metric in ("sensitivity", "ppv", "average_precision", "prevalence", "auroc"):
            yield _row(table.head, "classes", metric, getattr(result, metric), qualifier=result.name)
