"""Faithfulness as a few lines on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from napari_histcode.cli.compare_text import columns
from napari_histcode.cli.main import RESEARCH_USE
from napari_histcode.scores.faithfulness import Faithfulness, MapFaithfulness, OutputFaithfulness
from napari_histcode.scores.faithfulness_cohort import FaithfulnessCohort
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.faithfulness_ranking import caution, verdict
from napari_histcode.scores.score import KIND_NAMES
from napari_histcode.statistics.estimate import Estimate

SHOWN_SHARE = 0.1
"""Share of the most relevant tiles whose sufficiency and necessity are printed."""


def faithfulness_text(found: Faithfulness, notes: Sequence[str] = ()) -> str:
    """Describe one slide: one table an output, one line a map."""
    lines = [f"{found.slide.alias}: {found.n_tiles:,} tiles, model {found.model_name} {found.model_version}"]
    lines += [f"  {note}" for note in notes]
    for output in found.outputs:
        lines += ["", *_output_lines(output, found.config)]
    return "\n".join([*lines, "", f"  {RESEARCH_USE}"])


def _output_lines(output: OutputFaithfulness, config: FaithfulnessConfig) -> list[str]:
    first = (
        f"  {output.label}: {output.quantity} {output.value:.3f}, of no tile {output.empty:.3f}; "
        f"{output.effective_tiles:,.1f} effective tiles"
    )
    header = ["map", "SRG", "p", "AUPC MoRF", "AUPC LeRF"]
    place = config.top_shares.index(SHOWN_SHARE) if SHOWN_SHARE in config.top_shares else None
    if place is not None:
        header += [f"only top {SHOWN_SHARE:.0%}", f"without top {SHOWN_SHARE:.0%}"]
    maps = sorted(output.maps, key=lambda one: -one.srg)
    rows = [_row(one, place) for one in maps]
    said = [f"  ! {caution(output)}"] if output.is_flagged else []
    return [first, *columns([header, *rows]), f"  {verdict(output)}", *said]


def _row(one: MapFaithfulness, place: int | None) -> list[str]:
    curve = one.curve
    numbers = (curve.srg, one.p, curve.aupc_morf, curve.aupc_lerf)
    cells = [KIND_NAMES[one.kind], *(f"{value:.3f}" for value in numbers)]
    if place is not None:
        cells += [f"{one.sufficiency[place]:.3f}", f"{one.necessity[place]:.3f}"]
    return cells


def faithfulness_cohort_text(cohort: FaithfulnessCohort) -> str:
    """Describe a cohort: means over patients, one line a map."""
    lines = [
        f"{len(cohort.members)} slides of {cohort.n_patients} patients; means over patients, "
        "95 % intervals over draws of patients"
    ]
    outputs = dict.fromkeys((one.head, one.output) for one in cohort.maps)
    for head, output in outputs:
        every, flagged = cohort.of(head, output), cohort.of(head, output, part="flagged")
        n_flagged = flagged[0].n_slides if flagged else 0
        told = f", not predicted on {n_flagged}" if n_flagged else ""
        header = ["map", "SRG", "behind the best", "best or tied on"]
        rows = [
            [KIND_NAMES[one.kind], _short(one.srg), _short(one.behind), f"{one.n_best} slides"]
            for one in every
        ]
        lines += ["", f"  {head}, {output}: {every[0].n_slides} slides{told}", *columns([header, *rows])]
    return "\n".join([*lines, "", f"  {RESEARCH_USE}"])


def _short(estimate: Estimate) -> str:
    return str(estimate) if estimate.is_defined else "-"
