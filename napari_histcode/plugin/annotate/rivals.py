"""Two sets of regions for one slide: those of a session, and those that were kept by themselves.

The newer one is shown, the other one is offered, and both are said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from napari_histcode.annotations import read_annotations
from napari_histcode.plugin.annotate import autosave, edits
from napari_histcode.plugin.annotate.history import Regions
from napari_histcode.plugin.annotate.state import Notice
from napari_histcode.slide import Slide

USE_SESSION, USE_KEPT = "Use the session's", "Use those"
"""Actions of the line about it."""

PRECISION = timedelta(seconds=1)
"""A session says its time to the second."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Dated:
    """Regions and the time at which they were written."""

    regions: Regions
    """The regions, each with an id."""
    written: datetime
    """When."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Settled:
    """Which set is shown."""

    regions: Regions
    """The regions to show."""
    notice: Notice
    """What is said of it; empty where there was no choice."""
    others: Regions | None = None
    """The set that was not taken; None where there was no choice."""
    is_kept_other: bool = False
    """Whether the file of regions that are kept by themselves holds others than those that are shown."""


def settle(session: Dated, kept: Dated | None) -> Settled:
    """Choose between the regions of a session and those that were kept by themselves; None if none were."""
    if kept is None or kept.regions == session.regions:
        return Settled(regions=session.regions, notice=Notice())
    when, then = _clock(kept.written), _clock(session.written)
    if kept.written >= session.written + PRECISION:
        text = f"Regions drawn after the session was saved are shown: kept {when}, session {then}."
        notice = Notice(text=text, action=USE_SESSION)
        return Settled(regions=kept.regions, notice=notice, others=session.regions)
    text = f"The session's regions are shown, saved {then}. Others were kept {when}."
    return Settled(
        regions=session.regions,
        notice=Notice(text=text, action=USE_KEPT),
        others=kept.regions,
        is_kept_other=True,
    )


def stay(session: Dated, live: Regions) -> Settled:
    """Leave regions in hand as they are, and offer those of the session if they differ."""
    if live == session.regions:
        return Settled(regions=live, notice=Notice())
    text = "The regions that you were drawing stay; the session has others."
    notice = Notice(text=text, action=USE_SESSION)
    return Settled(regions=live, notice=notice, others=session.regions)


def read_session_regions(file: Path, saved: datetime, slide: Slide) -> Dated:
    """Read the regions of a session.

    Raises
    ------
    AnnotationFileError
        If the file is missing or damaged.
    """
    found = read_annotations(file, slide=slide, origin="slide")
    return Dated(regions=edits.with_ids(found.annotations), written=saved)


def read_kept(slide: Slide) -> Dated | None:
    """Read the regions that were kept by themselves; None if none were.

    Raises
    ------
    AnnotationFileError
        If the file is damaged.
    """
    found = autosave.restore(slide)
    if found is None:
        return None
    seconds = autosave.saved_file(slide.record).stat().st_mtime
    written = datetime.fromtimestamp(seconds, UTC)
    return Dated(regions=edits.with_ids(found.annotations), written=written)


def _clock(time: datetime) -> str:
    """Write a time as the user's clock and calendar had it."""
    return time.astimezone().strftime("%d %b %H:%M:%S")
