"""Put the heads of several models on one encoder into one model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from histcode_training.encoders import encoder_source
from histcode_training.errors import RecipeError
from histcode_training.whole.recipe import CombinedText
from napari_histcode.errors import ModelMismatchError
from napari_histcode.models.card import ModelCard
from napari_histcode.models.model import Model, build_model
from napari_histcode.models.statistics import FeatureStatistics

_WHOSE = re.compile(r"^Heads?: ")
_OF_ENCODER = "Encoder: "


def combine_models(
    models: Sequence[Model],
    words: CombinedText,
    *,
    encoder_card: ModelCard | None = None,
    results: Mapping[str, Any] | None = None,
    statistics: FeatureStatistics | None = None,
) -> Model:
    """Make one model of the heads of several.

    Parameters
    ----------
    models : sequence of Model
        On one and the same encoder; their heads keep their records with all evidence.
    words : CombinedText
        Name and words of the new card.
    encoder_card : ModelCard, optional
        Of the encoder alone, for what it learned from.
    results : mapping, optional
        What was measured of the encoder; what was measured of each head comes from its model, by the head's
        name.
    statistics : FeatureStatistics, optional
        Of the tiles that all heads learned from.

    Raises
    ------
    RecipeError
        If there is no model.
    ModelMismatchError
        If they are on different encoders, or two heads have one name.
    """
    if not models:
        raise RecipeError("There is no head to put into a model.")
    first = models[0]
    for model in models[1:]:
        for what in ("digest", "tile_px", "mpp"):
            have, want = getattr(model.encoder.record, what), getattr(first.encoder.record, what)
            if have != want:
                raise ModelMismatchError(
                    f"{model.name!r} and {first.name!r} are on different encoders: {what} {have} and {want}.",
                    advice="Train all heads on one encoder.",
                )
    learned = encoder_card.training_data if encoder_card else ()
    sources = [encoder_source(first.encoder.record)]
    sources += [f"{_OF_ENCODER}{' '.join(text.split())}" for text in learned]
    measured = dict(results or {})
    for model in models:
        names = ", ".join(head.name for head in model.heads)
        sources += [
            f"Head {names}: {_WHOSE.sub('', text)}"
            for text in model.card.training_data
            if not text.startswith(_OF_ENCODER)
        ]
        measured |= {head.name: model.card.results for head in model.heads}
    return build_model(
        first.encoder,
        tuple(head for model in models for head in model.heads),
        name=words.name,
        version=words.version,
        description=words.description,
        licence=words.licence,
        training_data=tuple(dict.fromkeys(sources)),
        results=measured,
        intended_use=" ".join(words.intended_use.split()),
        limits=" ".join(words.limits.split()),
        statistics=statistics,
    )
