"""The page of many slides: means over patients, lesions pooled, and what every slide gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from napari_histcode.comparison.cohort import CohortComparison, CohortMember
from napari_histcode.export.comparisons.figures import draw_froc, figure_png
from napari_histcode.export.html_table import NONE, Cell, data_table, paragraphs, png_figure
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.page import fact_table, page
from napari_histcode.statistics.estimate import Estimate, undefined

_RANKING = (
    ("AUROC", "auroc", ""),
    ("average precision", "average_precision", ""),
    ("prevalence", "prevalence", ""),
    ("partial AUROC", "partial_auroc", ""),
)
_OVERLAP = (
    ("highest tile inside", "pointing_game", ""),
    ("enrichment", "enrichment", ""),
    ("Dice, fixed", "dice", "fixed"),
    ("Dice, Otsu", "dice", "Otsu"),
    ("by area, Otsu", "area_dice", "Otsu"),
)


def cohort_page(
    cohort: CohortComparison, *, failures: Sequence[tuple[str, str]] = (), created: str = ""
) -> str:
    """Write the page.

    Parameters
    ----------
    cohort : CohortComparison
        The cohort.
    failures : sequence of (str, str)
        Slides that could not be compared, and why.
    created : str
        Time of the comparison.
    """
    body = [
        "<h1>Comparison of a cohort</h1>",
        f'<p class="lead">Maps beside references. <span class="notice">{escape(RESEARCH_USE)}</span></p>',
        fact_table(_facts(cohort)),
        *_failures(failures),
        *_metrics(cohort),
        *_lesions(cohort),
        *_slides(cohort),
        *["<h2>Audit record</h2>", fact_table([("created", created)], kind="audit")],
    ]
    return page("Comparison of a cohort", body)


def _facts(cohort: CohortComparison) -> list[tuple[str, str]]:
    statements = dict.fromkeys(member.statement for member in cohort.members)
    return [
        ("slides", f"{len(cohort.members):,}"),
        ("patients", f"{cohort.n_patients:,}"),
        ("negative", " ".join(statements)),
        (
            "intervals",
            f"95 %, {cohort.n_resamples:,} draws of patients, then of their slides (seed {cohort.seed})",
        ),
    ]


def _failures(failures: Sequence[tuple[str, str]]) -> Iterator[str]:
    if failures:
        yield "<h2>Slides that could not be compared</h2>"
        yield from paragraphs([f"{name}: {reason}" for name, reason in failures])


def _metrics(cohort: CohortComparison) -> Iterator[str]:
    yield "<h2>Means over patients</h2>"
    labels = _labels(cohort)
    found = {(m.subject, m.metric, m.qualifier): m for m in cohort.metrics}
    for columns in (_RANKING, _OVERLAP):
        rows: list[list[Cell]] = []
        for name, label in labels.items():
            cells = [found.get((name, metric, qualifier)) for _, metric, qualifier in columns]
            n_slides = max((cell.n_slides for cell in cells if cell is not None), default=0)
            means = [cell.mean if cell is not None else NONE for cell in cells]
            rows.append([label, *means, f"{n_slides:,}"])
        yield from data_table(["map", *[title for title, _, _ in columns], "slides"], rows)
    gains = [m for m in cohort.metrics if m.metric == "auroc_gain"]
    if gains:
        baselines = list(dict.fromkeys(m.qualifier for m in gains))
        yield "<h2>AUROC above the baselines</h2>"
        by_map = {(m.subject, m.qualifier): m.mean for m in gains}
        maps = dict.fromkeys(m.subject for m in gains)
        none = undefined("not computed")
        yield from data_table(
            ["map", *[labels.get(name, name).removesuffix(" (baseline)") for name in baselines]],
            [[labels[name], *[by_map.get((name, other), none) for other in baselines]] for name in maps],
        )


def _lesions(cohort: CohortComparison) -> Iterator[str]:
    pooled = [one for one in cohort.lesions if one.froc.n_lesions]
    if not pooled:
        return
    labels, first = _labels(cohort), pooled[0].froc
    yield "<h2>Lesions of all slides</h2>"
    yield (
        f"<p>{first.n_lesions:,} lesions on {first.n_slides:,} slides, thresholds in common. Columns: share "
        "found at a mean number of false alarms a slide.</p>"
    )
    yield from data_table(
        ["map", *[f"{rate:g}" for rate in first.false_alarms], "score"],
        [[labels[one.map], *one.froc.sensitivity, one.score] for one in pooled],
    )
    curves = [
        (labels[one.map], one.froc.curve_false_alarms, one.froc.curve_sensitivity)
        for one in pooled
        if not one.map.startswith("baseline.")
    ]
    if curves:
        yield png_figure(figure_png([lambda axes: draw_froc(axes, curves)], columns=2), "FROC of all slides")


def _slides(cohort: CohortComparison) -> Iterator[str]:
    yield "<h2>Slides</h2>"
    labels = {name: label for name, label in _labels(cohort).items() if not name.startswith("baseline.")}
    patients = list(dict.fromkeys(member.patient for member in cohort.members))
    rows: list[list[Cell]] = []
    for member in cohort.members:
        patient = f"patient {patients.index(member.patient) + 1}"
        n_positive = f"{_value(member, 'reference', 'n_positive').value:,.0f}"
        for name, label in labels.items():
            numbers = [_value(member, name, metric) for metric in ("auroc", "average_precision")]
            rows.append([f"{member.slide}, {patient}", label, n_positive, *numbers])
    yield from data_table(["slide", "map", "positive tiles", "AUROC", "average precision"], rows)
    warned = [(member, warning) for member in cohort.members for warning in member.warnings]
    if warned:
        yield "<h2>What to know</h2>"
        yield from paragraphs([f"{member.slide}: {warning}" for member, warning in warned])


def _labels(cohort: CohortComparison) -> dict[str, str]:
    """Name of every map and baseline to its name as shown."""
    labels: dict[str, str] = {}
    for member in cohort.members:
        for name, label in member.labels.items():
            labels[name] = f"{label} (baseline)" if name.startswith("baseline.") else label
    return dict(sorted(labels.items(), key=lambda item: item[0].startswith("baseline.")))


def _value(member: CohortMember, subject: str, metric: str) -> Estimate:
    for row in member.rows:
        if row.subject == subject and row.metric == metric:
            return Estimate(value=row.value, low=row.low, high=row.high, reason=row.reason)
    return undefined("not compared")
