"""What the user asks of a comparison and what is known so far: state that announces its changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.comparison import Comparison, MapComparison
from napari_histcode.comparison.spots import SpotComparison, SpotTable
from napari_histcode.comparison.thresholds import Threshold
from napari_histcode.comparison.tile_agreement import TileAgreement
from napari_histcode.plugin.session import Activity, Result
from napari_histcode.scores.scores import SlideScores


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """A class of the regions on the slide."""

    name: str
    """As the regions have it; "(none)" for those without a class."""
    n_regions: int
    """Regions of that class."""
    remark: str = ""
    """What else is to be known: ignored, says where somebody looked."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reader:
    """A further reader of the same slide."""

    name: str
    """"reader 2": no file's name."""
    annotations: tuple[Annotation, ...]
    """Their regions, in level-0 pixels."""
    notes: tuple[str, ...] = ()
    """How the file was read, and what was lost."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """What is compared with what; an answer belongs to one question, and is dropped with it."""

    result: Result
    """Scores of the slide."""
    annotations: tuple[Annotation, ...]
    """Regions of the reader who is the reference."""
    positive: tuple[str, ...]
    """Classes that count as positive."""
    is_exhaustive: bool
    """Whether unannotated tissue is negative."""
    class_of_output: tuple[tuple[str, str], ...]
    """Outputs and the classes they stand for."""
    readers: tuple[Reader, ...]
    """Further readers."""

    def is_same(self, other: Question | None) -> bool:
        """Whether both ask the same of the same result."""
        return (
            other is not None
            and self.result is other.result
            and self.annotations == other.annotations
            and self.readers == other.readers
            and (self.positive, self.is_exhaustive, self.class_of_output)
            == (other.positive, other.is_exhaustive, other.class_of_output)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """A comparison, and what was asked."""

    question: Question
    """What was asked."""
    comparison: Comparison
    """What came out."""
    scores: SlideScores
    """The maps that were compared, those of tools included."""
    is_full: bool
    """Whether it has intervals, the null and all baselines, as the command line gives them; else it has the
    same numbers without them."""

    def map(self, name: str | None) -> MapComparison | None:
        """Return the comparison of a map; None if it was not compared."""
        return next((one for one in self.comparison.maps if one.name == name), None)


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """A map at one threshold beside the regions, tile by tile."""

    map: str
    """Name of the map."""
    threshold: Threshold
    """The cut; rule "fixed" for the user's own."""
    is_own: bool
    """Whether the user set it with the slide in sight."""
    agreement: NDArray[np.int8]
    """(n_tiles,) values of `TileAgreement`."""
    counts: Mapping[TileAgreement, int]
    """Tiles of each kind."""
    rates: Mapping[str, float]
    """Dice, IoU, sensitivity, specificity, PPV and NPV; NaN where not defined."""
    area_dice: float
    """Dice by area, which the ceiling bounds."""
    cell_mm2: float
    """Area of a tile's cell in square millimetres."""
    taken_share: float
    """Share of the tiles that count which lie above the threshold; NaN if none counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileGroup:
    """Tiles that are spoken of together, such as those of one cell of a matrix."""

    key: tuple[str, int, int]
    """Which matrix ("threshold" or "classes"), and its row and column."""
    title: str
    """What they are, as shown."""
    tiles: NDArray[np.intp]
    """(n,) positions in the grid, the most wrong first."""


@dataclass(frozen=True, kw_only=True)
class Picked:
    """A tile that was clicked on the slide, in words."""

    tile: int
    """Its position in the grid."""
    lines: tuple[str, ...]
    """Its value, label and agreement."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpotAnswer:
    """A comparison with spots, and what its plots need."""

    comparison: SpotComparison
    """The numbers."""
    table: SpotTable
    """What was measured."""
    tile: NDArray[np.intp]
    """(n_spots,) tile under each spot; -1 where there is none."""


@dataclass(kw_only=True, eq=False)
class CompareState:
    """All that the page shows. The controllers write it, panels read it and listen to ``events``."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    classes: tuple[ClassRow, ...] = ()
    """Classes of the regions on the slide."""
    positive: tuple[str, ...] = ()
    """Those that count as positive."""
    is_guess: bool = True
    """Whether ``positive`` is our guess and follows the map; False once the user has chosen."""
    map: str | None = None
    """Name of the map in question."""
    is_every_map: bool = False
    """Whether the full comparison takes all maps."""
    is_exhaustive: bool = False
    """Whether everything was annotated that is positive."""
    class_of_output: tuple[tuple[str, str], ...] = ()
    """Outputs and the classes they stand for, for the matrix of classes."""
    readers: tuple[Reader, ...] = ()
    """Further readers."""
    reading: Activity = field(default_factory=Activity)
    """A reader's file being read."""
    answer: Answer | None = None
    """The comparison of the present question; None until it is there."""
    updating: Activity = field(default_factory=Activity)
    """The numbers being brought up to date."""
    comparing: Activity = field(default_factory=Activity)
    """The full comparison."""
    saving: Activity = field(default_factory=Activity)
    """The report being written."""
    cut: Cut | None = None
    """The map at the chosen threshold."""
    is_agreement_shown: bool = True
    """Whether the agreement is painted over the slide while the page is in front."""
    is_map_shown: bool = False
    """Whether the maps stay visible below it."""
    group: TileGroup | None = None
    """The tiles in question."""
    place: int | None = None
    """Which of them is in view."""
    picked: Picked | None = None
    """The tile that was clicked."""
    spots: SpotAnswer | None = None
    """The comparison with spots."""
    spotting: Activity = field(default_factory=Activity)
    """That comparison going on."""

    @property
    def tile_in_view(self) -> int | None:
        """Return the tile that is looked at, in the walk or by a click; None if there is none."""
        if self.group is not None and self.place is not None:
            return int(self.group.tiles[self.place])
        return self.picked.tile if self.picked is not None else None

    @property
    def compared(self) -> MapComparison | None:
        """The map in question as compared; None until it is."""
        return self.answer.map(self.map) if self.answer is not None else None
