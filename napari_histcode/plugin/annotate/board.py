"""What the Annotate page wants of the viewer, so that it can be tested without one.

Everything is in level-0 pixels of the slide, x then y. `napari_board.NapariBoard` is the real one. All
methods are called, and all signals sent, on the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_histcode.annotations import Annotation
from napari_histcode.annotations.annotation import Rgb
from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.annotate.state import Tool
from napari_histcode.slide import SlideRecord

RingKey = tuple[str, int]
"""Id of a region, and the number of one of its rings as `shaping.rings_of` counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PenRing:
    """A ring that can be edited."""

    key: RingKey
    """Which."""
    xy_px0: NDArray[np.float64]
    """(n, 2) corners, closed."""
    colour: Rgb
    """Of the line."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """An outline or a brush stroke that somebody has finished."""

    tool: Tool
    """With what."""
    xy_px0: NDArray[np.float64]
    """(n, 2) corners; for a rectangle or an ellipse those of its box, for the brush the way of its middle."""
    is_adding: bool = False
    """Whether Shift was held at the start."""
    is_subtracting: bool = False
    """Whether Alt was held at the start."""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """A press on the slide with a tool that selects."""

    xy_px0: tuple[float, float]
    """Where."""
    reach_px0: float
    """How far beside a line still means it."""
    is_adding: bool = False
    """Whether Shift was held: this one too, or no more."""
    keeps_selection: bool = False
    """Whether a press on one of several selected regions keeps them all, since they may be dragged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Name:
    """Words beside a region."""

    xy_px0: tuple[float, float]
    """Left and top of the region."""
    text: str
    """What to write."""
    colour: Rgb
    """In which colour."""


@dataclass(frozen=True, kw_only=True)
class PenStyle:
    """How the tool in hand draws."""

    colour: Rgb
    """Colour of new outlines."""
    radius_px0: tuple[float, float]
    """Radius of the brush along x and y."""


class BoardEvents:
    """What was done on the slide."""

    drawn = Signal(Drawn)
    """An outline or a stroke was finished."""
    picked = Signal(Picked)
    """The slide was pressed with a tool that selects."""
    boxed = Signal(object)
    """A box (left, top, right, bottom) was drawn with a tool that selects."""
    edited = Signal(object)
    """Rings were moved or reshaped: a dict of `RingKey` to corners (n, 2)."""
    corner_added = Signal(object, object)
    """A corner is wanted: the ring's key and its place (x, y)."""
    corner_removed = Signal(object, int)
    """A corner is not wanted: the ring's key and the corner's number."""
    deleted = Signal()
    """The selected regions are to be deleted."""
    pasted = Signal()
    """The selected regions are to be copied."""
    all_wanted = Signal()
    """All regions in view are to be selected."""
    tool_changed = Signal(Tool)
    """Another tool was taken in the viewer itself."""
    visibility_changed = Signal(bool)
    """Regions were shown or hidden in the viewer itself."""
    offered = Signal(object)
    """Regions came without the dock: a tuple of `Annotation`."""
    refused = Signal(str)
    """Something was tried that cannot be done here, and why."""


class RegionBoard(Protocol):
    """Where regions are drawn."""

    @property
    def events(self) -> BoardEvents:
        """What was done there."""
        ...

    def show(self, picture: RegionPicture | None, record: SlideRecord | None) -> None:
        """Show the regions of a slide; None takes them away."""
        ...

    def refresh(self) -> None:
        """Paint what has changed in the picture that is shown."""
        ...

    def set_pen(self, rings: Sequence[PenRing]) -> None:
        """Make these rings, and no others, the ones that can be edited."""
        ...

    def set_names(self, names: Sequence[Name]) -> None:
        """Write these names beside their regions, and no others."""
        ...

    def set_tool(self, tool: Tool, style: PenStyle) -> None:
        """Take another tool, or the same with another style."""
        ...

    def set_visible(self, *, is_visible: bool) -> None:
        """Show or hide all regions."""
        ...

    def set_describer(self, describe: Callable[[float, float], str]) -> None:
        """Ask this for the words about a place (x, y) in the status bar."""
        ...

    def bind_keys(self, keys: Mapping[str, Callable[[], object]]) -> None:
        """Do these things on these keys wherever the viewer has the focus; an empty mapping lets go."""
        ...

    def bind_pen_keys(self, keys: Mapping[str, Callable[[], object]]) -> None:
        """Do these things on these keys while the regions are the active layer."""
        ...

    def step_back(self) -> bool:
        """Take back the last corner of an unfinished outline; False if there is none."""
        ...

    def offered_before(self) -> tuple[Annotation, ...]:
        """Regions of this slide that were in the viewer before the dock; they are taken over once."""
        ...

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back after a while."""
        ...

    def disconnect(self) -> None:
        """Let go of the viewer; regions stay to be seen."""
        ...
