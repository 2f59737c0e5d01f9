"""Values of the judgement: numbers, and warnings that say why and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_histcode.trust.distance import OodScores
from napari_histcode.trust.ensemble import EnsembleSpread
from napari_histcode.trust.facts import SlideFacts

WarningKind = Literal["out_of_distribution", "disagreement", "resolution", "stain", "organ", "quality"]


@dataclass(frozen=True, kw_only=True)
class TrustWarning:
    """One reason not to trust a result."""

    kind: WarningKind
    """What it is about."""
    sentence: str
    """What is the matter and what to do, in plain words."""
    evidence: dict[str, float | str]
    """The numbers behind it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trust:
    """What is known of whether a model's answer about a slide can be trusted."""

    facts: SlideFacts
    """What the slide is, as far as can be seen."""
    ood: OodScores | None
    """Distance of the tiles from the training tiles; None where the model brings no statistics."""
    spreads: tuple[EnsembleSpread, ...]
    """Spread of the model's ensembles."""
    lone_heads: tuple[str, ...]
    """Heads without a sibling: their doubt is not measured."""
    warnings: tuple[TrustWarning, ...]
    """Reasons not to trust it; empty where none was found, which is no proof of anything."""
    notes: tuple[str, ...]
    """What could not be judged, and why."""
