"""Undo and redo: immutable snapshots of all regions, each with the name of the step that led to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from napari_histcode.annotations import Annotation

MOST_STEPS = 100
"""So many steps can be undone. A snapshot shares all regions that did not change with the one before."""

Regions = tuple[Annotation, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One edit and what it led to."""

    label: str
    """What it was: "draw Tumor", "subtract", "delete 2 regions"."""
    regions: Regions
    """All regions after it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """Where the regions of a slide have come from, and where undo has been."""

    start: Regions = ()
    """Regions before the first step that is remembered."""
    done: tuple[Step, ...] = ()
    """Steps that hold, the last one last."""
    undone: tuple[Step, ...] = ()
    """Steps that can be done again, the next one last."""

    @property
    def regions(self) -> Regions:
        """Regions as they stand."""
        return self.done[-1].regions if self.done else self.start

    @property
    def undo_label(self) -> str:
        """Name of the step that undo takes back; empty if there is none."""
        return self.done[-1].label if self.done else ""

    @property
    def redo_label(self) -> str:
        """Name of the step that redo does again; empty if there is none."""
        return self.undone[-1].label if self.undone else ""

    def then(self, label: str, regions: Regions) -> History:
        """Return the history after another step; what had been undone is forgotten."""
        done = (*self.done, Step(label=label, regions=regions))
        if len(done) <= MOST_STEPS:
            return replace(self, done=done, undone=())
        return History(start=done[0].regions, done=done[1:])

    def undo(self) -> History:
        """Return the history with the last step taken back; the same if there is none."""
        if not self.done:
            return self
        return replace(self, done=self.done[:-1], undone=(*self.undone, self.done[-1]))

    def redo(self) -> History:
        """Return the history with the last undone step done again; the same if there is none."""
        if not self.undone:
            return self
        return replace(self, done=(*self.done, self.undone[-1]), undone=self.undone[:-1])
