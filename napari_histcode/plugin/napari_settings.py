"""napari's settings for as long as a dock is open, never written into the user's settings file.

Two settings that are off by default make a difference with slides. Asynchronous slicing: reading tiles on
the GUI thread would freeze the window at every far jump. And who opens what: napari's own reader claims
every file, so that a dropped slide would bring up a dialog.

They are overridden the way environment variables override them (``NAPARI_ASYNC=1``): in force, but left out
when napari saves its settings, and put back when the last dock closes. A reader that the user has chosen
stays chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.settings import get_settings

from napari_histcode.plugin.formats import SCANNER_ONLY_SUFFIXES

PLUGIN = "napari-histcode"

_holders: set[object] = set()
_restore: list[Callable[[], None]] = []


def override() -> Callable[[], None]:
    """Put our settings in force.

    Returns
    -------
    callable
        Lets go of them; napari's are put back when all who asked have let go. Calling it twice is harmless.
    """
    holder = object()
    if not _holders:
        _restore.extend((_slice_asynchronously(), _open_slides()))
    _holders.add(holder)

    def let_go() -> None:
        if holder in _holders:
            _holders.discard(holder)
            while _restore and not _holders:
                _restore.pop()()

    return let_go


def _slice_asynchronously() -> Callable[[], None]:
    settings = get_settings()
    unsaved: dict[str, Any] = settings.env_settings.setdefault("experimental", {})
    before = settings.experimental.async_
    is_ours = "async_" not in unsaved
    unsaved.setdefault("async_", True)
    settings.experimental.async_ = True

    def take_back() -> None:
        settings.experimental.async_ = before
        if is_ours:
            unsaved.pop("async_", None)

    return take_back


def _open_slides() -> Callable[[], None]:
    settings = get_settings()
    known = settings.plugins.extension2reader
    ours = {f"*.{suffix}": PLUGIN for suffix in SCANNER_ONLY_SUFFIXES if f"*.{suffix}" not in known}
    unsaved: dict[str, Any] = settings.env_settings.setdefault("plugins", {}).setdefault(
        "extension2reader", {}
    )
    unsaved.update(ours)
    settings.plugins.extension2reader = {**known, **ours}

    def take_back() -> None:
        now = settings.plugins.extension2reader
        settings.plugins.extension2reader = {
            pattern: reader for pattern, reader in now.items() if ours.get(pattern) != reader
        }
        for pattern in ours:
            unsaved.pop(pattern, None)

    return take_back
