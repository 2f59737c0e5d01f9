"""Marks that somebody makes on a slide, one click after the other, with a way back: pure values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import MappingProxyType

from napari_histcode.annotations import ClassList
from napari_histcode.annotations.annotation import Rgb
from napari_histcode.annotations.classes import DEFAULT_COLOUR
from napari_histcode.plugin.annotate.colours import FURTHER_COLOURS
from napari_histcode.tiling.grid import TileGrid
from napari_histcode.tiling.lookup import tile_at

ClassOf = Mapping[int, int]
"""Tile (its position in the grid) to the key of its class."""

NO_MARKS: ClassOf = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class TaughtClass:
    """A class to teach."""

    key: int
    """Stays the same when the class is renamed."""
    name: str
    """Its name, unlike those of the others."""
    colour: Rgb
    """Of the lines around its tiles."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SlideMarks:
    """The marks on one slide."""

    grid: TileGrid
    """The tiles that positions count."""
    class_of: ClassOf = field(default_factory=lambda: NO_MARKS)
    """Class of each marked tile."""
    before: tuple[ClassOf, ...] = ()
    """What they were before each change, the first one first."""

    def marked(self, tile: int, key: int) -> SlideMarks:
        """Give a tile a class."""
        return self._changed({**self.class_of, tile: key})

    def unmarked(self, tile: int) -> SlideMarks:
        """Take a tile's class away."""
        return self._changed({other: key for other, key in self.class_of.items() if other != tile})

    def undone(self) -> SlideMarks:
        """Take the last change back; nothing where there was none."""
        if not self.before:
            return self
        return replace(self, class_of=self.before[-1], before=self.before[:-1])

    def without_class(self, key: int) -> SlideMarks:
        """Forget a class, also in what can be taken back."""
        kept = tuple(_without(state, key) for state in (*self.before, self.class_of))
        steps = [one for one, after in pairwise(kept) if one != after]
        return replace(self, class_of=kept[-1], before=tuple(steps))

    def on_grid(self, grid: TileGrid) -> SlideMarks:
        """Carry the marks over to other tiles of the same slide, by the centres of the marked ones."""
        if grid is self.grid:
            return self
        centres = self.grid.centre_px0

        def carried(class_of: ClassOf) -> ClassOf:
            places = {tile: tile_at(grid, (centres[tile, 0], centres[tile, 1])) for tile in class_of}
            found = {places[tile]: key for tile, key in class_of.items()}
            return MappingProxyType({tile: key for tile, key in found.items() if tile is not None})

        return SlideMarks(
            grid=grid,
            class_of=carried(self.class_of),
            before=tuple(carried(state) for state in self.before),
        )

    def _changed(self, class_of: ClassOf) -> SlideMarks:
        if class_of == self.class_of:
            return self
        return replace(self, class_of=MappingProxyType(dict(class_of)), before=(*self.before, self.class_of))


def _without(class_of: ClassOf, key: int) -> ClassOf:
    return MappingProxyType({tile: other for tile, other in class_of.items() if other != key})


def next_class(classes: Sequence[TaughtClass], known: ClassList, name: str | None = None) -> TaughtClass:
    """Make another class: of that name, or the next one of the list that is not there yet.

    Parameters
    ----------
    classes : sequence of TaughtClass
        Those there are.
    known : ClassList
        Classes of the page Annotate, whose names and colours are taken.
    name : str, optional
        Its name.
    """
    taken = {one.name for one in classes}
    if name is None:
        offered = (one.name for one in known if not one.name.endswith("*") and one.name not in taken)
        numbered = (f"Class {n}" for n in range(1, len(taken) + 2) if f"Class {n}" not in taken)
        name = next(offered, None) or next(numbered)
    key = max((one.key for one in classes), default=0) + 1
    return TaughtClass(key=key, name=name, colour=colour_for(name, known, {one.colour for one in classes}))


def colour_for(name: str, known: ClassList, taken: Collection[Rgb]) -> Rgb:
    """Choose the colour of a class: that of the list, or a safe one that no other class has."""
    listed = known.colour_of(name)
    if listed != DEFAULT_COLOUR:
        return listed
    free = [colour for colour in FURTHER_COLOURS if colour not in taken]
    return free[0] if free else FURTHER_COLOURS[len(taken) % len(FURTHER_COLOURS)]
