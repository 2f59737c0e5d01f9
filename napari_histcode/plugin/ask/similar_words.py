"""What the search says of itself: pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from napari_histcode.annotations import Annotation
from napari_histcode.errors import HistCodeError
from napari_histcode.plugin.ask.similar_tasks import Similar
from napari_histcode.plugin.ask.tiles import counted
from napari_histcode.plugin.compare.offers import count_classes
from napari_histcode.plugin.file_names import without_names
from napari_histcode.plugin.session import Choice
from napari_histcode.similarity.index import TileIndex

SELECTED = "selected"
"""Name of the choice of the regions that are selected on the page Annotate."""
OF_CLASS = "class:"
"""How names of choices of a class begin."""

CENTRED = (
    "Seen from the mean tile of this slide: 0 is no more alike than any two tiles, and negative is unlike in "
    "the opposite way."
)
RAW = (
    "Plain cosines also count what all tiles have in common, such as glass and stain: nearly all are high, "
    "and only their order says something."
)


def region_choices(annotations: Sequence[Annotation], selected: Collection[str]) -> tuple[Choice, ...]:
    """List which regions can be searched for: those selected, then each class."""
    n_selected = sum(1 for one in annotations if one.has_area and one.id in selected)
    first = [Choice(name=SELECTED, label=f"selected ({counted(n_selected, 'region')})")] if n_selected else []
    classes = [
        Choice(name=f"{OF_CLASS}{name}", label=f"{name} ({counted(number, 'region')})")
        for name, number in count_classes(annotations).items()
    ]
    return (*first, *classes)


def subject(found: Similar) -> str:
    """Say what was searched for."""
    n = len(found.query.tiles)
    return f"{counted(n, 'tile')} of {found.space.bag.grid.slide.alias}"


def list_heading(found: Similar) -> str:
    """Say what the gallery holds."""
    if not found.hits:
        return "No other tile is there to be compared."
    apart = ", no two of them neighbours" if found.request.is_apart else ""
    return f"The {len(found.hits)} most similar tiles{apart}"


def index_line(index: TileIndex, n_added: int, folder: Path) -> str:
    """Say what an index holds."""
    slides = counted(len(index.parts), "slide")
    added = f", {n_added} of them new" if 0 < n_added < len(index.parts) else ""
    return f"{counted(len(index), 'tile')} of {slides}{added}, in {folder.name}"


def refused_line(path: Path, error: HistCodeError, *, shows_names: bool) -> str:
    """Say which result was left out, whose folder may be called like its slide's file, and why."""
    if shows_names:
        return f"{path.parent.name}: {error.message}"
    return f"A result: {without_names(error.message, (path, path.parent))}"
