"""What is said about sessions: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from napari_histcode.errors import HistCodeError
from napari_histcode.plugin.wording import error_text
from napari_histcode.saved.session import SavedSession, SavedSlide
from napari_histcode.slide.fingerprint import alias_of

SAVING = "Saving the session …"
OPENING = "Opening the session …"


def slides(number: int) -> str:
    """Count slides: "1 slide", "3 slides"."""
    return f"{number} slide{'' if number == 1 else 's'}"


def when(session: SavedSession) -> str:
    """Tell when a session was saved, as the user's clock and calendar had it."""
    return session.saved_at.astimezone().strftime("%d %b %Y, %H:%M")


def saved(session: SavedSession) -> str:
    """Say that a session was saved."""
    return f"Session saved ({slides(len(session.slides))}, {when(session)})."


def opened(session: SavedSession, n_missing: int, remarks: Sequence[str]) -> str:
    """Say that a session is back, and what of it is not."""
    missing = f", but for {slides(n_missing)}: see the page Read" if n_missing else ""
    text = f"Session of {when(session)} is back{missing}."
    return " ".join((text, *dict.fromkeys(remarks)))


def found(n_missing: int, remarks: Sequence[str]) -> str:
    """Say that a slide was found."""
    text = f"{slides(n_missing)} still missing." if n_missing else "All slides of the session are here."
    return " ".join((text, *remarks))


def name_of(slide: SavedSlide, *, shows_names: bool) -> str:
    """Name a slide that is asked for: by its file's name without ending, or by its alias."""
    return PurePosixPath(slide.path).stem.removesuffix(".ome") if shows_names else alias_of(slide.digest)


def refused(error: BaseException) -> str:
    """Say why a file is not the slide that is asked for."""
    return str(error) if isinstance(error, HistCodeError) else error_text(error)
