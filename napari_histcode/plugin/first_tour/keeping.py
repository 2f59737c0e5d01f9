"""Remembers that somebody has seen the first tour."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from napari_histcode.errors import OutputError
from napari_histcode.files import replacing
from napari_histcode.user_folder import user_folder

logger = logging.getLogger(__name__)


def tour_file() -> Path:
    """Return the file that says so, which need not exist."""
    return user_folder() / "first_tour.json"


def was_shown() -> bool:
    """Whether the tour has been shown to this user; a file that cannot be read counts as yes."""
    return tour_file().exists()


def keep_shown() -> None:
    """Remember that it has been shown; where nothing can be written, it will be shown again."""
    try:
        with replacing(tour_file()) as temporary:
            temporary.write_text(json.dumps({"shown": True}) + "\n", encoding="utf-8")
    except OutputError as error:
        logger.warning("The first tour will be shown again: %s", error)
