"""The session file, what is going on with it, and which of its slides are missed: state without Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.annotate.state import Notice
from napari_histcode.plugin.session import Activity, Offer, Phase, Session
from napari_histcode.saved.session import SavedSlide


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A slide of the session that is not where it was."""

    slide: SavedSlide
    """What the session knows of it; kept as it is when the session is saved."""
    origin: Path
    """The session file, from which its places are seen."""
    saved: str
    """When that was saved."""
    reason: str = ""
    """Why what was offered instead is not it; empty before anything was."""
    is_looking: bool = False
    """Whether a file is being looked at."""


@dataclass(kw_only=True, eq=False)
class SavingState:
    """Sessions of one window."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    path: Path | None = None
    """The session file that saving writes; None before the first time."""
    activity: Activity = field(default_factory=Activity)
    """Opening or saving, or how that failed."""
    notice: Notice = field(default_factory=Notice)
    """What has just happened."""
    missing: tuple[Missing, ...] = ()
    """Slides that are asked for."""


def save_offer(session: Session, state: SavingState) -> Offer:
    """Decide whether there is anything to save."""
    if state.activity.phase is not Phase.IDLE:
        return Offer(is_enabled=False, reason="A session is being opened or saved.")
    if not session.slides and not state.missing:
        return Offer(is_enabled=False, reason="Open a slide first.")
    return Offer(is_enabled=True)
