"""The folder of what a user keeps: models, signatures, what the window remembers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "HISTCODE_HOME"
"""Environment variable that names another folder."""


def user_folder() -> Path:
    """Return the user's folder: ``$HISTCODE_HOME``, or the system's place for such data.

    It need not exist. It holds no slide and no result.
    """
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "napari-histcode"
