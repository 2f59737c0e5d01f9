"""What signatures need from the disk and the processor: plain functions for jobs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_histcode.errors import TableFileError
from napari_histcode.files import make_folder, replacing
from napari_histcode.resources.gene_sets import GeneSet
from napari_histcode.scores.fold_changes import FoldChange, fold_change_folder, read_fold_change_table
from napari_histcode.scores.signature_file import own_signatures_file, read_own_signatures, write_signatures

logger = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv", ".txt")
"""Of tables of fold changes."""

FoldChanges = Mapping[str, tuple[FoldChange, ...]]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What the user kept from earlier times."""

    own: tuple[GeneSet, ...]
    """Signatures."""
    fold_changes: FoldChanges
    """Gene to fold changes, one a table."""


def read_kept() -> Kept:
    """Read the user's signatures and tables of fold changes.

    Raises
    ------
    SignatureError
        If the file of signatures is damaged.
    """
    return Kept(own=read_own_signatures(), fold_changes=read_fold_changes())


def read_fold_changes() -> FoldChanges:
    """Read all tables of fold changes; one that cannot be read is named in the log."""
    folder = fold_change_folder()
    found: dict[str, tuple[FoldChange, ...]] = {}
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            table = read_fold_change_table(path)
        except TableFileError as error:
            logger.warning("%s", error)
            continue
        for gene, change in table.items():
            found[gene] = (*found.get(gene, ()), change)
    return found


def add_fold_changes(path: Path) -> FoldChanges:
    """Keep a copy of a table, once it is understood, and read all tables.

    Raises
    ------
    TableFileError
        If it is no table of fold changes.
    OutputError
        If the copy cannot be written.
    """
    read_fold_change_table(path)
    folder = fold_change_folder()
    make_folder(folder)
    name = path.name if path.suffix.lower() in SUFFIXES else f"{path.name}.csv"
    with replacing(folder / name) as temporary:
        temporary.write_bytes(path.read_bytes())
    return read_fold_changes()


def keep(signatures: Sequence[GeneSet]) -> None:
    """Write the user's signatures.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    write_signatures(own_signatures_file(), signatures)
