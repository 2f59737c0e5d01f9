"""Cell-type proportions of the spots of a section: ``celltypes.tsv``, a row a spot, a column a type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.errors import CohortError
from histcode_training.spatial.section import Section

CELL_TYPES = "celltypes.tsv"


@dataclass(frozen=True, kw_only=True, eq=False)
class SectionCells:
    """A section, its spots those whose proportions are known."""

    section: Section
    """The section."""
    names: tuple[str, ...]
    """Cell types."""
    values: NDArray[np.float64]
    """(n_spots, n_types) proportions."""


def read_cells(section: Section, folder: Path) -> SectionCells:
    """Read the proportions of a section's spots.

    Parameters
    ----------
    section : Section
        The spots.
    folder : Path
        Folder of the section.

    Returns
    -------
    SectionCells
        Spots without proportions are left out.

    Raises
    ------
    CohortError
        If the table is missing or damaged, holds a spot twice, a value that is no proportion, or no spot of
        the section.
    """
    import pandas as pd

    where = f"{folder.name}/{CELL_TYPES}"
    try:
        table = pd.read_csv(folder / CELL_TYPES, sep="\t", index_col=0)
    except (OSError, ValueError) as error:
        raise CohortError(
            f"{where} cannot be read: {error}.", advice="Give the data folder with --data."
        ) from error
    table.index = table.index.astype(str)
    twice = table.index[table.index.duplicated()]
    if len(twice):
        raise CohortError(f"{where} has the spot {twice[0]!r} twice.", advice="Keep one row.")
    kept = [number for number, spot in enumerate(section.spots) if spot in table.index]
    if not kept or not len(table.columns):
        raise CohortError(f"No spot of section {section.name} has cell types in {where}.")
    spots = tuple(section.spots[number] for number in kept)
    try:
        values = table.loc[list(spots)].to_numpy(np.float64)
    except ValueError as error:
        raise CohortError(f"{where} holds what is no number: {error}.") from error
    wrong = ~(np.isfinite(values) & (values >= 0) & (values <= 1 + 1e-6))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise CohortError(
            f"{where}, spot {spots[row]!r}, column {table.columns[column]!r}: {values[row, column]} is no "
            "proportion."
        )
    return SectionCells(
        section=replace(
            section,
            spots=spots,
            array=section.array[kept],
            xy_px0=section.xy_px0[kept],
            counts=section.counts[kept],
        ),
        names=tuple(str(name) for name in table.columns),
        values=values,
    )
