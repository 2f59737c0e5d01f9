"""File names in the window: they may name a patient, so that they are shown only where the user asks for it.

Layers, sessions, results and exports never carry them, whatever is chosen here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from napari_histcode.errors import HistCodeError
from napari_histcode.plugin.jobs import JobOutcome
from napari_histcode.plugin.tasks import Opened
from napari_histcode.plugin.wording import error_text

IN_PLACE_OF_A_NAME = "the file"


def opening_line(path: Path, *, shows_names: bool) -> str:
    """Say that a slide is being opened."""
    return f"Opening {path.name if shows_names else 'a slide'} …"


def without_names(text: str, paths: Iterable[Path]) -> str:
    """Replace names and paths of files in a sentence for the user by "the file"."""
    for path in paths:
        for name in (str(path), path.name):
            if not name:
                continue
            found = re.compile(rf"""(\bfile )?(?<![\w/\\])(['"]?){re.escape(name)}\2(?!\w)""")
            text = found.sub(lambda match: "file" if match[1] else _in_place(match.start()), text)
    return text


def error_line(error: BaseException, paths: Iterable[Path], *, shows_names: bool) -> str:
    """Put into words what went wrong with these files."""
    text = error_text(error)
    return text if shows_names else without_names(text, paths)


def masked(outcome: JobOutcome[Opened], paths: Iterable[Path | None]) -> JobOutcome[Opened]:
    """Take the names of these files out of what went wrong while they were opened."""
    known = [path for path in paths if path is not None]
    error, value = outcome.error, outcome.value
    if value is not None and value.errors:
        value = replace(value, errors=tuple(_without_names(each, known) for each in value.errors))
    if isinstance(error, HistCodeError):
        error = _without_names(error, known)
    elif error is not None:
        error = HistCodeError(without_names(error_text(error), known))
    return replace(outcome, error=error, value=value)


def _without_names(error: HistCodeError, paths: list[Path]) -> HistCodeError:
    return type(error)(without_names(error.message, paths), advice=without_names(error.advice, paths))


def _in_place(start: int) -> str:
    return IN_PLACE_OF_A_NAME if start else IN_PLACE_OF_A_NAME.capitalize()
