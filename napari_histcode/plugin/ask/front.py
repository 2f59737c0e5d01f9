"""Which tool of the page the user is at: the one that is open, while the page is in front."""

from __future__ import annotations

from typing import Protocol


class SetActive(Protocol):
    """Tells a tool that it may listen to clicks and paint on the slide, or that it must stop."""

    def __call__(self, *, is_active: bool) -> None:
        """Begin or stop."""
        ...


class AskFront:
    """Lets one tool at a time have the mouse; the one that loses it is told first."""

    def __init__(self) -> None:
        self._tools: dict[str, SetActive] = {}
        self._is_in_front = False
        self._open: str | None = None
        self._active: str | None = None

    @property
    def active(self) -> str | None:
        """Name of the tool that the user is at."""
        return self._active

    def add(self, name: str, set_active: SetActive) -> None:
        """Make a tool known."""
        self._tools[name] = set_active

    def set_in_front(self, *, is_in_front: bool) -> None:
        """Tell whether the page is in front."""
        self._is_in_front = is_in_front
        self._settle()

    def set_open(self, name: str, *, is_open: bool) -> None:
        """Tell that a tool was opened or folded."""
        if is_open:
            self._open = name
        elif self._open == name:
            self._open = None
        self._settle()

    def _settle(self) -> None:
        now = self._open if self._is_in_front else None
        before, self._active = self._active, now
        if now == before:
            return
        if before in self._tools:
            self._tools[before](is_active=False)
        if now in self._tools:
            self._tools[now](is_active=True)
