"""Calling back later, for as long as somebody is there to be called."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.compat import isalive
from qtpy.QtCore import QTimer


class Later:
    """Calls back after a while, and lets go of every callback when it is closed.

    A ``QTimer.singleShot`` would hold its callback, and with it the whole window, until it fires.
    """

    def __init__(self) -> None:
        self._callbacks: dict[QTimer, Callable[[], None]] = {}
        self._is_closed = False

    def call(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back once after so long, unless closed before."""
        if self._is_closed:
            return
        timer = QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(partial(self._ring, timer))
        self._callbacks[timer] = callback
        timer.start(round(1000 * seconds))

    def _ring(self, timer: QTimer) -> None:
        callback = self._callbacks.pop(timer, None)
        if callback is not None:
            callback()

    def close(self) -> None:
        """Drop what is still to be called; harmless when done twice."""
        self._is_closed = True
        for timer in self._callbacks:
            if isalive(timer):  # type: ignore[no-untyped-call]  # when a process ends, Qt may go first
                timer.stop()
        self._callbacks.clear()
