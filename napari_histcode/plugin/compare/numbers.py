"""The numbers of a comparison in the order in which a reader wants them: a short table, then all."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from napari_histcode.comparison.comparison import MapComparison
from napari_histcode.comparison.map_null import AREA, AUROC, AVERAGE_PRECISION, ENRICHMENT
from napari_histcode.comparison.overlap import Overlap
from napari_histcode.comparison.rows import MEANINGS, Row, comparison_rows
from napari_histcode.comparison.top_tiles import PointingGame
from napari_histcode.export.html_table import NONE, cell_text, p_text
from napari_histcode.plugin.compare.state import Answer, Cut
from napari_histcode.statistics.estimate import Estimate

INTERVAL = "In brackets the 95 % interval, from drawing blocks of 1 mm with replacement."


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number in a table."""

    name: str
    """What it is called."""
    value: str
    """The number."""
    beside: str = ""
    """Its interval, or what to hold it against."""
    tooltip: str = ""
    """What it is, and why something is missing."""


def main_lines(answer: Answer, compared: MapComparison, cut: Cut, *, is_quantity: bool) -> tuple[Line, ...]:
    """Choose the few numbers that a reader needs first.

    Parameters
    ----------
    answer : Answer
        The comparison.
    compared : MapComparison
        The map in question.
    cut : Cut
        That map at the chosen threshold.
    is_quantity : bool
        Whether it is of an amount, such as a gene's expression, so that its correlation with the annotated
        area is of interest.
    """
    lines = list(_ranking(compared))
    lines += _overlap(answer, compared, cut)
    lines += _highest(compared)
    if is_quantity:
        area = compared.area.spearman
        lines.insert(0, _estimate("Spearman with area", area, _meaning("spearman_area", compared, AREA)))
    return tuple(lines)


def _ranking(compared: MapComparison) -> Iterator[Line]:
    ranking = compared.ranking
    yield _estimate("AUROC", ranking.auroc, _meaning("auroc", compared, AUROC) + " 0.5 is chance.")
    yield _estimate(
        "Average precision",
        ranking.average_precision,
        _meaning("average_precision", compared, AVERAGE_PRECISION),
    )
    yield Line(
        name="   of a random map",
        value=cell_text(ranking.prevalence),
        beside="the prevalence",
        tooltip=f"{_sentence(MEANINGS['prevalence'])} {ranking.n_positive:,} of "
        f"{ranking.n_positive + ranking.n_negative:,} tiles.",
    )


def _overlap(answer: Answer, compared: MapComparison, cut: Cut) -> Iterator[Line]:
    overlap = overlap_at(compared, cut)
    for name, metric in (("Dice", "dice"), ("Sensitivity", "sensitivity"), ("Specificity", "specificity")):
        estimate = Estimate(value=cut.rates[metric]) if overlap is None else getattr(overlap, metric)
        yield _estimate(name, estimate, f"{_sentence(MEANINGS[metric])} At the {cut_name(cut)} threshold.")
        if metric == "dice":
            ceiling = answer.comparison.ceiling.dice
            yield Line(
                name="   by area",
                value=cell_text(cut.area_dice),
                beside=f"of at most {cell_text(ceiling)}",
                tooltip="Dice of the cells above the threshold with the drawn outlines themselves, border "
                "tiles included. Tiles are coarser than outlines: no map on these tiles can exceed the "
                f"ceiling of {cell_text(ceiling)}.",
            )


def _highest(compared: MapComparison) -> Iterator[Line]:
    pointing = compared.pointing
    yield Line(
        name="Highest tile",
        value=_pointing(pointing),
        tooltip="Pointing game: whether the tile with the highest value lies inside the regions, or one tile "
        f"beside them. {_sentence(pointing.reason)}".strip(),
    )
    meaning = (
        "Share of the map's sum on positive tiles, over the share of positive tiles: 1 is chance. "
        "On raw values, never on percentiles."
    )
    if compared.mass is None:
        yield Line(
            name="Enrichment", value=NONE, beside="signed map", tooltip=f"{meaning} Only maps "
            "without negative values have a mass to share out."
        )  # fmt: skip
    else:
        yield _estimate("Enrichment", compared.mass.enrichment, _with_chance(meaning, compared, ENRICHMENT))


def overlap_at(compared: MapComparison, cut: Cut) -> Overlap | None:
    """Find the overlap at the chosen threshold, with intervals; None for the user's own."""
    if cut.is_own:
        return None
    same = (o for o in compared.overlaps if o.threshold == cut.threshold)
    return next(same, None)


def cut_name(cut: Cut) -> str:
    """Name a threshold as shown."""
    return "chosen" if cut.is_own else cut.threshold.name


def map_warnings(answer: Answer, compared: MapComparison) -> tuple[str, ...]:
    """Give the warnings that concern this map, those of other maps left out."""
    others = [one.label for one in answer.comparison.maps if one.name != compared.name]
    return tuple(
        warning
        for warning in answer.comparison.warnings
        if not any(warning.startswith(f"{label}:") for label in others)
    )


# All numbers

_GROUPS = {
    "Reference": ("n_positive", "n_negative", "n_border", "n_outside", "prevalence", "reference_mm2",
                  "ceiling_dice", "ceiling_label_dice", "missed_share", "ceiling_nsd", "ceiling_hd95_um"),
    "Ranking": ("auroc", "average_precision", "partial_auroc"),
    "Above the baselines": ("auroc_gain",),
    "Highest tiles": ("pointing_game", "top_precision"),
    "Mass": ("mass_inside", "enrichment"),
    "Lesions (FROC)": ("lesion_sensitivity", "froc_score"),
    "Amounts": ("spearman_area", "partial_spearman_area"),
    "Probabilities": ("brier", "ece"),
    "Border tiles counted": ("cut_off_auroc", "cut_off_average_precision", "cut_off_dice"),
}  # fmt: skip
"""Headings, and the metrics below them; metrics of a threshold stand below the threshold's name."""

_COUNTS = ("n_positive", "n_negative", "n_border", "n_outside")
"""Metrics that are numbers of tiles."""

_NAMES = {
    "n_positive": "positive tiles", "n_negative": "negative tiles", "n_border": "border tiles",
    "n_outside": "tiles nobody looked at", "reference_mm2": "annotated, mm²",
    "ceiling_dice": "ceiling, Dice by area", "ceiling_label_dice": "Dice of the tile labels",
    "missed_share": "annotated, on no tile", "ceiling_nsd": "NSD of the tile labels",
    "ceiling_hd95_um": "HD95 of the tile labels, µm", "auroc": "AUROC", "partial_auroc": "partial AUROC",
    "auroc_gain": "AUROC gain", "pointing_game": "highest tile inside", "top_precision": "precision, top",
    "iou": "IoU", "ppv": "PPV", "npv": "NPV", "taken_mm2": "above, mm²",
    "slide_mm2": "above, whole slide, mm²",
    "area_dice": "Dice by area", "nsd": "NSD", "hd95_um": "HD95, µm", "dice": "Dice",
    "lesion_sensitivity": "lesions found at FP", "froc_score": "FROC score",
    "spearman_area": "Spearman with area", "partial_spearman_area": "tissue taken out", "brier": "Brier",
    "ece": "calibration error", "cut_off_auroc": "AUROC from", "cut_off_average_precision": "AP from",
    "cut_off_dice": "Dice from", "fleiss_kappa": "Fleiss' kappa",
    "krippendorff_alpha": "Krippendorff's alpha",
}  # fmt: skip


def all_lines(answer: Answer, compared: MapComparison) -> tuple[tuple[str, tuple[Line, ...]], ...]:
    """List every number of a map, of the reference and of the baselines, below headings."""
    rows = comparison_rows(answer.comparison)
    labels = {one.name: one.label for one in answer.comparison.baselines}
    groups: dict[str, list[Line]] = {}
    group_of = {metric: heading for heading, metrics in _GROUPS.items() for metric in metrics}
    thresholds = {overlap.threshold.name for overlap in compared.overlaps}
    for row in rows:
        if row.kind == "reference" or (row.kind == "map" and row.subject == compared.name):
            heading = group_of.get(row.metric)
            if heading is None and row.qualifier in thresholds:
                heading = f"Overlap, {row.qualifier} threshold"
            is_threshold = heading is not None and heading.startswith("Overlap")
            qualifier = "" if is_threshold else labels.get(row.qualifier, row.qualifier)
            lines = groups.setdefault(heading or "Other", [])
            lines.append(line_of(row, qualifier=qualifier))
            lines += [_p_line(row)] if math.isfinite(row.p) else []
        elif row.kind == "baseline" and row.metric == "auroc":
            groups.setdefault("Baselines, AUROC", []).append(line_of(row, name=labels[row.subject]))
    return tuple((heading, tuple(lines)) for heading, lines in groups.items())


def line_of(row: Row, *, name: str = "", qualifier: str = "") -> Line:
    """Turn a row of the long table into a line."""
    shown = name or _NAMES.get(row.metric, row.metric.replace("_", " "))
    tips = [_sentence(MEANINGS[row.metric])]
    tips += [_sentence(row.reason)] if row.reason else []
    tips += [f"In full: {row.value!r}"] if math.isfinite(row.value) else []
    return Line(
        name=f"{shown} {qualifier}".strip(),
        value=f"{row.value:,.0f}" if row.metric in _COUNTS else cell_text(row.value),
        beside=interval_text(row.low, row.high),
        tooltip="\n".join(tips),
    )


def _p_line(row: Row) -> Line:
    return Line(
        name="   p by shifts, adjusted",
        value=p_text(row.p_holm),
        beside=f"alone {p_text(row.p)}",
        tooltip="Chance of as much when the regions are shifted over the tissue; adjusted for all tests of "
        "the comparison (Holm), and this one alone.",
    )


def interval_text(low: float, high: float) -> str:
    """Write an interval; empty where there is none."""
    return f"[{cell_text(low)}, {cell_text(high)}]" if math.isfinite(low) else ""


def _estimate(name: str, estimate: Estimate, meaning: str) -> Line:
    tips = [meaning]
    tips += [_sentence(estimate.reason)] if estimate.reason else []
    tips += [INTERVAL] if math.isfinite(estimate.low) else []
    tips += [f"In full: {estimate.value!r}"] if estimate.is_defined else []
    return Line(
        name=name,
        value=cell_text(estimate.value),
        beside=interval_text(estimate.low, estimate.high),
        tooltip="\n".join(tips),
    )


def _meaning(metric: str, compared: MapComparison, test: str) -> str:
    return _with_chance(_sentence(MEANINGS[metric]), compared, test)


def _with_chance(meaning: str, compared: MapComparison, test: str) -> str:
    for found in compared.tests:
        if found.metric == test and math.isfinite(found.p):
            p, adjusted = p_text(found.p), p_text(found.p_holm)
            return f"{meaning} Chance of as much under shifts of the regions: p {p}, adjusted {adjusted}."
    return meaning


def _pointing(pointing: PointingGame) -> str:
    if not math.isfinite(pointing.is_hit):
        return NONE
    if pointing.is_hit:
        return "inside"
    return "one tile beside" if pointing.is_near_hit else "outside"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
