"""Signatures in words."""

from __future__ import annotations

from napari_histcode.plugin.signatures.state import DraftReading, SignatureRow
from napari_histcode.resources.gene_sets import FEWEST_GENES
from napari_histcode.scores.signature import Members

MOST_NAMED = 12
"""So many genes are named in a line; of more, the number."""


def members_line(members: Members) -> str:
    """Tell which genes the model predicts, and which it does not."""
    present = listed(tuple(members.present)) or "none"
    missing = (
        f" Missing in this model: {listed(members.missing)}." if members.missing else " None is missing."
    )
    return f"Genes: {present}.{missing}"


def row_lines(row: SignatureRow) -> tuple[str, ...]:
    """Tell all about a signature of the list."""
    source = row.signature.source if row.signature.source != "-" else ""
    lines = [members_line(row.members)]
    if not row.members.is_enough:
        lines.append(f"A score needs {FEWEST_GENES} genes: this model cannot draw it.")
    if row.signature.note:
        lines.append(row.signature.note)
    if source:
        lines.append(f"Source: {source}.")
    return tuple(lines)


def draft_lines(reading: DraftReading) -> tuple[str, ...]:
    """Tell what the genes of a draft were understood as."""
    named = reading.named
    lines = []
    if named.genes:
        n = len(named.genes)
        lines.append(f"{n} gene{'s' if n != 1 else ''}. {members_line(reading.members)}")
    if named.renamed:
        lines.append("Former names: " + ", ".join(f"{old} is {new}" for old, new in named.renamed) + ".")
    if named.unknown:
        lines.append(f"Left out, no gene symbols: {listed(named.unknown)}.")
    if named.genes and not reading.members.is_enough:
        lines.append(
            f"This model predicts fewer than {FEWEST_GENES} of them: it can be saved, not drawn here."
        )
    return tuple(lines)


def listed(words: tuple[str, ...]) -> str:
    """Name words between commas; of many only the first ones and how many more."""
    shown = ", ".join(words[:MOST_NAMED])
    return shown if len(words) <= MOST_NAMED else f"{shown} and {len(words) - MOST_NAMED} more"
