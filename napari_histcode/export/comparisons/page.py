"""The page of one slide's comparison: what was compared, how well it agrees, and what limits the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.comparison import Comparison, MapComparison
from napari_histcode.comparison.document import plain
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.map_null import AREA
from napari_histcode.comparison.spots import SpotComparison
from napari_histcode.comparison.tile_agreement import (
    AGREEMENT_COLOURS,
    AGREEMENT_LABELS,
    TileAgreement,
)
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.export.audit_table import flatten
from napari_histcode.export.comparisons.figures import comparison_png, shown_maps
from napari_histcode.export.comparisons.raters import class_parts, reader_parts
from napari_histcode.export.comparisons.spots import spot_parts
from napari_histcode.export.figures.agreement_picture import draw_agreement
from napari_histcode.export.html_table import (
    NONE,
    Cell,
    cell_text,
    data_table,
    p_text,
    paragraphs,
    png_figure,
)
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.page import embedded, fact_table, page
from napari_histcode.export.png import jpeg_bytes
from napari_histcode.statistics.estimate import Estimate

MOST_PICTURES = 4
"""Maps whose agreement is painted: those that rank best."""


def comparison_page(
    comparison: Comparison | None,
    *,
    spots: SpotComparison | None,
    slide: str,
    overview: NDArray[np.uint8] | None,
    notes: Sequence[str],
    created: str,
) -> str:
    """Write the page.

    Parameters
    ----------
    comparison : Comparison or None
        With regions.
    spots : SpotComparison or None
        With spots.
    slide : str
        Alias of the slide.
    overview : ndarray of uint8, (height, width, 3), or None
        The whole slide.
    notes : sequence of str
        What reading the annotations assumed, mended or lost.
    created : str
        Time of the comparison.
    """
    body = [
        f"<h1>{escape(slide)}: comparison</h1>",
        f'<p class="lead">Maps beside a reference. <span class="notice">{escape(RESEARCH_USE)}</span></p>',
    ]
    if comparison is not None:
        body += comparison_parts(comparison, overview=overview, notes=notes)
    else:
        body += paragraphs(notes)
    if spots is not None:
        body += spot_parts(spots)
    body += ["<h2>Audit record</h2>", *_audit(comparison, spots, created)]
    model = f"model {comparison.model_name} {comparison.model_version}".strip() if comparison else ""
    return page(f"{slide}: comparison", body, foot=model)


def comparison_parts(
    comparison: Comparison, *, overview: NDArray[np.uint8] | None, notes: Sequence[str] = ()
) -> Iterator[str]:
    """Give the parts of a page about maps and regions, without its frame, for any report to take up."""
    yield from reference_parts(comparison, notes)
    yield from ranking_parts(comparison)
    if comparison.maps:
        yield png_figure(comparison_png(comparison), _curves_caption(comparison))
    if overview is not None:
        yield from agreement_parts(comparison, overview)
    yield from _top(comparison)
    yield from _overlap(comparison)
    yield from _lesions(comparison)
    yield from _border(comparison)
    yield from _chance(comparison)
    yield from _calibration(comparison)
    yield from reader_parts(comparison)
    yield from class_parts(comparison)


def reference_parts(comparison: Comparison, notes: Sequence[str] = ()) -> Iterator[str]:
    """Give what the maps are compared with, and what limits the comparison."""
    reference, ceiling = comparison.reference, comparison.ceiling
    counted = (TileLabel.POSITIVE, TileLabel.NEGATIVE, TileLabel.BORDER, TileLabel.OUTSIDE)
    counts = ", ".join(f"{reference.n_labelled(label):,} {label.name.lower()}" for label in counted)
    share = f"{100 * reference.least_share:g} %"
    facts = [
        ("positive", f"{', '.join(reference.positive)} ({reference.n_regions:,} regions)"),
        ("negative", reference.statement),
        ("tiles", f"{counts}; positive from {share} of the area on, border tiles do not count"),
        ("prevalence", f"{cell_text(reference.prevalence)}, the average precision of a random map"),
        ("annotated area", f"{reference.area_mm2:.3f} mm²"),
        (
            "ceiling",
            f"Dice {cell_text(ceiling.dice)} by area is the best that any map on tiles of "
            f"{reference.grid.config.tile_um:g} µm could reach",
        ),
    ]
    yield fact_table(facts)
    if comparison.warnings or notes:
        yield "<h2>What to know</h2>"
        yield from paragraphs([*comparison.warnings, *notes])


def ranking_parts(comparison: Comparison) -> Iterator[str]:
    """Give how well the maps rank, beside the baselines."""
    yield "<h2>Ranking</h2>"
    yield (
        "<p>Does the map score positive tiles higher than negative ones? Intervals (95 %) draw blocks of "
        f"{comparison.config.block_um:g} µm; partial AUROC is standardised up to a false-positive rate of "
        f"{comparison.config.max_fpr:g}. Baselines know nothing of the model.</p>"
    )
    compared = (*comparison.maps, *comparison.baselines)
    yield from data_table(
        ["map", "AUROC", "average precision", "partial AUROC"],
        [
            [
                _label(one),
                one.ranking.auroc,
                one.ranking.average_precision,
                one.ranking.partial_auroc,
            ]
            for one in compared
        ],
    )


def _top(comparison: Comparison) -> Iterator[str]:
    compared = (*comparison.maps, *comparison.baselines)
    if not compared:
        return
    yield "<h2>Highest tiles</h2>"
    yield (
        "<p>Whether the highest tile is positive, the share of positive tiles among the highest, and the "
        "share of a non-negative map's sum that lies on positive tiles, over their share of all tiles "
        "(enrichment; 1 is chance).</p>"
    )
    header = ["map", "highest tile", *[f"among {top.name}" for top in compared[0].top], "enrichment"]
    rows: list[list[Cell]] = [
        [
            _label(one),
            _pointed(one),
            *[top.precision for top in one.top],
            one.mass.enrichment if one.mass is not None else NONE,
        ]
        for one in compared
    ]
    yield from data_table(header, rows)


def _label(one: MapComparison) -> str:
    return f"{one.label} (baseline)" if one.is_baseline else one.label


def _pointed(one: MapComparison) -> str:
    if one.pointing.reason:
        return NONE
    return "inside" if one.pointing.is_hit else "1 tile off" if one.pointing.is_near_hit else "outside"


def _curves_caption(comparison: Comparison) -> str:
    n_left = len(comparison.maps) - len(shown_maps(comparison.maps))
    left = f" {n_left} maps that rank lower are left out." if n_left else ""
    return f"Curves over tiles that count; dotted: chance. Grey: baselines.{left}"


def agreement_parts(
    comparison: Comparison, overview: NDArray[np.uint8], *, most: int = MOST_PICTURES
) -> Iterator[str]:
    """Give the pictures of the maps that rank best, tile by tile beside the reference."""
    yield "<h2>Where they agree</h2>"
    swatches = "".join(
        f'<span style="display:inline-block;width:.9rem;height:.9rem;margin:0 .35rem -.1rem 0;'
        f'background:rgb{colour}"></span>{escape(AGREEMENT_LABELS[kind])}&emsp;'
        for kind, colour in AGREEMENT_COLOURS.items()
    )
    yield f"<p>{swatches}</p>"
    lattice = TileLattice(grid=comparison.reference.grid)
    best = sorted(comparison.maps, key=lambda one: -np.nan_to_num(one.ranking.auroc.value, nan=-1))
    yield '<div class="grid">'
    for one in best[:most]:
        picture = embedded(jpeg_bytes(draw_agreement(one, lattice, overview)), f"agreement of {one.label}")
        counts = {kind: int((one.agreement == kind).sum()) for kind in TileAgreement}
        told = ", ".join(f"{counts[kind]:,} {AGREEMENT_LABELS[kind]}" for kind in AGREEMENT_COLOURS)
        cut = one.shown_threshold
        caption = f"{one.label} at {cut.value:.4g} ({cut.name} threshold): {told}"
        yield f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"
    yield "</div>"


def _overlap(comparison: Comparison) -> Iterator[str]:
    ceiling = comparison.ceiling
    yield "<h2>Overlap</h2>"
    yield (
        "<p>Thresholds: fixed before the slide was seen, Otsu's of the slide's values, the highest tiles of "
        "the slide. The oracle knows the reference: an upper bound, not a result. Dice by area compares with "
        f"the polygons themselves; its ceiling on this grid is {cell_text(ceiling.dice)}.</p>"
    )
    if ceiling.boundary is not None and comparison.maps:
        tolerance = ceiling.boundary.tolerance_um
        yield (
            f"<p>Outlines: NSD is the share of both outlines within {tolerance:g} µm of each other, HD95 the "
            f"95th percentile of the Hausdorff distance; the tile labels themselves reach "
            f"{cell_text(ceiling.boundary.nsd)} and {cell_text(ceiling.boundary.hd95_um)} µm.</p>"
        )
    rates: list[list[Cell]] = []
    areas: list[list[Cell]] = []
    for one in comparison.maps:
        for overlap in one.overlaps:
            cut, boundary = overlap.threshold, overlap.boundary
            value = f"{cut.value:.4g}" if np.isfinite(cut.value) else NONE
            rest = (overlap.iou, overlap.sensitivity, overlap.specificity, overlap.ppv, overlap.npv)
            rates.append([one.label, cut.name, value, overlap.dice, *[rate.value for rate in rest]])
            outline = (boundary.nsd, boundary.hd95_um) if boundary is not None else (NONE, NONE)
            areas.append([one.label, cut.name, overlap.taken_mm2, overlap.area_dice, *outline])
    yield from data_table(
        ["map", "threshold", "value", "Dice", "IoU", "sensitivity", "specificity", "PPV", "NPV"], rates
    )
    yield from data_table(["map", "threshold", "mm²", "Dice by area", "NSD", "HD95 µm"], areas)


def _lesions(comparison: Comparison) -> Iterator[str]:
    if not comparison.maps or not comparison.maps[0].lesions.n_lesions:
        return
    first = comparison.maps[0].lesions
    yield "<h2>Lesions</h2>"
    yield (
        f"<p>{first.n_lesions:,} lesions (connected regions), {first.n_reachable:,} of which a tile can find."
        " A lesion is found if a local maximum of the map falls inside. Columns: share found at a mean "
        "number of false alarms a slide; the score is their mean.</p>"
    )
    header = ["map", *[f"{rate:g}" for rate in first.false_alarms], "score"]
    compared = (*comparison.maps, *comparison.baselines)
    yield from data_table(
        header, [[one.label, *one.lesions.sensitivity, one.lesions.score] for one in compared]
    )


def _border(comparison: Comparison) -> Iterator[str]:
    if not comparison.maps:
        return
    yield "<h2>Border tiles counted as well</h2>"
    yield "<p>AUROC / average precision when tiles are positive from this share of their area on.</p>"
    cuts = comparison.maps[0].cut_offs
    header = ["map", *[f"{100 * cut.share:g} % ({cut.n_positive:,} positive)" for cut in cuts]]
    rows = [
        [
            one.label,
            *[f"{cell_text(cut.auroc)} / {cell_text(cut.average_precision)}" for cut in one.cut_offs],
        ]
        for one in comparison.maps
    ]
    yield from data_table(header, rows)


def _chance(comparison: Comparison) -> Iterator[str]:
    tests = [(one, test) for one in comparison.maps for test in one.tests]
    if not tests:
        return
    yield "<h2>Against chance</h2>"
    yield (
        "<p>The annotation, shifted and mirrored over the tissue, says what agreement comes about by chance; "
        f"p-values are adjusted for all {len(tests)} tests (Holm).</p>"
    )
    rows: list[list[Cell]] = [
        [
            one.label,
            test.metric,
            Estimate(value=test.observed, reason=test.reason),
            test.null_mean,
            test.null_high,
            p_text(test.p),
            p_text(test.p_holm),
        ]
        for one, test in tests
    ]
    yield from data_table(
        ["map", "statistic", "observed", "mean by chance", "95 % by chance", "p", "p, adjusted"], rows
    )
    gains = [one for one in comparison.maps if one.gains]
    if gains:
        labels = {one.name: one.label for one in comparison.baselines}
        yield "<h2>AUROC above the baselines</h2>"
        header = ["map", *[labels[gain.baseline] for gain in gains[0].gains]]
        yield from data_table(header, [[one.label, *[gain.auroc for gain in one.gains]] for one in gains])
    area = [one for one in comparison.maps if any(test.metric == AREA for test in one.tests)]
    if area:
        yield "<h2>Amounts and annotated area</h2>"
        yield (
            "<p>Rank correlation with the annotated share of each tile, plain and with the tissue fraction "
            "taken out of both.</p>"
        )
        yield from data_table(
            ["map", "Spearman", "partial Spearman"],
            [[one.label, one.area.spearman, one.area.partial_spearman] for one in area],
        )


def _calibration(comparison: Comparison) -> Iterator[str]:
    calibrated = [(one, one.calibration) for one in comparison.maps if one.calibration is not None]
    if not calibrated:
        return
    yield "<h2>Probabilities</h2>"
    yield "<p>Brier score and expected calibration error of tile probabilities: 0 is best for both.</p>"
    rows: list[list[Cell]] = [[one.label, found.brier, found.ece] for one, found in calibrated]
    yield from data_table(["map", "Brier", "calibration error"], rows)


def _audit(comparison: Comparison | None, spots: SpotComparison | None, created: str) -> Iterator[str]:
    facts = [("created", created)]
    if comparison is not None:
        facts += flatten(plain(comparison.config), "comparison")
        facts += flatten(plain(comparison.reference.grid.slide), "slide")
        facts.append(("model.digest", comparison.model_digest))
    if spots is not None:
        facts += flatten(plain(spots.config), "spots")
    yield fact_table(facts, kind="audit")
