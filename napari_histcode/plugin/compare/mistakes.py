"""Tiles of a cell of a matrix, the most wrong first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.class_table import ClassTable
from napari_histcode.comparison.tile_agreement import AGREEMENT_LABELS, TileAgreement
from napari_histcode.plugin.compare.state import Cut

Key = tuple[str, int, int]
"""Which matrix, its row and its column."""

THRESHOLD, CLASSES = "threshold", "classes"
"""The two matrices: one class at a threshold, and several classes."""

MATRIX = (
    (TileAgreement.TRUE_POSITIVE, TileAgreement.FALSE_NEGATIVE),
    (TileAgreement.FALSE_POSITIVE, TileAgreement.TRUE_NEGATIVE),
)
"""Rows: positive and negative by the regions; columns: above and below the threshold."""

_MOST_WANTED = (
    TileAgreement.FALSE_POSITIVE,
    TileAgreement.FALSE_NEGATIVE,
    TileAgreement.TRUE_POSITIVE,
    TileAgreement.TRUE_NEGATIVE,
    TileAgreement.BORDER,
)
"""Order of a list: errors first."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a matrix, to choose from a list."""

    key: Key
    """Where it stands."""
    title: str
    """What its tiles are."""
    n_tiles: int
    """How many."""


def threshold_cells(cut: Cut) -> Iterator[Cell]:
    """Give the cells at a threshold, errors first, border tiles last."""
    for kind in _MOST_WANTED:
        yield Cell(key=key_of(kind), title=AGREEMENT_LABELS[kind], n_tiles=cut.counts[kind])


def class_cells(table: ClassTable) -> Iterator[Cell]:
    """Give the cells of several classes, errors with the most tiles first, then what is right."""
    n = len(table.classes)
    cells = [
        Cell(
            key=(CLASSES, row, column),
            title=f"drawn {table.classes[row]}, seen {table.classes[column]}",
            n_tiles=int(table.matrix[row, column]),
        )
        for row in range(n)
        for column in range(n)
    ]
    yield from sorted(cells, key=lambda cell: (cell.key[1] == cell.key[2], -cell.n_tiles))


def key_of(kind: TileAgreement) -> Key:
    """Key of the cell at a threshold."""
    for row, kinds in enumerate(MATRIX):
        if kind in kinds:
            return (THRESHOLD, row, kinds.index(kind))
    return (THRESHOLD, len(MATRIX), 0)


def kind_at(key: Key) -> TileAgreement:
    """Kind of the tiles of a cell at a threshold; border tiles stand below the matrix."""
    return MATRIX[key[1]][key[2]] if key[1] < len(MATRIX) else TileAgreement.BORDER


def tiles_of_kind(kind: TileAgreement, cut: Cut, values: NDArray[np.float64]) -> NDArray[np.intp]:
    """List the tiles of a kind, the most wrong first.

    A negative tile is the more wrong the higher its value, a positive one the lower; tiles that are right
    come with the least certain first, and border tiles with the highest first.
    """
    tiles = np.flatnonzero(cut.agreement == kind)
    is_positive = kind in (TileAgreement.TRUE_POSITIVE, TileAgreement.FALSE_NEGATIVE)
    error = -values[tiles] if is_positive else values[tiles]
    return tiles[np.argsort(-error, kind="stable")]


def tiles_of_classes(
    key: Key, table: ClassTable, values: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.intp]:
    """List the tiles of a cell of several classes, the most wrong first.

    Parameters
    ----------
    key : tuple
        The cell.
    table : ClassTable
        The matrix.
    values : mapping of str to ndarray (n_tiles,)
        Class to what the head says of it, from `class_maps`.
    """
    _, row, column = key
    tiles = table.tiles(row, column)
    if row == column:  # the least certain first: little above the next class
        others = [values[name][tiles] for k, name in enumerate(table.classes) if k != row]
        error = np.max(others, axis=0) - values[table.classes[row]][tiles]
    else:
        error = values[table.classes[column]][tiles] - values[table.classes[row]][tiles]
    return tiles[np.argsort(-error, kind="stable")]
