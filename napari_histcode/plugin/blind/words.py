"""What is said of a slide that is read blind."""

from __future__ import annotations

from napari_histcode.saved.reading import Confidence, Opinion, Reading

HIDDEN = (
    "What the model says of this slide is hidden until you have placed a first opinion: note it on the page "
    "Read, or draw a region on Annotate."
)
"""In place of everything that is hidden."""

HIDDEN_HERE = (
    "What the model says of this slide is hidden until you have placed a first opinion: note it here, or "
    "draw a region on the page Annotate."
)
"""The same on the page Read."""

SEEN_ALREADY = (
    "Blind first is on. You have seen the maps of this slide already; slides opened from now on begin hidden."
)
UNKNOWN_CLASS = "unclassified"

SURE: dict[Confidence, str] = {"low": "unsure", "medium": "fairly sure", "high": "sure"}


def clock(time: str | None) -> str:
    """Write the time of a stamp: "10:31:07 UTC"."""
    return f"{time[11:19]} UTC" if time else ""


def opinion_line(opinion: Opinion) -> str:
    """Say what was noted: "necrosis, fairly sure: pale, no nuclei"."""
    name = opinion.class_name or UNKNOWN_CLASS
    if opinion.is_region:
        return f"a region of class {name}"
    sure = f", {SURE[opinion.confidence]}" if opinion.confidence is not None else ""
    return f"{name}{sure}: {opinion.words}" if opinion.words else f"{name}{sure}"


def reading_line(reading: Reading) -> str:
    """Say how far a reading has come."""
    if reading.opinion is None:
        return (
            HIDDEN_HERE
            if reading.is_hidden
            else f"Shown at {clock(reading.revealed)} without a first opinion."
        )
    noted = f"Noted {clock(reading.first_opinion)}: {opinion_line(reading.opinion)}."
    return noted if reading.is_hidden else f"{noted} Revealed {clock(reading.revealed)}."
