"""When a slide was opened, judged by its reader, and shown with what the model says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Confidence = Literal["low", "medium", "high"]
"""How sure a reader is."""


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What a reader thought before seeing any map."""

    class_name: str | None
    """The class, one of the model's or the reader's own word; None for an unclassified region."""
    confidence: Confidence | None = None
    """How sure; None where a region says it."""
    words: str = ""
    """One line of the reader's own."""
    is_region: bool = False
    """Whether it was placed by drawing a region."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The course of a reading with the model hidden at first; times are UTC in ISO 8601."""

    opened: str
    """When the slide was opened."""
    opinion: Opinion | None = None
    """The first opinion; None before, and where the maps were shown without one."""
    first_opinion: str | None = None
    """When it was placed."""
    revealed: str | None = None
    """When what the model says was shown; None while it is hidden."""

    def __post_init__(self) -> None:
        for time in (self.opened, self.first_opinion, self.revealed):
            if time is not None and datetime.fromisoformat(time).tzinfo is None:
                raise ValueError(f"{time!r} does not say its time zone")
        if (self.opinion is None) != (self.first_opinion is None):
            raise ValueError("an opinion and its time go together")

    @property
    def is_hidden(self) -> bool:
        """Whether what the model says is still hidden."""
        return self.revealed is None

    @property
    def times(self) -> dict[str, str | None]:
        """The times alone, for audit records; what was thought is nobody else's business."""
        return {"opened": self.opened, "first_opinion": self.first_opinion, "revealed": self.revealed}
