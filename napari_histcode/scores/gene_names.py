"""Genes out of a pasted text: separated, under their present symbols, and what is no gene's name named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from napari_histcode.resources.gene_sets import driver_genes, gene_aliases, signatures

_SEPARATORS = re.compile(r"[\s,;|]+")
_QUOTES = "\"'`()[]"
_SYMBOL = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+){0,2}")
"""Letters and digits, begun by a letter, with a hyphen at most twice: ERBB2, HLA-A, H3-3A, C3orf59."""
_LONGEST = 16
_IDENTIFIER = re.compile(r"(ENS[A-Z]*[GTP]\d{6,}|[NX][MRP]_\d+)(\.\d+)?", re.IGNORECASE)
"""Ensembl's and RefSeq's identifiers: they name genes, and nothing here can say which."""
_ORF = re.compile(r"C(\d+|X|Y)ORF(\d+)")


@dataclass(frozen=True, kw_only=True)
class NamedGenes:
    """What a list of genes was understood as."""

    genes: tuple[str, ...]
    """Present symbols, each once, in the order of the text."""
    renamed: tuple[tuple[str, str], ...] = ()
    """Names that are former ones, each with the present symbol."""
    unknown: tuple[str, ...] = ()
    """Words that are no gene symbol."""


def read_gene_names(text: str, *, known: Iterable[str] = ()) -> NamedGenes:
    """Take genes out of a text.

    Parameters
    ----------
    text : str
        Symbols between blanks, commas, semicolons or line ends; upper and lower case count alike.
    known : iterable of str
        Symbols as a model spells them.

    Returns
    -------
    NamedGenes
        A symbol that no list here knows is taken for a gene all the same: there are 20,000 of them. What
        cannot be a symbol, such as an Ensembl identifier, is set apart.
    """
    spelling = _spelling(known)
    genes: list[str] = []
    renamed: list[tuple[str, str]] = []
    unknown: list[str] = []
    for raw in _SEPARATORS.split(text):
        word = raw.strip(_QUOTES)
        if not word:
            continue
        if word.casefold() not in spelling and not _may_be_symbol(word):
            unknown.append(raw)
            continue
        name = spelling.get(word.casefold(), _upper(word))
        symbol = gene_aliases().get(name, name)
        if symbol != name:
            renamed.append((name, symbol))
        genes.append(symbol)
    return NamedGenes(
        genes=tuple(dict.fromkeys(genes)),
        renamed=tuple(dict.fromkeys(renamed)),
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _spelling(known: Iterable[str]) -> dict[str, str]:
    """Find the right spelling by the name in lower case; a model's own spelling counts most."""
    names = [*known, *gene_aliases().values(), *gene_aliases(), *driver_genes().genes]
    names += [gene for one in signatures() for gene in one.genes]
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.casefold(), name)
    return found


def _may_be_symbol(word: str) -> bool:
    has_length = 1 < len(word) <= _LONGEST
    return has_length and _SYMBOL.fullmatch(word) is not None and _IDENTIFIER.fullmatch(word) is None


def _upper(word: str) -> str:
    """Write a symbol as genes of man are written: in capitals, save the orf of open reading frames."""
    return _ORF.sub(r"C\1orf\2", word.upper())
