"""What is known of the map that is looked at: what its numbers are, how well it did, what it is made of."""

from __future__ import annotations

from collections.abc import Sequence

from napari_histcode.plugin.evidence import NOTHING_MEASURED, Evidence
from napari_histcode.plugin.map_list import MapRow
from napari_histcode.plugin.signatures.state import SignatureRow
from napari_histcode.plugin.signatures.words import listed, members_line
from napari_histcode.resources.gene_sets import present_symbol
from napari_histcode.scores.fold_changes import FoldChange

SIGNATURE_UNMEASURED = (
    "Nothing was measured of this score on held-out data: see what was measured of its genes."
)

MOST_COHORTS = 4
"""Fold changes of so many cohorts are written out."""


def map_facts(
    quantity: str,
    evidence: Evidence | None,
    fold_changes: Sequence[FoldChange] = (),
    *,
    is_known: bool = True,
) -> tuple[str, ...]:
    """Tell what a reader should know before trusting the map of a class, a gene or a learned signature.

    Parameters
    ----------
    quantity : str
        What its values are, with their unit.
    evidence : Evidence, optional
        What the model's card says of it.
    fold_changes : sequence of FoldChange
        What tables of the user's say of the gene.
    is_known : bool
        Whether the model's card was found at all.

    Returns
    -------
    tuple of str
        A line each.
    """
    lines = [_sentence(quantity)]
    if evidence is not None:
        lines.append(evidence.sentence)
        if evidence.genes:
            missing = f" Missing in this model: {listed(evidence.missing)}." if evidence.missing else ""
            source = f" {evidence.source}." if evidence.source else ""
            lines.append(f"Genes: {listed(evidence.genes)}.{missing}{source}")
    elif is_known:
        lines.append(NOTHING_MEASURED)
    else:
        lines.append("The model's card is not at hand: nobody can say here how well this output did.")
    known = [*([evidence.fold_change] if evidence and evidence.fold_change else []), *fold_changes]
    lines += [fold_change_line(change) for change in known[:MOST_COHORTS]]
    return tuple(lines)


def signature_facts(quantity: str, row: SignatureRow | None) -> tuple[str, ...]:
    """Tell what a reader should know of the map of a signature that was put together here.

    Parameters
    ----------
    quantity : str
        What its values are, and against what.
    row : SignatureRow, optional
        Its genes; None where it came with the result and is not among the signatures known here.
    """
    members = (members_line(row.members),) if row is not None else ()
    return (_sentence(quantity), *members, SIGNATURE_UNMEASURED)


def _sentence(quantity: str) -> str:
    return f"{quantity[:1].upper()}{quantity[1:]}."


def fold_change_line(change: FoldChange) -> str:
    """Tell how much more of a gene there is in tumours, and where that was measured."""
    interval = ""
    if change.low is not None and change.high is not None:
        interval = f" [{change.low:.2f}, {change.high:.2f}]"
    return f"{change.cohort}: log2 fold change {change.log2:+.2f}{interval}, tumour over normal."


def gene_of(row: MapRow) -> str:
    """Present symbol of a row's gene, for looking it up."""
    return present_symbol(row.output or "")
