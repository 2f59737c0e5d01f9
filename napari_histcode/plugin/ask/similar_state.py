"""What is searched for and what was found: state that announces its changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.ask.similar_tasks import Similar
from napari_histcode.plugin.session import Activity, Choice
from napari_histcode.similarity.hit import Hit
from napari_histcode.similarity.index import TileIndex

DEFAULT_SHOWN = 20
SHOWN_CHOICES = (10, 20, 50, 100)
"""How many tiles can be listed."""


@dataclass(kw_only=True, eq=False)
class SimilarState:
    """The search within the slide."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    missing: str = ""
    """What has to be done before anything can be searched; empty if nothing."""
    is_picking: bool = True
    """Whether a click on the slide chooses a tile."""
    tiles: tuple[int, ...] = ()
    """Tiles that were clicked."""
    region: str | None = None
    """The choice of regions that is searched for instead; None for clicked tiles."""
    regions: tuple[Choice, ...] = ()
    """Choices of regions."""
    is_centred: bool = True
    """Whether similarity is seen from the mean of the slide."""
    is_apart: bool = True
    """Whether neighbours of tiles that are listed are left out."""
    n_shown: int = DEFAULT_SHOWN
    """How many tiles are listed, at most."""
    answer: Similar | None = None
    """The map and the list; None before the first question."""
    comparing: Activity = field(default_factory=Activity)
    """Why there is no answer; empty if there is."""


@dataclass(kw_only=True, eq=False)
class SimilarFolderState:
    """The search over all analysed slides of a folder."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    folder: Path | None = None
    """The folder of result folders."""
    index: TileIndex | None = None
    """Its index; None before it was opened."""
    indexing: Activity = field(default_factory=Activity)
    """The index being built or updated, or what it holds."""
    refused: tuple[str, ...] = ()
    """Results that could not be taken, and why."""
    subject: str = ""
    """What the list is of: "2 tiles of slide-1f3a"."""
    hits: tuple[Hit, ...] | None = None
    """Tiles of other slides, the most similar first; None before the first search."""
    searching: Activity = field(default_factory=Activity)
    """The search, or how it failed."""
    wanted: Hit | None = None
    """A tile that was chosen and whose slide is not open."""
    opening: Activity = field(default_factory=Activity)
    """What became of opening its slide."""
