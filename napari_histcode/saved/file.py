"""Session files: read strictly, written whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from napari_histcode.errors import NewerSessionError, SessionFileError
from napari_histcode.files import replacing
from napari_histcode.saved.keys import ADVICE, Keys
from napari_histcode.saved.parse import session_of
from napari_histcode.saved.session import SavedSession

FORMAT_NAME = "histcode-session"
FORMAT_VERSION = 1
"""Version that this package writes, and the newest it reads."""

MOST_BYTES = 64 * 2**20
"""A session of a hundred slides takes a few megabytes."""

NOTICE = "Research use only. Not for diagnosis."


def write_session(session: SavedSession, path: str | Path) -> Path:
    """Write a session file in place of an older one.

    The file holds paths of slides relative to it and digests of their content; nothing of a slide's own
    metadata, label or macro image.

    Parameters
    ----------
    session : SavedSession
        What to write.
    path : str or Path
        The file, which should end in `places.SUFFIX`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OutputError
        If it cannot be written; an older file stays as it was.
    """
    document = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "notice": NOTICE,
        "software": f"napari-histcode {version('napari-histcode')}",
        **asdict(session),
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8")
    return Path(path)


def read_session(path: str | Path) -> SavedSession:
    """Read a session file; none of the files that it speaks of is looked at.

    Parameters
    ----------
    path : str or Path
        The file.

    Raises
    ------
    NewerSessionError
        If a newer version of this package wrote it.
    SessionFileError
        If it is missing, damaged, or no session.
    """
    path = Path(path)
    document = _load(path)
    found = document.get("version")
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise SessionFileError(f"{path.name} does not say the version of its format.", advice=ADVICE)
    if found > FORMAT_VERSION:
        raise NewerSessionError(
            f"{path.name} was written by a newer version of this program (sessions of format {found}; this "
            f"one reads up to {FORMAT_VERSION}).",
            advice="Update it: pip install -U napari-histcode. The file stays as it is.",
        )
    try:
        return session_of(Keys(document, ""))
    except SessionFileError as error:
        raise SessionFileError(f"{path.name}: {error.message}", advice=error.advice) from error
    except ValueError as error:
        raise SessionFileError(f"{path.name}: The session is damaged: {error}.", advice=ADVICE) from error


def _load(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SessionFileError(
                f"{path.name} is larger than any session ({path.stat().st_size / 2**20:.0f} MiB).",
                advice="Choose another file.",
            )
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SessionFileError(f"There is no session at {str(path)!r}.", advice="Check the path.") from error
    except OSError as error:
        raise SessionFileError(
            f"{path.name} cannot be read: {error.strerror or error}.", advice="Check its permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise SessionFileError(f"{path.name} is damaged: {error}.", advice=ADVICE) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT_NAME:
        raise SessionFileError(
            f"{path.name} is no session of this program.", advice="Choose a file that ends in .histcode.json."
        )
    return document
