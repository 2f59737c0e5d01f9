"""Where files go that are dropped on napari's canvas: to the dock, if there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Inbox(Generic[Thing]):
    """Hands things over to whoever takes them; the last one to ask is handed all."""

    def __init__(self) -> None:
        self._receivers: list[Callable[[Thing], None]] = []

    def receive(self, receiver: Callable[[Thing], None]) -> Callable[[], None]:
        """Take what comes from now on. Returns what ends that."""
        self._receivers.append(receiver)

        def end() -> None:
            if receiver in self._receivers:
                self._receivers.remove(receiver)

        return end

    def deliver(self, thing: Thing) -> bool:
        """Hand a thing over; False if nobody takes it."""
        if not self._receivers:
            return False
        self._receivers[-1](thing)
        return True
