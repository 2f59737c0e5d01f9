"""What the sheet of shortcuts says: ours by page, and napari's that matter."""

from __future__ import annotations

from dataclasses import dataclass

from napari_histcode.plugin.keys.napari_keys import NAPARI_SHORTCUTS, left_of
from napari_histcode.plugin.keys.registry import SHORTCUTS

NAPARIS = "napari's own, on the slide"


@dataclass(frozen=True, kw_only=True)
class SheetLine:
    """One line of the sheet."""

    keys: tuple[str, ...]
    """Keys in napari's spelling."""
    what: str
    """What they do."""
    instead: str = ""
    """What they would do in napari, where they are taken from it."""


@dataclass(frozen=True, kw_only=True)
class SheetGroup:
    """Lines under one heading."""

    title: str
    """The page."""
    lines: tuple[SheetLine, ...]
    """Its shortcuts."""


def sheet_groups() -> tuple[SheetGroup, ...]:
    """Collect the sheet from the shortcuts that are bound, and from napari's settings as they are now."""
    groups: dict[str, list[SheetLine]] = {}
    for one in SHORTCUTS:
        groups.setdefault(one.group, []).append(SheetLine(keys=one.keys, what=one.what, instead=one.instead))
    own = [SheetGroup(title=title, lines=tuple(lines)) for title, lines in groups.items()]
    naparis = [SheetLine(keys=keys, what=each.what) for each in NAPARI_SHORTCUTS if (keys := left_of(each))]
    return (*own, SheetGroup(title=NAPARIS, lines=tuple(naparis)))
