"""Where files of regions go that are dropped on napari's canvas: to the dock, if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_histcode.plugin.inbox import Inbox
from napari_histcode.saved.places import is_session

SUFFIXES = (".geojson", ".json", ".xml", ".ndpa")
"""Of files of regions; each also packed as ``.gz``."""


def may_be_regions(path: Path) -> bool:
    """Whether a path looks like a file of regions, by its name."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".zip")
    return not path.is_dir() and name.endswith(SUFFIXES) and not is_session(path)


_inbox = Inbox[Sequence[Path]]()
receive = _inbox.receive
deliver = _inbox.deliver
