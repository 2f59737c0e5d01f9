"""Marks: tiles that somebody gave a class, one by one or by drawing regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_histcode.annotations import Annotation
from napari_histcode.annotations.classes import SEPARATOR
from napari_histcode.errors import MarksError
from napari_histcode.tiling.coverage import covered_fraction
from napari_histcode.tiling.grid import TileGrid
from napari_histcode.tiling.lookup import connected_groups


@dataclass(frozen=True, kw_only=True, eq=False)
class Marks:
    """Marked tiles of a slide. Made by `make_marks` or `marks_of_regions`."""

    classes: tuple[str, ...]
    """Names of the classes, at least two."""
    tiles: NDArray[np.intp]
    """(n_marks,) positions in the slide's grid, ascending; read-only."""
    class_of: NDArray[np.intp]
    """(n_marks,) position of each one's class in ``classes``; read-only."""
    group_of: NDArray[np.intp]
    """(n_marks,) group of each: tiles of one class that touch belong together; read-only."""

    def __post_init__(self) -> None:
        for array in (self.tiles, self.class_of, self.group_of):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.tiles)

    @property
    def counts(self) -> dict[str, int]:
        """Class to its number of marked tiles."""
        return {name: int((self.class_of == c).sum()) for c, name in enumerate(self.classes)}

    @property
    def group_counts(self) -> dict[str, int]:
        """Class to its number of separate groups of tiles."""
        return {
            name: len(np.unique(self.group_of[self.class_of == c])) for c, name in enumerate(self.classes)
        }


def make_marks(grid: TileGrid, tiles_of: Mapping[str, ArrayLike]) -> Marks:
    """Gather marked tiles.

    Parameters
    ----------
    grid : TileGrid
        The slide's tiles.
    tiles_of : mapping
        Class to positions in the grid.

    Raises
    ------
    MarksError
        If there are fewer than two classes with a tile, a tile has two classes, or is not in the grid.
    """
    chosen = {name: np.unique(np.asarray(tiles, np.intp).ravel()) for name, tiles in tiles_of.items()}
    empty = [name for name, tiles in chosen.items() if not len(tiles)]
    if len(chosen) < 2 or empty:
        there = ", ".join(f"{name} {len(tiles)}" for name, tiles in chosen.items()) or "none"
        raise MarksError(
            f"Two classes with marked tiles are needed; there are: {there}.",
            advice="Mark at least one tile of each class; what is neither needs a class of its own.",
        )
    tiles = np.concatenate(list(chosen.values()))
    class_of = np.repeat(np.arange(len(chosen)), [len(own) for own in chosen.values()])
    if tiles.min() < 0 or tiles.max() >= len(grid):
        raise MarksError(f"A marked tile is not among the {len(grid)} tiles of {grid.slide.alias}.")
    order = np.argsort(tiles, kind="stable")
    tiles, class_of = tiles[order], class_of[order]
    n_twice = int((np.diff(tiles) == 0).sum())
    if n_twice:
        raise MarksError(
            f"{n_twice} tiles are marked with two classes.", advice="Take one of the two marks away."
        )
    return Marks(
        classes=tuple(chosen), tiles=tiles, class_of=class_of, group_of=_groups(grid, tiles, class_of)
    )


def marks_of_regions(
    grid: TileGrid, annotations: Sequence[Annotation], classes: Sequence[str], *, least_share: float = 0.5
) -> Marks:
    """Mark the tiles that lie mostly inside regions of some classes.

    Parameters
    ----------
    grid : TileGrid
        The slide's tiles.
    annotations : sequence of Annotation
        Regions in level-0 pixels; those of other classes are left out.
    classes : sequence of str
        The classes; a region of a derived class, "Tumor: Positive", belongs to "Tumor".
    least_share : float
        A tile is marked if more than this share of its area is covered. Where regions of two classes
        overlap, the one that covers more of the tile counts, and neither if both cover the same.

    Raises
    ------
    MarksError
        If one of the classes has no region, or no tile.
    """
    names = list(dict.fromkeys(classes))
    shares = []
    for name in names:
        own = [a.geometry for a in annotations if a.has_area and _is_of(a.class_name, name)]
        if not own:
            there = sorted({a.class_name for a in annotations if a.class_name and a.has_area})
            raise MarksError(
                f"No region is of class {name!r}; there are: {', '.join(there) or 'no classified regions'}.",
                advice="Write the class as in the file.",
            )
        shares.append(covered_fraction(grid, own))
    share = np.stack(shares, axis=1)  # (n_tiles, n_classes)
    best = share.argmax(axis=1)
    is_marked = share.max(axis=1) > least_share
    is_marked &= (share == share.max(axis=1, keepdims=True)).sum(axis=1) == 1
    return make_marks(grid, {name: np.flatnonzero(is_marked & (best == c)) for c, name in enumerate(names)})


def _is_of(class_name: str | None, wanted: str) -> bool:
    return class_name is not None and (class_name == wanted or class_name.startswith(f"{wanted}{SEPARATOR}"))


def _groups(grid: TileGrid, tiles: NDArray[np.intp], class_of: NDArray[np.intp]) -> NDArray[np.intp]:
    """Find the groups class by class: tiles of two classes side by side are two groups."""
    group_of = np.empty(len(tiles), np.intp)
    n = 0
    for c in np.unique(class_of):
        own = connected_groups(grid, tiles[class_of == c])
        group_of[class_of == c] = n + own
        n += int(own.max()) + 1
    return group_of
