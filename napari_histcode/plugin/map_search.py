"""Finding one of hundreds of maps by what somebody types: a name, a former name, or a gene of a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from napari_histcode.plugin.evidence import Evidence
from napari_histcode.plugin.map_list import MapRow
from napari_histcode.resources.gene_sets import gene_aliases, present_symbol

EvidenceByOutput = Mapping[tuple[str, str], Evidence]

NOT_FOUND = "This model has no class, gene or signature of that name."


def search_words(rows: Sequence[MapRow]) -> tuple[str, ...]:
    """List what can be completed: every name, and the former names of genes that are there."""
    names = {row.label for row in rows}
    symbols = {present_symbol(row.output) for row in rows if row.output}
    names |= {alias for alias, symbol in gene_aliases().items() if symbol in symbols}
    return tuple(sorted(names, key=lambda name: (name.casefold(), name)))


def is_found(row: MapRow, text: str, evidence: EvidenceByOutput) -> bool:
    """Whether a row is meant by a text.

    Parameters
    ----------
    row : MapRow
        A class, gene or signature.
    text : str
        What was typed; nothing means all rows. Upper and lower case count alike.
    evidence : mapping
        Head and output to what is known of it, for the genes of signatures.
    """
    wanted = text.strip().casefold()
    if not wanted or wanted in row.label.casefold():
        return True
    if row.output is None:
        return False
    symbol = present_symbol(row.output)
    former = [alias.casefold() for alias, present in gene_aliases().items() if present == symbol]
    known = evidence.get((row.head, row.output))
    members = [gene.casefold() for gene in known.genes] if known is not None else []
    return any(wanted in name for name in former) or wanted in members
