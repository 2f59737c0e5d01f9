"""What the second canvas shows and how it follows the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.session import Choice


@dataclass(frozen=True, kw_only=True)
class Showing:
    """What is drawn on the second canvas."""

    slide_key: str
    """Key of an open slide."""
    map_name: str | None = None
    """Name of the map on it; None for the bare slide."""


@dataclass(kw_only=True, eq=False)
class BesideState:
    """The second canvas."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    is_open: bool = False
    """Whether it is to be seen."""
    showing: Showing | None = None
    """What is on it; kept while it is closed, None before it was first opened."""
    offers: tuple[Choice, ...] = ()
    """What can be shown on it."""
    is_linked: bool = True
    """Whether the two canvases move together, if they can."""
    why_free: str = ""
    """Why they cannot, in words for the user; empty if they can."""
    is_other_slide: bool = False
    """Whether it shows another slide than the viewer's own canvas."""
