"""Judge whether a model's answer about a slide can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from napari_histcode.features.bag import FeatureBag
from napari_histcode.scores.scores import SlideScores
from napari_histcode.tiling.tile_quality import Exclusion
from napari_histcode.tissue.quality import ARTEFACTS, QualityMask
from napari_histcode.trust.distance import OodScores, ood_scores
from napari_histcode.trust.domain import domain_notes, domain_warnings
from napari_histcode.trust.ensemble import EnsembleSpread, ensemble_spread, heads_without_siblings
from napari_histcode.trust.facts import SlideFacts
from napari_histcode.trust.trust import Trust, TrustWarning

if TYPE_CHECKING:
    from napari_histcode.models.model import Model

MOST_BEYOND = 0.15
"""Share of tiles out of distribution from which on a slide is warned of: three times what is usual."""
MOST_SPREAD = 0.15
"""Standard deviation of an ensemble's probabilities from which on its members disagree."""
MOST_ARTEFACT = 0.1
"""Share of tissue under artefacts from which on they are warned of."""


def judge(
    scores: SlideScores,
    bag: FeatureBag,
    model: Model,
    facts: SlideFacts,
    *,
    quality: QualityMask | None = None,
    exclusion: Exclusion | None = None,
) -> Trust:
    """Gather every reason not to trust what a model says of a slide.

    Parameters
    ----------
    scores : SlideScores
        What it says.
    bag : FeatureBag
        The tiles that it looked at.
    model : Model
        The model, with its card and maybe with statistics of its training features.
    facts : SlideFacts
        From `slide_facts`.
    quality : QualityMask, optional
        From `find_artefacts`.
    exclusion : Exclusion, optional
        Tiles that were left out as artefacts, with the mask that they were left out by.

    Returns
    -------
    Trust
        Numbers, warnings, and what could not be judged.

    Raises
    ------
    ModelMismatchError
        If another encoder made the features.
    """
    model.check_features(bag.encoder)
    heads = model.card.heads
    ood = ood_scores(bag, model.statistics) if model.statistics is not None else None
    spreads = ensemble_spread(scores, heads)
    warnings = [
        *(warning for head in heads for warning in domain_warnings(facts, head, model.encoder.record)),
        *_distance_warnings(ood),
        *(warning for spread in spreads for warning in _spread_warnings(spread)),
        *_quality_warnings(exclusion.mask if exclusion is not None else quality, exclusion),
    ]
    lone = heads_without_siblings(heads)
    return Trust(
        facts=facts,
        ood=ood,
        spreads=spreads,
        lone_heads=lone,
        warnings=_unique(warnings),
        notes=tuple(dict.fromkeys(_notes(facts, model, ood, lone))),
    )


def _distance_warnings(ood: OodScores | None) -> Iterator[TrustWarning]:
    if ood is None or ood.share_beyond <= MOST_BEYOND:
        return
    n_alike = int((ood.training_shares > MOST_BEYOND).sum())
    yield TrustWarning(
        kind="out_of_distribution",
        sentence=f"{ood.share_beyond:.0%} of the tiles are farther from the training tiles than 95 % of "
        f"those of training slides, which is so on {n_alike} of {len(ood.training_shares)} of these. The "
        "model has hardly seen tissue that looks like this, or it is blurred or under ink. Treat its maps as "
        "exploratory, and look at the farthest tiles.",
        evidence={
            "share_beyond": ood.share_beyond,
            "threshold": ood.threshold,
            "n_training_slides": float(len(ood.training_shares)),
            "n_training_slides_warned_of": float(n_alike),
        },
    )


def _spread_warnings(spread: EnsembleSpread) -> Iterator[TrustWarning]:
    if spread.quantity != "probability" or spread.spread <= MOST_SPREAD:
        return
    yield TrustWarning(
        kind="disagreement",
        sentence=f"The {len(spread.heads)} heads of {spread.ensemble} disagree about {spread.label}: "
        f"{spread.mean:.2f} with a standard deviation of {spread.spread:.2f}. "
        "Do not rely on this class here.",
        evidence={"mean": spread.mean, "spread": spread.spread, "n_heads": float(len(spread.heads))},
    )


def _quality_warnings(quality: QualityMask | None, exclusion: Exclusion | None) -> Iterator[TrustWarning]:
    if quality is None:
        return
    shares = {artefact.label: quality.tissue_share[artefact] for artefact in ARTEFACTS}
    total = sum(shares.values())
    if total <= MOST_ARTEFACT:
        return
    parts = ", ".join(f"{name} {share:.0%}" for name, share in shares.items() if share)
    advice = (
        f"{exclusion.n_excluded:,} tiles that are mostly artefact were left out; look at the others."
        if exclusion is not None
        else "Analyse it again without such tiles (--exclude-artefacts), or scan it again."
    )
    yield TrustWarning(
        kind="quality",
        sentence=f"{total:.0%} of the tissue is artefact ({parts}). {advice}",
        evidence={**shares},
    )


def _notes(facts: SlideFacts, model: Model, ood: OodScores | None, lone: tuple[str, ...]) -> Iterator[str]:
    if ood is None:
        yield (
            f"Model {model.name} brings no statistics of its training features: how far this slide is from "
            "them is not known."
        )
    for head in model.card.heads:
        yield from domain_notes(facts, head)
    if lone:
        yield (
            f"No spread for {', '.join(lone)}: there is one head of the kind, and doubt that several heads "
            "would show is not measured."
        )


def _unique(warnings: list[TrustWarning]) -> tuple[TrustWarning, ...]:
    """Keep the first of warnings that say the same."""
    return tuple({warning.sentence: warning for warning in reversed(warnings)}.values())[::-1]
