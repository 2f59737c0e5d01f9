"""A shortcut: its keys, what it does, and where it holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Scope(Enum):
    """Where a key does something."""

    WINDOW = "window"
    """Wherever the focus is in the window, save in a text field."""
    SLIDE = "slide"
    """While the slide has the focus."""
    PEN = "pen"
    """While the slide has the focus and the regions are the active layer."""
    DRAWING = "drawing"
    """As PEN, and only with a tool that draws."""
    PAGE = "page"
    """While the focus is on the page in the dock."""
    WIDGET = "widget"
    """While the focus is on one control."""


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """One thing that keys do."""

    name: str
    """Identifier, by which controllers and panels take the keys."""
    keys: tuple[str, ...]
    """The keys as napari writes them: "Control-Shift-Z"."""
    what: str
    """What they do, in the words of the sheet."""
    group: str
    """Heading of the sheet: the page on which they hold."""
    scope: Scope
    """Where they do it."""
    is_in_dock: bool = False
    """Whether keys of the slide do the same while the focus is on the page."""
    replaces: tuple[str, ...] = ()
    """Actions of napari from which a key is taken on purpose."""
    agrees_with: tuple[str, ...] = ()
    """Actions of napari that have the same key and do the same."""
    instead: str = ""
    """The same in words: what the key would do in napari."""

    def __post_init__(self) -> None:
        if bool(self.replaces) != bool(self.instead):
            raise ValueError(f"Shortcut {self.name!r} says what it replaces, in words too, or nothing.")
        if not self.keys:
            raise ValueError(f"Shortcut {self.name!r} has no key.")
