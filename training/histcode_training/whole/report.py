"""The report of a whole run: one page that says what came of every step, and a page of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from histcode_training.mil.job import heads_page
from histcode_training.probes.page import probes_page, summary_table
from histcode_training.report import report_text
from histcode_training.spatial.page import spatial_page
from histcode_training.whole.recipe import WholeParts
from histcode_training.whole.run import WholeResult
from napari_histcode.files import replacing
from napari_histcode.models.card import OutputRecord

REPORT = "report.md"
ENCODERS, FIELDS, GROUPS, SECTIONS = "encoders.md", "tissue.md", "diagnosis.md", "genes.md"


def write_report(result: WholeResult, parts: WholeParts, data: Path, out: Path, *, command: str) -> Path:
    """Write ``report.md`` and the pages that it names.

    Parameters
    ----------
    result : WholeResult
        What was made and measured.
    parts : WholeParts
        All recipes.
    data : Path
        The data folder.
    out : Path
        Folder of the run.
    command : str
        The command line that made it.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    OutputError
        If a page cannot be written.
    """
    pages = _pages(result, parts, data, command=command)
    for name, text in pages.items():
        _write(out / name, text)
    _write(out / REPORT, report_page(result, tuple(pages), command=command))
    return out / REPORT


def report_page(result: WholeResult, pages: tuple[str, ...], *, command: str) -> str:
    """Return the first page."""
    card = result.model.card
    rows = "\n".join(
        f"| {head.label} | {output.label} | {output.quantity} | {evidence_text(output)} |"
        for head in card.heads
        for output in head.outputs
    )
    sections = [
        f"# {card.name} {card.version}",
        f"Made by\n\n    {command}\n\n"
        f"Encoder {card.encoder.name}, {card.encoder.digest[:16]}; weights {card.weights_digest[:16]}; "
        f"{result.size_bytes / 1e6:.1f} MB.",
        f"{card.description}",
    ]
    if result.probes is not None:
        sections.append(f"## Encoder\n\n{summary_table(result.probes)}\n\nOn parts that were held out.")
    sections += [
        f"## Heads\n\n| head | output | quantity | evidence |\n| --- | --- | --- | --- |\n{rows}\n\n"
        "Evidence is on the card with all that belongs to it: what was compared with what, on how much."
        f"{_seen_before(result)}",
        "## Learned from\n\n" + "\n".join(f"- {source}" for source in card.training_data),
        f"## Limits\n\n{card.limits}",
        "## More\n\n" + "\n".join(f"- [{name.removesuffix('.md')}]({name})" for name in pages),
    ]
    return "\n\n".join(sections) + "\n"


def _seen_before(result: WholeResult) -> str:
    """Say what an encoder that learned without labels has seen of what heads are tested on."""
    if result.encoder_card is None or result.diagnosis is None:
        return ""
    return (
        " The folds of the head on groups of tiles test every group, and the encoder learned from some of "
        "them without their labels: that may flatter this head."
    )


def evidence_text(output: OutputRecord) -> str:
    """Say in a few words what was measured of an output."""
    evidence = output.evidence or {}
    if "r" in evidence:
        return f"r {_interval({'value': evidence['r'], **evidence})}"
    if "auroc" in evidence:
        return f"AUROC {_interval(evidence['auroc'])}"
    if "tile_auroc" in evidence:
        return f"AUROC of tiles {_interval(evidence['tile_auroc']['single_tile'])}"
    return "nothing measured"


def _interval(found: dict[str, Any]) -> str:
    value, low, high = (found.get(name) for name in ("value", "low", "high"))
    if value is None:
        return "undefined"
    return f"{value:.3f}" + (f" [{low:.3f}, {high:.3f}]" if low is not None and high is not None else "")


def _pages(result: WholeResult, parts: WholeParts, data: Path, *, command: str) -> dict[str, str]:
    pages: dict[str, str] = {}
    if result.probes is not None and parts.probes is not None:
        pages[ENCODERS] = probes_page(result.probes, parts.probes, command=command)
    if result.tissue is not None and parts.tissue is not None:
        split = parts.tissue_split(data)
        pages[FIELDS] = report_text(result.tissue, parts.tissue, split, command=command, sample=result.sample)
    if result.diagnosis is not None and parts.diagnosis is not None:
        pages[GROUPS] = heads_page(result.diagnosis.evaluation, parts.diagnosis, command=command)
    if result.genes is not None and parts.genes is not None:
        pages[SECTIONS] = spatial_page(result.genes, parts.genes, command=command)
    return pages


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
