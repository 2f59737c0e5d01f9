"""A session as values: which slides were open, what was on the screen, and what the reader had done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from napari_histcode.annotations import QUPATH_CLASSES, ClassList
from napari_histcode.annotations.frame import OriginChoice
from napari_histcode.heatmap.heatmap import Normalisation
from napari_histcode.saved.reading import Reading
from napari_histcode.saved.seen import SeenArea
from napari_histcode.scores.scores import MapKind
from napari_histcode.slide.record import Mpp

Rule = Literal["fixed", "otsu", "top", "oracle"]
"""How a threshold is found; `comparison.thresholds` explains them."""

Where = Literal["slide", "view", "regions"]
"""What of a slide is analysed."""

Place = str
"""Path of a file as the session file writes it: relative to the session's folder, with "/" between parts, or
absolute where the file is on another drive."""


@dataclass(frozen=True, kw_only=True)
class SavedCamera:
    """What of a slide was in view."""

    centre_px0: tuple[float, float]
    """Middle of the view, x and y in level-0 pixels."""
    px0_per_screen_px: float
    """Level-0 pixels in one pixel of the screen; the magnification is 10 / (mpp times this)."""

    def __post_init__(self) -> None:
        if self.px0_per_screen_px <= 0:
            raise ValueError("a view shows more than nothing in a pixel of the screen")


@dataclass(frozen=True, kw_only=True)
class SavedResult:
    """What the model said, or how to have it said again."""

    folder: Place | None
    """The result folder; None where the result was hidden from its reader and so not written."""
    model_name: str
    """Name of the model."""
    model_version: str
    """Its version."""
    model_digest: str
    """Digest of its weights."""
    features: str | None = None
    """File of the tiles' features within the cache of features."""


@dataclass(frozen=True, kw_only=True)
class SavedMaps:
    """Which maps of a result were on."""

    visible: tuple[str, ...] = ()
    """Names of the maps that were switched on, sorted."""
    selected: str | None = None
    """The map that the controls spoke of."""
    kind: MapKind = "single_tile"
    """Which kind of map the rows of outputs showed."""
    windows: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Windows of values by map and normalisation."""
    made: Place | None = None
    """File of the maps that tools had made of this result."""


@dataclass(frozen=True, kw_only=True)
class SavedImport:
    """A file of regions that was read, without its name."""

    title: str
    """What came: "34 regions from QuPath GeoJSON"."""
    frame: str
    """How its coordinates became the slide's."""
    origin: OriginChoice
    """What the user said of its origin."""
    n_lost: int = 0
    """Objects that could not be read."""


@dataclass(frozen=True, kw_only=True)
class SavedRegions:
    """The regions on a slide."""

    file: Place
    """GeoJSON in level-0 pixels from the slide's corner."""
    imported: SavedImport | None = None
    """The last file that was read into them."""


@dataclass(frozen=True, kw_only=True)
class SavedCompare:
    """What was asked on the page Compare."""

    map: str | None = None
    """The map in question where the user chose it; None if it follows the list of maps."""
    positive: tuple[str, ...] | None = None
    """Positive classes where the user chose them; None for the guess."""
    class_of_output: tuple[tuple[str, str], ...] | None = None
    """Outputs and classes where the user paired them; None for the guess."""
    is_exhaustive: bool = False
    """Whether unannotated tissue is negative."""
    is_every_map: bool = False
    """Whether the full comparison takes all maps."""
    threshold: float | None = None
    """The user's own threshold of the map in question."""
    rule: Rule | None = None
    """The rule by which maps were cut otherwise, where the user chose one."""
    share: float | None = None
    """The share that belongs to some rules."""
    readers: tuple[Place, ...] = ()
    """GeoJSON of further readers, in order."""


@dataclass(frozen=True, kw_only=True)
class SavedSlide:
    """A slide, and what was on it."""

    path: Place
    """Where it was: the one text here that may name anybody."""
    digest: str
    """SHA-256 over its content, by which it is known again."""
    mpp: Mpp | None = None
    """Its resolution and who said so; that of a user is used again, that of a file is only told."""
    camera: SavedCamera | None = None
    """What was in view."""
    result: SavedResult | None = None
    """What the model said."""
    maps: SavedMaps | None = None
    """Which maps were on."""
    regions: SavedRegions | None = None
    """The regions on it."""
    seen: SeenArea | None = None
    """What had been looked at."""
    compare: SavedCompare | None = None
    """What was asked on the page Compare."""
    reading: Reading | None = None
    """The course of a blind reading."""

    @property
    def user_mpp(self) -> tuple[float, float] | None:
        """The resolution that the user gave, along x and y; None where the file says it, or nobody."""
        return (self.mpp.x, self.mpp.y) if self.mpp is not None and self.mpp.source == "user" else None


@dataclass(frozen=True, kw_only=True)
class SavedLook:
    """How maps were drawn, on all slides."""

    opacity: float = 0.55
    """Of all maps, 0 to 1."""
    normalisation: Normalisation | None = None
    """How values were shown; None as it suited each map."""
    sequential: str = ""
    """Colour scale of unsigned maps; empty for the default."""
    diverging: str = ""
    """Colour scale of signed maps; empty for the default."""
    hides_outside: bool = False
    """Whether tiles with values outside the window were not drawn."""
    is_smooth: bool = False
    """Whether colours passed softly from tile to tile."""


@dataclass(frozen=True, kw_only=True)
class SavedPen:
    """The class list and the pen of the page Annotate."""

    classes: ClassList = QUPATH_CLASSES
    """Classes to choose from, with their colours."""
    class_name: str | None = None
    """Class of new regions."""
    radius_um: float = 50.0
    """Radius of the brush."""
    fill: float = 0.12
    """Opacity of the regions' areas."""
    is_visible: bool = True
    """Whether regions were shown."""


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """The model that was chosen."""

    name: str | None = None
    """Its name where it is one of the library."""
    folder: Place | None = None
    """Its folder where it is not."""


@dataclass(frozen=True, kw_only=True)
class SavedSession:
    """All of it."""

    saved: str
    """When, as UTC in ISO 8601."""
    slides: tuple[SavedSlide, ...] = ()
    """Open slides in their order."""
    current: int | None = None
    """Position of the slide that was in front."""
    page: str = ""
    """Name of the dock's page that was in front."""
    model: SavedModel = field(default_factory=SavedModel)
    """The model that was chosen."""
    where: Where = "slide"
    """What of a slide was to be analysed."""
    look: SavedLook = field(default_factory=SavedLook)
    """How maps were drawn."""
    n_quarters: int = 0
    """Quarter turns clockwise of the scene, 0 to 3."""
    shows_seen: bool = False
    """Whether the overview shaded what had not been looked at."""
    pen: SavedPen = field(default_factory=SavedPen)
    """Classes and pen."""
    is_blind_first: bool = False
    """Whether maps were hidden until a first opinion."""

    def __post_init__(self) -> None:
        if self.saved_at.tzinfo is None:
            raise ValueError(f"{self.saved!r} does not say its time zone")
        if self.current is not None and not 0 <= self.current < len(self.slides):
            raise ValueError(f"slide {self.current} of {len(self.slides)} cannot be in front")
        if not 0 <= self.n_quarters < 4:
            raise ValueError(f"{self.n_quarters} quarter turns are not 0 to 3")

    @property
    def saved_at(self) -> datetime:
        """When it was saved."""
        return datetime.fromisoformat(self.saved)
