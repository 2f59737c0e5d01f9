"""How the queue is put into words: pure functions from its lines to short texts."""

from __future__ import annotations

from textwrap import shorten

from napari_histcode.plugin.queue import plan
from napari_histcode.plugin.queue.state import Items, QueuedSlide, Standing
from napari_histcode.plugin.session import Activity, Phase
from napari_histcode.plugin.wording import duration

LONGEST_NAME = 18
LONGEST_DETAIL = 110
STARTING = "Starting …"
STOPPED = "Stopped. Encoded tiles are kept; Analyse goes on from there."
NO_RESOLUTION = "The file does not say its resolution. Show the slide, give it there, and resume."

_BRIEF = {
    Standing.OPENING: "opening …",
    Standing.WAITING: "waiting",
    Standing.RUNNING: "running",
    Standing.STOPPING: "stopping …",
    Standing.FINISHED: "finished",
    Standing.CANCELLED: "cancelled",
    Standing.FAILED: "failed",
}


def name(item: QueuedSlide, *, shows_names: bool) -> str:
    """Name a slide: by its alias, or if the user asked for it by its file, in the middle shortened."""
    text = item.path.name if shows_names else item.alias
    return text if len(text) <= LONGEST_NAME else f"{text[:8]}…{text[-9:]}"


def brief(item: QueuedSlide) -> str:
    """Tell in a word or two how far a slide has come."""
    word = _BRIEF[item.standing]
    if item.standing is Standing.FINISHED and item.seconds is not None:
        return f"{word} in {duration(item.seconds)}"
    return word


def detail(item: QueuedSlide) -> str:
    """Tell more, if there is more: the speed and the time left, the reason in short, lost tiles."""
    if item.standing is Standing.RUNNING:
        return item.text or STARTING
    if item.standing in (Standing.FINISHED, Standing.FAILED):
        return shorten(item.text, LONGEST_DETAIL, placeholder=" …")
    return "Encoded tiles are kept." if item.standing is Standing.CANCELLED and item.fraction else ""


def activity_of(items: Items, key: str | None) -> Activity:
    """Tell what the current slide's own analysis is doing, and nothing of those of other slides.

    Parameters
    ----------
    items : tuple of QueuedSlide
        The queue.
    key : str or None
        Key of the slide that is read.
    """
    item = plan.of_slide(items, key)
    if item is None:
        return Activity()
    if item.standing is Standing.WAITING:
        n_ahead = plan.n_ahead(items, item.number)
        return Activity(phase=Phase.WORKING, text=_waiting(n_ahead) if n_ahead else STARTING)
    if item.standing is Standing.RUNNING:
        return Activity(phase=Phase.WORKING, text=item.text or STARTING, fraction=item.fraction)
    if item.standing is Standing.STOPPING:
        return Activity(phase=Phase.STOPPING, text="Stopping …", fraction=item.fraction)
    if item.standing is Standing.FINISHED:
        return Activity(text=f"Done in {duration(item.seconds or 0)}. {item.text}".strip())
    if item.standing is Standing.FAILED:
        return Activity(text=item.text, is_error=True)
    return Activity(text=STOPPED)


def _waiting(n_ahead: int) -> str:
    return "Waits for another analysis." if n_ahead == 1 else f"Waits for {n_ahead} other analyses."


def all_label(n_slides: int) -> str:
    """Label of the button that queues all open slides."""
    return "both slides" if n_slides == 2 else f"all {n_slides} slides"


def clear_label(items: Items) -> str:
    """Label of the button that takes lines away; it says which."""
    cleared = plan.clearable(items)
    is_finished = not cleared or cleared[0].standing is Standing.FINISHED
    return "Clear finished" if is_finished else "Clear ended"
