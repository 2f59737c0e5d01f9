"""What becomes of the queue when something happens: pure functions from its lines to its next lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from napari_histcode.plugin.queue.state import BROKEN_OFF, Items, QueuedSlide, QueueState, Standing
from napari_histcode.plugin.session import Offer, Session, SlideEntry


def find(items: Items, number: int) -> QueuedSlide | None:
    """Find a line by its number; None where it has been taken away."""
    return next((item for item in items if item.number == number), None)


def of_slide(items: Items, key: str | None) -> QueuedSlide | None:
    """Find the line of a slide."""
    return next((item for item in items if key is not None and item.key == key), None)


def joined(items: Items, new: Sequence[QueuedSlide]) -> Items:
    """Put slides at the end.

    A slide has one line: an earlier one gives way unless it is still active, and then it stays and the new
    one is dropped. A single analysis whose end has been told is no list, and makes room for the next one.
    """
    if len(items) == 1 and not items[0].is_active and items[0].is_told:
        items = ()
    active = {item.key for item in items if item.is_active and item.key is not None}
    coming = tuple(item for item in new if item.key is None or item.key not in active)
    keys = {item.key for item in coming if item.key is not None}
    return (*(item for item in items if item.key not in keys), *coming)


def changed(items: Items, number: int, **changes: Any) -> Items:
    """Replace fields of one line; harmless where it has been taken away."""
    return tuple(replace(item, **changes) if item.number == number else item for item in items)


def next_waiting(items: Items) -> QueuedSlide | None:
    """Choose the slide to begin with; None while one is at work, or where none waits."""
    if any(item.is_at_work for item in items):
        return None
    return next((item for item in items if item.standing is Standing.WAITING), None)


def n_ahead(items: Items, number: int) -> int:
    """Count the analyses that come before a waiting one."""
    before = 0
    for item in items:
        if item.number == number:
            break
        before += item.standing is Standing.WAITING
    return before + sum(item.is_at_work for item in items)


def without_slides(items: Items, kept: Collection[str]) -> Items:
    """Take away the lines of slides that are not there any more; files not opened yet stay."""
    return tuple(item for item in items if item.key is None or item.key in kept)


def is_any_active(items: Items) -> bool:
    """Whether anything is still to happen."""
    return any(item.is_active for item in items)


def clearable(items: Items) -> Items:
    """Choose what clearing takes away: what is finished, or where nothing is, what was broken off."""
    finished = tuple(item for item in items if item.standing is Standing.FINISHED)
    return finished or tuple(item for item in items if item.standing in BROKEN_OFF)


def is_worth_showing(items: Items, current: str | None) -> bool:
    """Whether there is more to tell than the line of the current slide's analysis does.

    A single analysis is worth a list while its slide is not the one that is read, and until the reader has
    been there after its end.

    Parameters
    ----------
    items : tuple of QueuedSlide
        The queue.
    current : str or None
        Key of the slide that is read.
    """
    if len(items) == 1:
        return not items[0].is_told and (items[0].key is None or items[0].key != current)
    return len(items) > 1


def left_to_do(session: Session, state: QueueState) -> tuple[SlideEntry, ...]:
    """Choose the open slides that neither are in the queue nor were analysed as a whole by this model."""
    active = {item.key for item in state.items if item.is_active}
    return tuple(
        entry
        for entry in session.slides
        if entry.key not in active and state.whole.get(entry.key) != session.model
    )


def all_offer(session: Session, state: QueueState) -> Offer:
    """Decide whether all open slides can be analysed now."""
    if len(session.slides) < 2:
        return Offer(is_enabled=False, reason="Open more slides first.")
    if left_to_do(session, state):
        return Offer(is_enabled=True)
    if any(item.is_active for item in state.items):
        return Offer(is_enabled=False, reason="All open slides are in the queue or analysed already.")
    return Offer(is_enabled=False, reason="All open slides have been analysed by this model.")
