"""At which step of the first tour the user is: state without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from psygnal import SignalGroupDescriptor


@dataclass(kw_only=True, eq=False)
class TourState:
    """The first tour."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    step: int | None = None
    """Number of the step that is shown, from 0; None while there is no tour."""
