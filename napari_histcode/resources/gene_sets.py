"""Gene sets that ship with the package: driver genes, signatures of lymphocytes, and other names of genes."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

GENES = Path(__file__).parent / "genes"
"""Folder of the gene sets."""

FEWEST_GENES = 3
"""A signature with fewer of its genes present has no score."""


@dataclass(frozen=True, kw_only=True)
class GeneSet:
    """Genes that are read together."""

    name: str
    """Identifier without blanks: "t_cells"."""
    label: str
    """The name as shown."""
    genes: tuple[str, ...]
    """Symbols under their present names."""
    source: str
    """Who published the set."""
    note: str = ""
    """What to know before using it."""

    def present(self, known: Mapping[str, str]) -> tuple[str, ...]:
        """Return the genes that a table has, as `match_genes` found them."""
        return tuple(gene for gene in self.genes if gene in known)

    def missing(self, known: Mapping[str, str]) -> tuple[str, ...]:
        """Return the genes that a table lacks."""
        return tuple(gene for gene in self.genes if gene not in known)


@cache
def driver_genes() -> GeneSet:
    """Return the 200 cancer driver genes of HistCode, in the order of its authors."""
    content = tomllib.loads((GENES / "drivers.toml").read_text(encoding="utf-8"))
    return GeneSet(
        name=content["name"],
        label=content["label"],
        genes=tuple(content["genes"]),
        source=content["source"],
    )


@cache
def signatures() -> tuple[GeneSet, ...]:
    """Return the signatures of lymphocytes and plasma cells."""
    content = tomllib.loads((GENES / "signatures.toml").read_text(encoding="utf-8"))
    return tuple(
        GeneSet(
            name=name,
            label=entry["label"],
            genes=tuple(entry["genes"]),
            source=entry["source"],
            note=entry.get("note", ""),
        )
        for name, entry in content.items()
    )


@cache
def gene_aliases() -> Mapping[str, str]:
    """Return former and common names of genes, each with the present symbol."""
    with (GENES / "aliases.csv").open(newline="", encoding="utf-8") as file:
        return {row["alias"]: row["symbol"] for row in csv.DictReader(file)}


def present_symbol(name: str) -> str:
    """Return the present symbol of a gene; a name that nobody knows stays as it is."""
    return gene_aliases().get(name, name)


def match_genes(wanted: Iterable[str], columns: Collection[str]) -> dict[str, str]:
    """Find genes in a table that may name them by former symbols.

    Parameters
    ----------
    wanted : iterable of str
        Genes, under any name.
    columns : collection of str
        Names in the table.

    Returns
    -------
    dict
        Present symbol to the table's name, for those that the table has; a column under the very
        name that was asked for goes before one under another.
    """
    by_symbol: dict[str, str] = {}
    for column in columns:
        by_symbol.setdefault(present_symbol(column), column)
    exact = set(columns)
    found = {}
    for name in wanted:
        symbol = present_symbol(name)
        if symbol in exact:
            found[symbol] = symbol
        elif symbol in by_symbol:
            found[symbol] = by_symbol[symbol]
    return found
