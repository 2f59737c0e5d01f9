"""A comparison as a few lines on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from napari_histcode.cli.main import RESEARCH_USE
from napari_histcode.comparison.cohort import CohortComparison
from napari_histcode.comparison.comparison import Comparison, MapComparison
from napari_histcode.comparison.map_null import AUROC
from napari_histcode.comparison.spots import SpotComparison
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.statistics.estimate import NAN, Estimate


def comparison_text(comparison: Comparison, notes: Sequence[str] = ()) -> str:
    """Describe the comparison of one slide: the reference, what to know, one line a map."""
    reference = comparison.reference
    counted = (TileLabel.POSITIVE, TileLabel.NEGATIVE, TileLabel.BORDER, TileLabel.OUTSIDE)
    tiles = ", ".join(f"{reference.n_labelled(label)} {label.name.lower()}" for label in counted)
    lines = [
        f"{reference.grid.slide.alias} against {', '.join(reference.positive)}",
        f"  {reference.statement}",
        f"  tiles: {tiles}; prevalence {_number(reference.prevalence)} (average precision of a random map)",
        f"  ceiling: Dice {_number(comparison.ceiling.dice)} by area is the best that tiles allow",
        *[f"  {note}" for note in notes],
        *[f"  ! {warning}" for warning in comparison.warnings],
        "",
    ]
    header = ["map", "AUROC", "p", "average precision", "Dice fixed", "Dice Otsu", "by area", "enrichment"]
    compared = (*comparison.maps, *comparison.baselines)
    lines += columns([header, *[_map_line(one) for one in compared]])
    if comparison.classes is not None:
        table = comparison.classes
        lines += ["", f"  classes of head {table.head}: kappa {table.kappa}, accuracy {table.accuracy}"]
        rows = [
            [name, *[str(n) for n in row]]
            for name, row in zip(table.classes, table.matrix.tolist(), strict=True)
        ]
        lines += columns([["drawn \\ seen", *table.classes], *rows])
    if comparison.readers is not None:
        readers = comparison.readers
        low, high = readers.kappa_range
        lines += ["", f"  readers: kappa {_number(low)} to {_number(high)}, Fleiss {_number(readers.fleiss)}"]
        lines += columns(
            [
                ["map", "mean kappa with readers", "mean Dice"],
                *[
                    [comparison.map(one.map).label, _number(one.mean_kappa), _number(one.mean_dice)]
                    for one in readers.maps
                ],
            ]
        )
    return "\n".join([*lines, "", f"  {RESEARCH_USE}"])


def _map_line(one: MapComparison) -> list[str]:
    p = {test.metric: test.p_holm for test in one.tests}.get(AUROC, NAN)
    otsu = one.overlap("otsu")
    enrichment = one.mass.enrichment if one.mass is not None else None
    return [
        f"{one.label} (baseline)" if one.is_baseline else one.label,
        _short(one.ranking.auroc),
        _number(p),
        _short(one.ranking.average_precision),
        _short(one.overlap("fixed").dice),
        _short(otsu.dice),
        _number(otsu.area_dice),
        _short(enrichment) if enrichment is not None else "-",
    ]


def spots_text(spots: SpotComparison) -> str:
    """Describe a comparison with spots: one line a map."""
    lines = [
        f"{spots.n_covered} of {spots.n_spots} spots lie on a tile; values: {spots.quantity}",
    ]
    if not spots.results:
        return "\n".join([*lines, "  No map has a partner in the table of values."])
    header = ["map", "compared with", "spots", "Pearson", "p", "Spearman", "p"]
    rows = [
        [
            result.label,
            " + ".join(result.columns),
            str(result.n_spots),
            _short(result.pearson),
            _number(result.tests[0].p_holm),
            _short(result.spearman),
            _number(result.tests[1].p_holm),
        ]
        for result in spots.results
    ]
    return "\n".join([*lines, *columns([header, *rows]), "", f"  {RESEARCH_USE}"])


def cohort_text(cohort: CohortComparison) -> str:
    """Describe a cohort: one line a map, means over patients."""
    labels = {name: label for member in cohort.members for name, label in member.labels.items()}
    found = {(m.subject, m.metric, m.qualifier): m.mean for m in cohort.metrics}
    wanted = (("auroc", ""), ("average_precision", ""), ("dice", "fixed"), ("dice", "Otsu"))
    scores = {one.map: one.score for one in cohort.lesions}
    header = ["map", "AUROC", "average precision", "Dice fixed", "Dice Otsu", "FROC score"]
    rows = [
        [
            f"{label} (baseline)" if name.startswith("baseline.") else label,
            *[_short(found.get((name, *key))) for key in wanted],
            _short(scores.get(name)),
        ]
        for name, label in labels.items()
    ]
    first = (
        f"{len(cohort.members)} slides of {cohort.n_patients} patients; "
        "means over patients, 95 % intervals over draws of patients"
    )
    return "\n".join([first, *columns([header, *rows]), "", f"  {RESEARCH_USE}"])


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set rows of equal length in aligned columns, two blanks apart."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _short(estimate: Estimate | None) -> str:
    if estimate is None or not estimate.is_defined:
        return "-"
    has_interval = math.isfinite(estimate.low)
    interval = f" [{estimate.low:.2f}, {estimate.high:.2f}]" if has_interval else ""
    return f"{estimate.value:.3f}{interval}"


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else "-"
