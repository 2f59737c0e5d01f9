"""The page on how faithful the maps are: of one slide with its curves, or of a cohort."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from napari_histcode.comparison.document import plain
from napari_histcode.export.audit_table import flatten
from napari_histcode.export.faithfulness.figures import faithfulness_png
from napari_histcode.export.html_table import Cell, data_table, p_text, paragraphs, png_figure
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.page import fact_table, page
from napari_histcode.scores.faithfulness import Faithfulness, OutputFaithfulness
from napari_histcode.scores.faithfulness_cohort import CohortMap, FaithfulnessCohort, Part
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.faithfulness_ranking import caution, verdict
from napari_histcode.scores.score import KIND_NAMES

READING = (
    "Tiles are taken out of the bag in the order of each map, and the head is asked again. If a map is "
    "faithful, the output falls at once when its most relevant tiles go (MoRF) and holds when its least "
    "relevant ones go (LeRF). SRG is the area between the two curves: 0 for a ranking by chance, higher is "
    "better.",
    "Adding tiles instead passes through the same bags the other way round: the insertion curves are "
    "these curves read from right to left.",
    "Faithfulness says whether a map shows what the model used, not whether the model is right.",
)

_PART_TITLES: dict[Part, str] = {
    "all": "all slides",
    "predicted": "slides on which it is predicted",
    "flagged": "slides on which it is not predicted",
}


def slide_page(found: Faithfulness, *, notes: Sequence[str] = (), created: str) -> str:
    """Write the page of one slide.

    Parameters
    ----------
    found : Faithfulness
        Of the slide.
    notes : sequence of str
        What to know of its maps, one sentence each.
    created : str
        Time of the measurement.
    """
    alias = found.slide.alias
    body = [
        f"<h1>{escape(alias)}: faithfulness</h1>",
        f'<p class="lead">Do the maps show what the model used? '
        f'<span class="notice">{escape(RESEARCH_USE)}</span></p>',
        fact_table(_facts(found)),
        *paragraphs([*READING, *notes]),
        *(part for output in found.outputs for part in output_parts(output, found.config)),
        "<h2>Audit record</h2>",
        fact_table(_audit([found], created), kind="audit"),
    ]
    return page(f"{alias}: faithfulness", body, foot=f"model {found.model_name} {found.model_version}")


def cohort_page(
    cohort: FaithfulnessCohort,
    *,
    notes: Mapping[str, Sequence[str]],
    failures: Sequence[tuple[str, str]] = (),
    created: str,
) -> str:
    """Write the page of many slides.

    Parameters
    ----------
    cohort : FaithfulnessCohort
        The slides.
    notes : mapping
        Alias of a slide to what is to know of its maps.
    failures : sequence of (str, str)
        Results that could not be measured, and why.
    created : str
        Time of the measurement.
    """
    slides = [member.faithfulness for member in cohort.members]
    interval = f"95 %, {cohort.n_resamples:,} draws of patients, then of their slides (seed {cohort.seed})"
    facts = [
        ("slides", f"{len(slides):,}"),
        ("patients", f"{cohort.n_patients:,}"),
        ("intervals", interval),
        *_method(slides[0].config),
    ]
    body = [
        "<h1>Faithfulness over a cohort</h1>",
        f'<p class="lead">Do the maps show what the model used? '
        f'<span class="notice">{escape(RESEARCH_USE)}</span></p>',
        fact_table(facts),
        *paragraphs(READING),
        *_failures(failures),
        *_means(cohort),
        *_slides(slides),
        *paragraphs([f"{alias}: {note}" for alias, said in notes.items() for note in said]),
        "<h2>Audit record</h2>",
        fact_table(_audit(slides, created), kind="audit"),
    ]
    return page("Faithfulness over a cohort", body, foot=f"model {slides[0].model_name}")


def output_parts(output: OutputFaithfulness, config: FaithfulnessConfig) -> Iterator[str]:
    """Give the parts of a page about one output, for any report to take up."""
    yield f"<h2>{escape(output.label)}</h2>"
    said = (
        f"{output.quantity.capitalize()} {output.value:.3f} of all tiles, {output.empty:.3f} of none; "
        f"{output.effective_tiles:,.1f} tiles share the attention in effect."
    )
    yield from paragraphs([said])
    yield from paragraphs([text for text in (caution(output), verdict(output)) if text], kind="notice")
    limit = output.random.srg_limit
    by_chance = f"{-limit:.3f} to {limit:.3f}".replace("-", "\N{MINUS SIGN}")
    rows: list[list[Cell]] = []
    for one in sorted(output.maps, key=lambda one: -one.srg):
        curve = one.curve
        numbers = (curve.srg, by_chance, p_text(one.p), curve.aupc_morf, curve.aupc_lerf)
        rows.append([KIND_NAMES[one.kind], *numbers])
    yield from data_table(["map", "SRG", "95 % by chance", "p", "AUPC MoRF", "AUPC LeRF"], rows)
    shares = [f"{100 * share:g} %" for share in config.top_shares]
    yield "<p>The output with only the most relevant tiles: are they enough?</p>"
    yield from data_table(
        ["map", *[f"only {share}" for share in shares]],
        [[KIND_NAMES[one.kind], *one.sufficiency] for one in output.maps],
    )
    yield "<p>The output without the most relevant tiles: were they needed?</p>"
    yield from data_table(
        ["map", *[f"without {share}" for share in shares]],
        [[KIND_NAMES[one.kind], *one.necessity] for one in output.maps],
    )
    yield png_figure(
        faithfulness_png(output),
        f"{output.label}: the recorded output while tiles go. Grey: random orders, their mean and 95 % band.",
    )


def _facts(found: Faithfulness) -> list[tuple[str, str]]:
    return [("tiles", f"{found.n_tiles:,}"), *_method(found.config)]


def _method(config: FaithfulnessConfig) -> list[tuple[str, str]]:
    recorded = "predictions" if config.quantity == "prediction" else "raw outputs, before the activation"
    return [
        ("recorded", recorded),
        ("steps", f"{config.n_steps:,}, from all tiles to none"),
        ("random orders", f"{config.n_random:,}, each from both ends (seed {config.seed})"),
        ("no tiles left", "the head's bias"),
    ]


def _failures(failures: Sequence[tuple[str, str]]) -> Iterator[str]:
    if failures:
        yield "<h2>Results that could not be measured</h2>"
        yield from paragraphs([f"{name}: {reason}" for name, reason in failures])


def _means(cohort: FaithfulnessCohort) -> Iterator[str]:
    groups: dict[tuple[str, str], dict[Part, list[CohortMap]]] = {}
    for one in cohort.maps:
        groups.setdefault((one.head, one.output), {}).setdefault(one.part, []).append(one)
    for (head, output), parts in groups.items():
        yield f"<h2>{escape(head)}, {escape(output)}: means over patients</h2>"
        for part, maps in parts.items():
            if part != "all" and maps[0].n_slides == parts["all"][0].n_slides:
                continue  # the same slides again
            yield f"<p>{escape(_PART_TITLES[part].capitalize())}: {maps[0].n_slides:,}.</p>"
            rows: list[list[Cell]] = [
                [
                    one.label,
                    one.srg,
                    one.behind,
                    one.aupc_morf,
                    one.aupc_lerf,
                    f"{one.n_best:,} of {one.n_slides:,}",
                ]
                for one in maps
            ]
            yield from data_table(
                ["map", "SRG", "behind the best", "AUPC MoRF", "AUPC LeRF", "best or tied"], rows
            )


def _slides(slides: Sequence[Faithfulness]) -> Iterator[str]:
    yield "<h2>Slides</h2>"
    rows: list[list[Cell]] = []
    for slide in slides:
        for output in slide.outputs:
            name = f"{slide.slide.alias}, {output.label}"
            told = f"{output.value:.3f}{' (not predicted)' if output.is_flagged else ''}"
            rows += [
                [name, one.label, told, one.srg, f"\N{PLUS-MINUS SIGN}{output.random.srg_limit:.3f}"]
                for one in output.maps
            ]
    yield from data_table(["slide", "map", "recorded output", "SRG", "95 % by chance"], rows)


def _audit(slides: Sequence[Faithfulness], created: str) -> list[tuple[str, str]]:
    first = slides[0]
    facts = [("created", created), *flatten(plain(first.config), "faithfulness")]
    if len(slides) == 1:
        facts += flatten(plain(first.slide), "slide")
    return [*facts, ("model.digest", first.model_digest)]
