"""Which slides are analysed, in which order, and how far each has come: state that announces its changes.

A queued slide goes through these standings::

    opening ──> waiting ──> running ──> finished
       │           │           ├──────> failed
       │           │           └──────> stopping ──> cancelled
       ├──> failed └──> cancelled
       └──> cancelled

and from cancelled or failed back to waiting (a file that was never opened: to opening) when it is resumed.
Slides of the window begin as waiting, files that were added as opening. A job that is stopping may have done
its last tile already, and then it ends as finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor
from shapely.geometry.base import BaseGeometry


class Standing(Enum):
    """Where a queued slide stands; see the diagram above."""

    OPENING = "opening"
    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


AT_WORK = frozenset({Standing.RUNNING, Standing.STOPPING})
ACTIVE = AT_WORK | {Standing.OPENING, Standing.WAITING}
BROKEN_OFF = frozenset({Standing.CANCELLED, Standing.FAILED})


@dataclass(frozen=True, kw_only=True, eq=False)
class Wish:
    """How a slide is to be analysed: what was chosen when it joined the queue."""

    model: str
    """Name or path of the model."""
    device: str
    """Name of the device."""
    roi: BaseGeometry | None = None
    """What of the slide is analysed, in level-0 pixels; None for all of it."""


@dataclass(frozen=True, kw_only=True)
class QueuedSlide:
    """One line of the queue."""

    number: int
    """Its own, for as long as the window lives."""
    alias: str
    """What the user reads: the slide's alias, or until that is known which of the added files it is."""
    path: Path
    """Its file; the name is for those alone who asked for names."""
    wish: Wish
    """How it is to be analysed."""
    key: str | None = None
    """Key of the slide; None while its file has not been opened."""
    standing: Standing = Standing.WAITING
    """How far it has come."""
    text: str = ""
    """Stage and speed, why it failed, or what to know of the result."""
    fraction: float | None = None
    """Share done of the present stage, 0 to 1; None while unknown."""
    seconds: float | None = None
    """How long a finished analysis took."""
    is_told: bool = False
    """Whether the reader has been on its slide since it ended."""

    @property
    def is_active(self) -> bool:
        """Whether something is still to happen to it by itself."""
        return self.standing in ACTIVE

    @property
    def is_at_work(self) -> bool:
        """Whether its analysis has the machine."""
        return self.standing in AT_WORK

    @property
    def can_cancel(self) -> bool:
        """Whether it can be taken out of the queue or stopped."""
        return self.is_active and self.standing is not Standing.STOPPING

    @property
    def can_resume(self) -> bool:
        """Whether it can join the queue again."""
        return self.standing in BROKEN_OFF

    @property
    def can_show(self) -> bool:
        """Whether there is a slide to look at: with a result, or with a reason why there is none."""
        return self.key is not None and self.standing in (Standing.FINISHED, Standing.FAILED)


Items = tuple[QueuedSlide, ...]


@dataclass(kw_only=True, eq=False)
class QueueState:
    """The queue of one window."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    items: Items = ()
    """In the order in which they are analysed."""
    whole: Mapping[str, str] = field(default_factory=dict)
    """Key of a slide to the model by which all of it has been analysed in this window."""
