r"""Save what was taught as a head of a model, exactly.

A head computes :math:`h = \mathrm{relu}(W_1 x + b_1)` and :math:`y = C h + b`. A linear classifier
:math:`W (x - m) + b` fits into it with twice as many hidden numbers as classes: since
:math:`t = \mathrm{relu}(t) - \mathrm{relu}(-t)`,

.. math:: W_1 = \begin{pmatrix} W \\ -W \end{pmatrix}, \quad b_1 = -W_1 m, \quad C = (I, -I)

With mean pooling a slide's output is the mean logit of its tiles, and a tile's contribution is how much it
differs from the mean tile of the slide that was taught on.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_histcode.errors import MarksError, ModelMismatchError
from napari_histcode.json_scalar import json_scalar
from napari_histcode.models.card import DomainRecord, HeadRecord, ModelCard, OutputRecord
from napari_histcode.models.heads import Head, build_head
from napari_histcode.models.model import Model
from napari_histcode.models.model_file import save_model
from napari_histcode.statistics.estimate import Estimate
from napari_histcode.teaching.teach import HEAD_NAME, Taught

INTENDED_USE = "Exploratory, research use only. Not for diagnosis."
LIMITS = (
    "Taught interactively on tiles of one slide. The figures are cross-validated within that slide, and the "
    "strength of the regularisation was chosen on the same folds: other slides may do worse. "
    "Not for diagnosis."
)


def to_head(taught: Taught, name: str = HEAD_NAME) -> Head:
    """Write a taught classifier as a head with mean pooling.

    Parameters
    ----------
    taught : Taught
        What was taught.
    name : str
        Name of the head; blanks and the like are replaced.

    Raises
    ------
    MarksError
        If two classes get one name.
    """
    classifier = taught.learned.classifier
    mpp = taught.bag.grid.mpp.mean
    names = [identifier(one) for one in classifier.classes]
    if len(set(names)) != len(names):
        raise MarksError(
            f"Two classes would have one name: {', '.join(classifier.classes)}.", advice="Rename one."
        )
    record = HeadRecord(
        name=identifier(name),
        label=name,
        pooling="mean",
        hidden_dim=2 * len(names),
        attention_dim=1,
        activation="softmax",
        outputs=tuple(
            OutputRecord(name=one, label=label, quantity="log-odds", evidence=_evidence(taught, label))
            for one, label in zip(names, classifier.classes, strict=True)
        ),
        domain=f"one slide, {classifier.encoder.mpp:g} um/px",
        trained_on=DomainRecord(mpp_range=(mpp, mpp)),
    )
    head = build_head(record, classifier.encoder.feature_dim)
    weights = classifier.weights.astype(np.float64)
    twice = np.concatenate([weights, -weights])
    identity = np.eye(len(names))
    values = {
        "embed.weight": twice,
        "embed.bias": -twice @ classifier.centre.astype(np.float64),
        "output.weight": np.concatenate([identity, -identity], axis=1),
        "output.bias": classifier.bias,
    }
    head.module.load_state_dict({k: torch.tensor(v, dtype=torch.float32) for k, v in values.items()})
    return head


def save_taught(
    taught: Taught,
    model: Model,
    folder: str | Path,
    *,
    name: str = HEAD_NAME,
    with_heads: bool = True,
) -> ModelCard:
    """Write a model folder: the encoder, the model's heads if wanted, and the taught one.

    Parameters
    ----------
    taught : Taught
        What was taught.
    model : Model
        The model whose encoder made the features.
    folder : str or Path
        The new model folder.
    name : str
        Name of the head, and with that of the model the name of the new one.
    with_heads : bool
        Whether the model's own heads are kept.

    Returns
    -------
    ModelCard
        As written.

    Raises
    ------
    ModelMismatchError
        If another encoder made the features, or the model has a head of that name.
    MarksError
        If two classes get one name.
    OutputError
        If it cannot be written.
    """
    model.check_features(taught.bag.encoder)
    head = to_head(taught, name)
    head.module.to(model.encoder.device)
    kept = model.heads if with_heads else ()
    if head.name in [other.name for other in kept]:
        raise ModelMismatchError(
            f"Model {model.name!r} has a head {head.name!r} already.", advice="Give another name with --name."
        )
    heads = (*kept, head)
    card = model.card
    card = replace(
        card,
        name=f"{card.name}+{head.name}" if with_heads else head.name,
        version="1",
        description=_description(taught, model, with_heads=with_heads),
        heads=tuple(one.record for one in heads),
        licence=card.licence if with_heads else "unknown",
        training_data=(*(card.training_data if with_heads else ()), training_data(taught)),
        results={**((card.results or {}) if with_heads else {}), head.name: results(taught)},
        intended_use=INTENDED_USE,
        limits=f"Head {head.name!r}: {LIMITS}" + (f" Other heads: {card.limits}" if with_heads else ""),
        weights_digest="",
        statistics_digest="",
    )
    # statistics are of what the kept heads learned from; of the marks alone there are none
    statistics = model.statistics if with_heads else None
    return save_model(replace(model, card=card, heads=heads, statistics=statistics), folder)


def training_data(taught: Taught) -> str:
    """Say in a sentence what was taught on."""
    counts = ", ".join(f"{name} {n}" for name, n in taught.marks.counts.items())
    return f"taught on {taught.bag.grid.slide.alias} with {len(taught.marks)} marked tiles ({counts})"


def results(taught: Taught) -> dict[str, Any]:
    """Give the measured figures as a card holds them."""
    quality = taught.learned.quality
    return {
        "slide": taught.bag.grid.slide.alias,
        "slide_digest": taught.bag.grid.slide.digest,
        "marks": taught.marks.counts,
        "separate_places": taught.marks.group_counts,
        "regularisation": taught.learned.strength,
        "cross_validation_folds": quality.n_folds,
        "balanced_accuracy": _figures(quality.balanced_accuracy),
        "auroc": {name: _figures(estimate) for name, estimate in quality.auroc.items()},
    }


def identifier(name: str) -> str:
    """Turn a name as shown into one without blanks: "Tumor: Positive" becomes "Tumor_Positive"."""
    return re.sub(r"[^A-Za-z0-9-]+", "_", name).strip("_") or "class"


def _description(taught: Taught, model: Model, *, with_heads: bool) -> str:
    classes = ", ".join(taught.learned.classifier.classes)
    also = f"; also the heads of {model.name}" if with_heads and model.heads else ""
    return f"Taught on one slide: {classes}{also}."


def _evidence(taught: Taught, name: str) -> dict[str, Any]:
    return {"cross-validated within the slide": {"auroc": _figures(taught.learned.quality.auroc[name])}}


def _figures(estimate: Estimate) -> dict[str, Any]:
    figures = {key: json_scalar(getattr(estimate, key)) for key in ("value", "low", "high")}
    return figures | ({"reason": estimate.reason} if estimate.reason else {})
