"""Progress and cancellation as plain arguments, free of any GUI."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from napari_histcode.errors import AnalysisCancelledError


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far one stage of the work has come."""

    stage: str
    """What is being done, as a user would say it: "finding tissue", "encoding tiles"."""
    done: int
    """Units finished, those taken over from an earlier run included."""
    total: int
    """Units in all; 0 while unknown."""
    unit: str = "tiles"
    """What is counted."""
    resumed: int = 0
    """Of ``done``, the units that an earlier run had finished."""
    elapsed_s: float = 0.0
    """Seconds since this stage began."""

    @property
    def fraction(self) -> float:
        """Finished share of the stage, 0 to 1; 0 while the total is unknown."""
        return self.done / self.total if self.total else 0.0

    @property
    def units_per_s(self) -> float:
        """Mean speed of this run in units (tiles) per second; 0 before the first one."""
        return (self.done - self.resumed) / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Time left at the mean speed, or None while there is no speed yet."""
        speed = self.units_per_s
        return (self.total - self.done) / speed if speed > 0 else None


ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Report to nobody: the default callback."""


class CancelToken:
    """A flag that any thread may set and that core functions look at once a batch."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the running work to stop at the next safe point."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody has asked to stop."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Stop here if asked to.

        Raises
        ------
        AnalysisCancelledError
            If `cancel` has been called.
        """
        if self.is_cancelled:
            raise AnalysisCancelledError(
                "The analysis was cancelled.",
                advice="Finished tiles are kept; run it again to go on from there.",
            )
