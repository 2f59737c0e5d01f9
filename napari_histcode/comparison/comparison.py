"""The value of the comparison stage: maps beside a reference, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.association import Association
from napari_histcode.comparison.ceiling import Ceiling
from napari_histcode.comparison.class_table import ClassTable
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.curves import ThresholdCurve
from napari_histcode.comparison.lesions import Froc, LesionCandidates
from napari_histcode.comparison.overlap import Overlap
from napari_histcode.comparison.probabilities import Calibration
from napari_histcode.comparison.ranking import Ranking
from napari_histcode.comparison.readers import ReaderAgreement
from napari_histcode.comparison.reference import TileReference
from napari_histcode.comparison.shift_null import NullTest
from napari_histcode.comparison.thresholds import Rule, Threshold
from napari_histcode.comparison.top_tiles import AttentionMass, PointingGame, TopPrecision
from napari_histcode.errors import UnknownMapError
from napari_histcode.statistics.estimate import Estimate


@dataclass(frozen=True, kw_only=True)
class CutOff:
    """The sensitivity run: border tiles labelled as well, at one covered share."""

    share: float
    """Covered share from which on a tile is positive."""
    n_positive: int
    """Positive tiles."""
    n_negative: int
    """Negative tiles, partly covered ones included."""
    auroc: float
    """NaN where a class is empty."""
    average_precision: float
    """NaN where a class is empty."""
    dice: float
    """At the fixed threshold; NaN where there is none."""
    reason: str = ""
    """Why tiles cannot be ranked."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How much better a map ranks than a baseline, on the same draws."""

    baseline: str
    """Name of the baseline."""
    auroc: Estimate
    """Difference of the AUROCs; above zero the map is better."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MapComparison:
    """One map, or one baseline, beside the reference."""

    name: str
    """Name of the map."""
    label: str
    """The name as shown."""
    quantity: str
    """What a value is."""
    output: str | None
    """Class or gene of the map; None for attention and baselines, which have none."""
    is_baseline: bool
    """Whether it is a baseline, for which there is neither boundary nor null."""
    n_undefined: int
    """Tiles without a finite value; they do not count."""
    ranking: Ranking
    """AUROC, average precision, partial AUROC."""
    gains: tuple[Gain, ...]
    """Difference from every baseline; empty for baselines."""
    pointing: PointingGame
    """Whether the highest tile is positive."""
    top: tuple[TopPrecision, ...]
    """Precision among the highest tiles."""
    mass: AttentionMass | None
    """Mass on positive tiles; None for signed maps, which have none."""
    overlaps: tuple[Overlap, ...]
    """At every threshold: fixed, Otsu, top shares, oracle."""
    curve: ThresholdCurve
    """ROC, precision-recall and Dice over thresholds."""
    lesions: Froc
    """Free-response ROC of this slide alone."""
    candidates: LesionCandidates
    """What it is made of, for curves over many slides."""
    area: Association
    """Correlation with the annotated share of each tile, border tiles included; with intervals for maps of
    a measurable amount, such as a gene's expression."""
    calibration: Calibration | None
    """Of probabilities; None for maps that are none."""
    cut_offs: tuple[CutOff, ...]
    """The sensitivity run."""
    tests: tuple[NullTest, ...]
    """Statistics beside shifts of the annotation."""
    shown_threshold: Threshold
    """The threshold of ``agreement``: the fixed one, or Otsu's where none is fixed."""
    agreement: NDArray[np.int8]
    """(n_tiles,) values of `TileAgreement` at that threshold."""

    @property
    def is_inverted(self) -> bool:
        """Whether the map ranks the wrong way round: it is shown as it is, and said so."""
        return self.ranking.is_inverted

    def overlap(self, rule: Rule, share: float | None = None) -> Overlap:
        """Return the overlap at the threshold of a rule; ``KeyError`` if there is none."""
        for overlap in self.overlaps:
            if overlap.threshold.rule == rule and overlap.threshold.share == share:
                return overlap
        raise KeyError(rule)


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """The maps of a slide beside a pathologist's regions."""

    reference: TileReference
    """What the regions say of every tile, and how negative tiles were decided."""
    config: ComparisonConfig
    """How it was done."""
    ceiling: Ceiling
    """The best that any map on these tiles could reach."""
    maps: tuple[MapComparison, ...]
    """The maps, in the order of the scores."""
    baselines: tuple[MapComparison, ...]
    """What they should beat."""
    readers: ReaderAgreement | None
    """Several readers; None with one."""
    classes: ClassTable | None
    """Several classes; None where no outputs were named."""
    model_name: str
    """Name of the model."""
    model_version: str
    """Its version."""
    model_digest: str
    """SHA-256 of its weights file."""
    warnings: tuple[str, ...]
    """What a reader of the numbers must know, one sentence each."""

    def map(self, name: str) -> MapComparison:
        """Return the comparison of a map or baseline.

        Raises
        ------
        UnknownMapError
            If there is none of that name.
        """
        for compared in (*self.maps, *self.baselines):
            if compared.name == name:
                return compared
        names = ", ".join(compared.name for compared in self.maps)
        raise UnknownMapError(f"Map {name!r} was not compared.", advice=f"There are: {names or 'none'}.")
