"""What the pathologist has chosen on the Annotate page, and what it shows: state without Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.annotations import QUPATH_CLASSES, ClassList
from napari_histcode.annotations.frame import OriginChoice
from napari_histcode.plugin.session import Activity

if TYPE_CHECKING:
    from napari_histcode.comparison.measure_regions import RegionTable

DEFAULT_RADIUS_UM = 50.0
"""Of the brush: half an average tile."""

DEFAULT_FILL = 0.12
"""Regions are seen as areas, and the tissue under them stays readable."""


class Tool(StrEnum):
    """What the mouse does on the slide."""

    MOVE = "move"
    SELECT = "select"
    VERTICES = "vertices"
    INSERT = "insert"
    REMOVE = "remove"
    POLYGON = "polygon"
    FREEHAND = "freehand"
    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"
    BRUSH = "brush"

    @property
    def is_drawing(self) -> bool:
        """Whether it makes regions, so that the digits choose their class."""
        return self in DRAWING_TOOLS


DRAWING_TOOLS = frozenset((Tool.POLYGON, Tool.FREEHAND, Tool.RECTANGLE, Tool.ELLIPSE, Tool.BRUSH))


class Stroke(StrEnum):
    """What a finished outline or stroke does."""

    NEW = "new"
    """Becomes a region of its own; the brush grows the region under it."""
    ADD = "add"
    """Is united with the selected region, else with one of the class that it meets."""
    SUBTRACT = "subtract"
    """Is taken out of the selected regions, else of those of the class that it meets."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A quiet line about what has just happened."""

    text: str = ""
    """What."""
    action: str = ""
    """The way out, as a word to press: "Undo", "Discard"; empty if there is none."""
    is_error: bool = False
    """Whether it tells of a failure."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A file whose regions are on the slide."""

    title: str
    """What came, in one line: "34 regions from QuPath GeoJSON"."""
    frame: str
    """How its coordinates became the slide's."""
    origin: OriginChoice
    """What the user says of its origin."""
    can_choose_origin: bool
    """Whether another origin would mean another place."""
    findings: tuple[str, ...]
    """What could not be read, what was mended, and what else the user should know."""
    n_lost: int
    """Objects that could not be read."""
    n_others: int
    """Regions that were there before."""


@dataclass(kw_only=True, eq=False)
class AnnotateState:
    """The Annotate page."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    tool: Tool = Tool.MOVE
    """What the mouse does."""
    stroke: Stroke = Stroke.NEW
    """What finished outlines do, unless Shift or Alt is held."""
    classes: ClassList = QUPATH_CLASSES
    """Classes to choose from."""
    class_name: str | None = QUPATH_CLASSES.names[0]
    """Class of new regions; None for unclassified ones."""
    radius_um: float = DEFAULT_RADIUS_UM
    """Radius of the brush, in micrometres, or in level-0 pixels where the resolution is unknown."""
    selected: frozenset[str] = frozenset()
    """Ids of the selected regions."""
    undo_label: str = ""
    """What undo would take back; empty if nothing."""
    redo_label: str = ""
    """What redo would do again; empty if nothing."""
    notice: Notice = field(default_factory=Notice)
    """What has just happened."""
    is_visible: bool = True
    """Whether regions are shown."""
    is_in_front: bool = False
    """Whether the page of regions is in front."""
    fill: float = DEFAULT_FILL
    """Opacity of their areas, 0 to 1."""
    importing: Activity = field(default_factory=Activity)
    """A file being read."""
    imported: Imported | None = None
    """The last file that was read on this slide."""
    saving: Activity = field(default_factory=Activity)
    """A file being written."""
    restored: Notice = field(default_factory=Notice)
    """Whether regions of the last time are back."""
    table: RegionTable | None = None
    """Measurements of all regions; None before the first."""
    is_measuring: bool = False
    """Whether they are being measured anew."""
