"""The first tour: shown once, goes on as the user does what it speaks of, and is gone when not wanted."""

from __future__ import annotations

from napari_histcode.plugin.first_tour import keeping
from napari_histcode.plugin.first_tour.state import TourState
from napari_histcode.plugin.first_tour.steps import STEPS, Target
from napari_histcode.plugin.session import Session


class TourController:
    """Moves through the steps.

    Parameters
    ----------
    session : Session
        What the user has done so far.
    """

    def __init__(self, session: Session) -> None:
        self.state = TourState()
        self._session = session
        self._is_withheld = False
        session.events.current.connect(self._look)
        session.events.result.connect(self._look)

    def withhold(self) -> None:
        """Show it only when it is asked for: nobody is there to read it."""
        self._is_withheld = True

    def begin_if_new(self) -> None:
        """Show it to somebody who has not seen it."""
        if self._is_withheld or self.state.step is not None or keeping.was_shown():
            return
        self._is_withheld = True
        keeping.keep_shown()
        self.begin()

    def begin(self) -> None:
        """Show the first step."""
        self.state.step = 0

    def next(self) -> None:
        """Show the next step; after the last one the tour is over."""
        step = self.state.step
        if step is not None:
            self.state.step = step + 1 if step + 1 < len(STEPS) else None

    def skip(self) -> None:
        """End the tour."""
        self.state.step = None

    def _look(self) -> None:
        """Go on where the user has just done what the step speaks of."""
        step, session = self.state.step, self._session
        if step is None:
            return
        target = STEPS[step].target
        is_opened = target is Target.SLIDE and session.current is not None
        is_analysed = target is Target.ANALYSE and session.result is not None
        if is_opened or is_analysed:
            self.next()
