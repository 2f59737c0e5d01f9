"""The steps of the first tour: what to do, and which part of the dock it is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Target(Enum):
    """A part of the dock that a step points at."""

    SLIDE = "slide"
    ANALYSE = "analyse"
    MAPS = "maps"
    PAGES = "pages"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step."""

    title: str
    """What to do."""
    text: str
    """How, in a few sentences; ``{blink}`` is the key that hides the maps."""
    target: Target
    """Where."""
    missing: str = ""
    """When that part will be there, to be said while it is not."""


STEPS = (
    Step(
        title="Open a slide",
        text="Drop a file on the dock, or open the sample, which has pathologists' labels. A slide is called "
        "by an alias, not by its file's name.",
        target=Target.SLIDE,
    ),
    Step(
        title="Ask the model",
        text="Analyse shows the model every tile of the slide. Look around meanwhile; Cancel loses nothing.",
        target=Target.ANALYSE,
        missing="The button is there as soon as a slide is open.",
    ),
    Step(
        title="Look where it looked",
        text="Click a map's name to see it alone; hold {blink} for the bare slide. The number beside a name "
        "is how well that output did on held-out data, grey where it may be chance.",
        target=Target.MAPS,
        missing="The list is there as soon as a slide is analysed.",
    ),
    Step(
        title="Disagree, and take a figure home",
        text="On Annotate, draw where you see it otherwise. Compare holds the maps against your regions, in "
        "numbers. Export writes figures, tables and a report.",
        target=Target.PAGES,
        missing="The pages are there as soon as a slide is open.",
    ),
)
