"""What is taught, and what has been learned: state that announces its changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.ask.teach_marks import TaughtClass
from napari_histcode.plugin.ask.teach_tasks import Lesson, Offered
from napari_histcode.plugin.session import Activity


@dataclass(kw_only=True, eq=False)
class TeachState:
    """The classes are the same on all slides; marks and what was learned are the current slide's."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    missing: str = ""
    """What has to be done before anything can be taught; empty if nothing."""
    classes: tuple[TaughtClass, ...] = ()
    """The classes, at least two."""
    chosen: int = 1
    """Key of the class that a click gives."""
    is_picking: bool = True
    """Whether clicks on the slide mark tiles."""
    is_unmarking: bool = False
    """Whether clicks take marks away instead."""
    uses_regions: bool = False
    """Whether tiles in regions of the classes are marked, too."""
    has_regions: bool = False
    """Whether there are regions with a class."""
    n_clicked: int = 0
    """Tiles that were marked by a click."""
    n_marked: Mapping[int, int] = field(default_factory=dict)
    """Key of each class to its number of marked tiles, clicked or in regions."""
    can_undo: bool = False
    """Whether a click can be taken back."""
    lesson: Lesson | None = None
    """What was learned from the marks; None before the first."""
    learning: Activity = field(default_factory=Activity)
    """What is missing, or how learning failed; empty if it did not."""
    shown: int = 1
    """Key of the class whose probability is shown."""
    asked: Offered | None = None
    """The tile that is asked about."""
    saving: Activity = field(default_factory=Activity)
    """The model being written, or how that ended."""
    saved: str = ""
    """Name of the model that was saved last."""
    exporting: Activity = field(default_factory=Activity)
    """The marks being written, or how that ended."""

    def class_of(self, key: int) -> TaughtClass | None:
        """Find a class by its key."""
        return next((one for one in self.classes if one.key == key), None)
