"""Where files of regions go that are dropped on napari's canvas: to the dock, if there is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

Receiver = Callable[[Sequence[Path]], None]

_receivers: list[Receiver] = []

SUFFIXES = (".geojson", ".json", ".xml", ".ndpa")
"""Of files of regions; each also packed as ``.gz``."""


def may_be_regions(path: Path) -> bool:
    """Whether a path looks like a file of regions, by its name."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".zip")
    return not path.is_dir() and name.endswith(SUFFIXES)


def receive(receiver: Receiver) -> Callable[[], None]:
    """Take what comes from now on; the last receiver is asked. Returns what ends that."""
    _receivers.append(receiver)

    def end() -> None:
        if receiver in _receivers:
            _receivers.remove(receiver)

    return end


def deliver(paths: Sequence[Path]) -> bool:
    """Hand files over; False if nobody takes them."""
    if not _receivers:
        return False
    _receivers[-1](paths)
    return True
