"""The current result, taken apart: what there is to ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.features.bag import FeatureBag
from napari_histcode.plugin.session import Activity, Result
from napari_histcode.scores.explanation import BagExplanation

NO_FEATURES = (
    "The features of this result are not here, and without them the model cannot be asked again. "
    "Analyse the slide."
)
NO_RESULT = "Analyse the slide first (page Read): then the model can be asked again at once."


@dataclass(frozen=True, kw_only=True, eq=False)
class Explained:
    """What a model says of the tiles of a result, taken apart."""

    result: Result
    """The result."""
    bag: FeatureBag
    """Its features."""
    explanation: BagExplanation
    """The answers of all heads."""
    model: str
    """Name or folder of the model that made it."""


@dataclass(kw_only=True, eq=False)
class ExplainerState:
    """Whether the model can be asked."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    explained: Explained | None = None
    """The current result, taken apart; None while that is not known."""
    explaining: Activity = field(default_factory=lambda: Activity(text=NO_RESULT))
    """The work, or why it cannot be done."""
