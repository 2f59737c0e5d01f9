"""What the user has opened and chosen, and what is going on: state without Qt that announces its changes.

The controller writes it, panels read it and listen to ``session.events.<field>``. What a panel may offer is
decided here, by pure functions of the session (`analyse_offer`), so that it can be tested without a window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from psygnal import SignalGroupDescriptor

from napari_histcode.annotations import Annotation
from napari_histcode.features.bag import FeatureBag
from napari_histcode.heatmap.heatmap import Normalisation
from napari_histcode.plugin.evidence import Evidence
from napari_histcode.plugin.map_list import MapRow
from napari_histcode.scores.scores import MapKind, SlideScores, TileMap
from napari_histcode.slide import Slide, SlideRecord
from napari_histcode.slide.record import FLUORESCENCE

if TYPE_CHECKING:
    from napari_histcode.pipeline import Analysis  # brings torch

DEFAULT_OPACITY = 0.55


@dataclass(frozen=True, kw_only=True, eq=False)
class SlideEntry:
    """A slide in the window."""

    key: str
    """Key in `open_slides` and in its layer's metadata."""
    slide: Slide
    """The open slide; this reference keeps it open."""

    @property
    def record(self) -> SlideRecord:
        """Identity and geometry."""
        return self.slide.record


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What is known of a slide from an analysis, made here or read from a folder."""

    scores: SlideScores
    """Predictions and maps."""
    bag: FeatureBag | None = None
    """Features of its tiles, in the order of the scores; None where they are nowhere to be found."""
    analysis: Analysis | None = None
    """The whole analysis, which can be exported; None for one that was read."""
    folder: Path | None = None
    """Where it was written to or read from."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One line of a menu."""

    name: str
    """What the pipeline takes."""
    label: str
    """What the user reads."""
    tooltip: str = ""
    """More about it."""


class Phase(Enum):
    """Whether a job of a panel is under way."""

    IDLE = "idle"
    WORKING = "working"
    STOPPING = "stopping"


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What a panel's job is doing, or how the last one ended."""

    phase: Phase = Phase.IDLE
    """Whether it is under way."""
    text: str = ""
    """One line for the user."""
    fraction: float | None = None
    """Share done, 0 to 1; None while unknown."""
    is_error: bool = False
    """Whether the text tells of a failure."""


Where = Literal["slide", "view", "regions"]
"""What of a slide is analysed."""

AUTOMATIC_DEVICE = Choice(name="auto", label="Automatic", tooltip="The first GPU, or else the processor.")
BUNDLED_MODEL = Choice(name="bundled", label="bundled")


@dataclass(kw_only=True, eq=False)
class Session:
    """All of the window's state that is worth keeping."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    slides: tuple[SlideEntry, ...] = ()
    """Open slides, in the order of opening."""
    current: SlideEntry | None = None
    """The slide that all panels are about."""
    opening: Activity = field(default_factory=Activity)
    """Slides and results being opened."""
    models: tuple[Choice, ...] = (BUNDLED_MODEL,)
    """Models to choose from."""
    model: str = BUNDLED_MODEL.name
    """The chosen model."""
    devices: tuple[Choice, ...] = (AUTOMATIC_DEVICE,)
    """Devices to choose from."""
    device: str = AUTOMATIC_DEVICE.name
    """The chosen device."""
    where: Where = "slide"
    """What of the slide is analysed."""
    analysing: Activity = field(default_factory=Activity)
    """The analysis."""
    result: Result | None = None
    """What is known of the current slide; None also while that is hidden from its reader."""
    veiled: frozenset[str] = frozenset()
    """Keys of slides whose results are hidden until their reader has placed a first opinion."""
    shows_file_names: bool = False
    """Whether the panels call a slide by its file's name; off again at each start, and never kept."""
    is_arranged: bool = False
    """Whether the maps are on as the reader left them, so that no tool chooses another one by itself."""
    evidence: Mapping[tuple[str, str], Evidence] = field(default_factory=dict)
    """Head and output to what was measured of it; empty where the model of the result is not known."""
    annotations: tuple[Annotation, ...] = ()
    """Regions on the current slide, in level-0 pixels, as they stand after the last stroke."""
    tool_maps: tuple[TileMap, ...] = ()
    """Further maps of the current result's tiles, which tools made: similarity, a taught class ..."""
    map_rows: tuple[MapRow, ...] = ()
    """Maps of the current result, one row for the attention, for each output and for each tool's map."""
    visible_maps: frozenset[str] = frozenset()
    """Names of the maps that are switched on."""
    selected_map: str | None = None
    """The map that the controls of the panel speak of."""
    covered_maps: frozenset[str] = frozenset()
    """Maps that are on and give way for now, while a tool paints something else over the tiles."""
    map_kind: MapKind = "single_tile"
    """Which kind of map the rows of outputs show."""
    normalisation: Normalisation | None = None
    """How values are shown; None as it suits each map."""
    sequential: str = ""
    """Colour scale of unsigned maps; empty for the default."""
    diverging: str = ""
    """Colour scale of signed maps; empty for the default."""
    windows: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Windows of values that the user set, by map and normalisation (`window_key`)."""
    hides_outside: bool = False
    """Whether tiles with values outside the window are not drawn."""
    is_smooth: bool = False
    """Whether colours pass softly from tile to tile."""
    opacity: float = DEFAULT_OPACITY
    """Of all maps, 0 to 1."""

    def entry(self, key: str) -> SlideEntry | None:
        """Return the open slide of this key; None if it is not in the window."""
        return next((entry for entry in self.slides if entry.key == key), None)

    @property
    def is_veiled(self) -> bool:
        """Whether what the model says of the current slide is hidden from its reader."""
        return self.current is not None and self.current.key in self.veiled


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Whether an action is to be had, and if not, why."""

    is_enabled: bool
    """Whether its button can be pressed."""
    reason: str = ""
    """Why not, in words for the user."""


def analyse_offer(session: Session) -> Offer:
    """Decide whether the current slide can be analysed now."""
    if session.current is None:
        return Offer(is_enabled=False, reason="Open a slide first.")
    if session.current.record.modality == FLUORESCENCE:
        return Offer(
            is_enabled=False,
            reason="This slide is fluorescence, and the models read H&E in bright field. Look at its "
            "channels here, and analyse an H&E scan of the same block.",
        )
    if session.current.slide.mpp is None:
        return Offer(
            is_enabled=False, reason="Give the slide's resolution first: tiles have a physical size."
        )
    if session.analysing.phase is not Phase.IDLE:
        return Offer(is_enabled=False, reason="An analysis is under way.")
    if session.where == "regions" and not regions_to_analyse(session.annotations):
        return Offer(is_enabled=False, reason="Draw or import regions first, or analyse the whole slide.")
    return Offer(is_enabled=True)


def regions_to_analyse(annotations: Sequence[Annotation]) -> tuple[Annotation, ...]:
    """Choose the regions with an area whose class is not one to ignore."""
    return tuple(a for a in annotations if a.has_area and not (a.class_name or "").endswith("*"))
