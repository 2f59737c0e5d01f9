"""What the controller wants of the two canvases, so that it can be tested without a viewer.

`napari_beside.NapariBeside` is the real one. All methods are called, and all signals sent, on the GUI
thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from typing import Protocol

from psygnal import Signal

from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.beside.linking import Sight
from napari_histcode.plugin.canvas import ShownMap
from napari_histcode.plugin.layers import Pair
from napari_histcode.slide import SlideRecord


class Side(Enum):
    """One of the two canvases."""

    HERE = "here"
    """The viewer's own."""
    THERE = "there"
    """The one beside it."""

    @property
    def other(self) -> Side:
        """The other one."""
        return Side.THERE if self is Side.HERE else Side.HERE


class ScreenEvents:
    """What happens on the canvases while both are there."""

    moved = Signal(Side)
    """A camera has moved, whoever moved it; sent at once."""
    pointed = Signal(Side, object)
    """The pointer is at this place of the canvas, as (row, column) in its world; None when it has left."""


class BesideScreen(Protocol):
    """The second canvas, and the cameras of both."""

    @property
    def events(self) -> ScreenEvents:
        """What happens on the canvases."""
        ...

    def bind_toggle(self, toggle: Callable[[], None]) -> None:
        """Do this on the key for it, wherever the viewer has the focus."""
        ...

    def disconnect(self) -> None:
        """Close, and let go of the viewer."""
        ...

    def open(self) -> bool:
        """Put an empty canvas beside the viewer's own; False if there is no place for it."""
        ...

    def close(self) -> None:
        """Take it away with all that is on it; harmless when there is none."""
        ...

    def show_slide(self, key: str) -> None:
        """Show this slide and nothing else."""
        ...

    def keep_slides(self, keys: Collection[str]) -> None:
        """Let go of all other slides: they have been closed."""
        ...

    def show_map(self, shown: ShownMap | None) -> None:
        """Draw this map on the slide, and no other."""
        ...

    def show_regions(self, picture: RegionPicture | None, record: SlideRecord, *, is_visible: bool) -> None:
        """Draw these regions on the slide; the same picture again is painted anew."""
        ...

    def sight(self, side: Side, record: SlideRecord) -> Sight:
        """Tell where a canvas looks on this slide."""
        ...

    def look(self, side: Side, sight: Sight, record: SlideRecord) -> None:
        """Send a canvas there."""
        ...

    def fit(self) -> None:
        """Show the whole slide on the second canvas."""
        ...

    def point(self, side: Side, xy_px0: Pair | None, record: SlideRecord) -> None:
        """Mark a level-0 position on a canvas; None takes the mark away."""
        ...

    def value_at(self, world: Pair) -> str:
        """Say what the map of the second canvas is at a place of its world; empty without a map."""
        ...

    def say(self, text: str) -> None:
        """Say something in the status bar."""
        ...

    def later(self, callback: Callable[[], None]) -> None:
        """Call back when the window has breathed, unless it was closed before."""
        ...
