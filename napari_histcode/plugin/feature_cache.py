"""Where the window keeps features, so that no tile is ever encoded twice."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from napari_histcode.models.card import EncoderRecord
from napari_histcode.slide import SlideRecord

VARIABLE = "HISTCODE_CACHE"
"""Environment variable that names another folder."""


def cache_folder() -> Path:
    """Folder of all cached features; need not exist yet.

    ``$HISTCODE_CACHE`` if set, else the platform's place for what may be deleted at any time.
    """
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    elif sys.platform == "darwin":
        base = Path("~/Library/Caches")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return base.expanduser() / "histcode" / "features"


def feature_file(slide: SlideRecord, encoder: EncoderRecord) -> Path:
    """File for one slide's features by one encoder; names no slide but by its digest.

    Models that share an encoder share the file, so that only their heads have to be run.
    """
    name = re.sub(r"[^\w.-]+", "_", encoder.name)
    return cache_folder() / slide.digest[:16] / f"{name}-{encoder.digest[:8]}.h5"
