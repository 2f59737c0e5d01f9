"""Write a run's model: the head that learned from the whole cohort, its card filled by the evaluation."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from histcode_training.errors import RecipeError
from histcode_training.measures.document import evaluation_json
from histcode_training.measures.evaluate import FOLD_CHANGE, RunEvaluation
from histcode_training.mil.config import Task
from histcode_training.mil.material import Material
from histcode_training.mil.recipe import HeadsRecipe
from histcode_training.mil.train import TrainedNetwork
from napari_histcode.models.card import Activation, DomainRecord, HeadRecord, ModelCard, OutputRecord
from napari_histcode.models.heads import AttentionHead, Head, build_head
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import save_model
from napari_histcode.models.statistics import FeatureStatistics
from napari_histcode.statistics.estimate import Estimate
from napari_histcode.statistics.patients import FEWEST_PATIENTS
from napari_histcode.trust.fit import fit_statistics

MOST_TILES = 200
"""Tiles of a bag that its statistics are of."""

ACTIVATIONS: dict[Task, Activation] = {
    "binary": "sigmoid",
    "multi_class": "softmax",
    "multi_label": "sigmoid",
    "regression": "identity",
}


def write_model(
    recipe: HeadsRecipe,
    material: Material,
    trained: TrainedNetwork,
    evaluation: RunEvaluation,
    folder: Path,
    *,
    epochs: int,
) -> ModelCard:
    """Write the model folder.

    Parameters
    ----------
    recipe : HeadsRecipe
        The run; has a table ``[model]``.
    material : Material
        What it learned from, with the encoder.
    trained : TrainedNetwork
        The head.
    evaluation : RunEvaluation
        Of the folds' heads: what to expect of this one.
    folder : Path
        Where to write.
    epochs : int
        How long the head learned.

    Raises
    ------
    RecipeError
        If the recipe names no model, or its head has no place in a model file.
    """
    if recipe.model is None or material.encoder is None or not isinstance(trained.module, AttentionHead):
        raise RecipeError(
            f"{recipe.name} makes no model.", advice="Give it a table [model] and features.model."
        )
    words, training = recipe.model, recipe.training
    record = HeadRecord(
        name=words.head,
        label=words.head_label,
        pooling="mean" if training.pooling == "mean" else "gated_attention",
        hidden_dim=training.hidden_dim,
        attention_dim=training.attention_dim,
        activation=ACTIVATIONS[recipe.task],
        outputs=tuple(
            _output(recipe, evaluation, material, k, name) for k, name in enumerate(material.table.outputs)
        ),
        domain=words.domain,
        trained_on=DomainRecord(organs=words.organs, stains=words.stains),
    )
    head = build_head(record, material.encoder.feature_dim)
    head.module.load_state_dict(trained.module.state_dict())
    table = material.table
    amount = f"{len(table)} bags of {len(set(table.patients))} patients or groups"
    model = build_model(
        material.encoder,
        (Head(record=record, module=head.module),),
        name=words.name,
        version=words.version,
        description=words.description,
        licence=words.licence,
        training_data=(f"Head: {amount}. {' '.join(recipe.source.split())}".strip(),),
        results={
            "recipe": recipe.name,
            "on": f"{evaluation.n_folds} folds; the heads of the folds, not this one, which learned from "
            "all for "
            f"{epochs} epochs",
            "evaluation": evaluation_json(evaluation, name=recipe.name, notes=" ".join(recipe.notes.split())),
        },
        intended_use=" ".join(words.intended_use.split()),
        limits=" ".join(words.limits.split()),
        statistics=_statistics(material),
    )
    return save_model(model, folder)


def _statistics(material: Material) -> FeatureStatistics | None:
    """Describe the first `MOST_TILES` tiles of each training bag; nothing with too few patients."""
    bags = list(material.bags.values())
    if len({bag.group for bag in bags}) < FEWEST_PATIENTS:
        return None
    parts = [np.asarray(bag.features[:MOST_TILES], np.float32) for bag in bags]
    groups = [bag.group for bag, part in zip(bags, parts, strict=True) for _ in range(len(part))]
    return fit_statistics(np.concatenate(parts), groups)


def _output(
    recipe: HeadsRecipe, evaluation: RunEvaluation, material: Material, k: int, name: str
) -> OutputRecord:
    is_gene = recipe.task == "regression"
    return OutputRecord(
        name="_".join(name.split()),
        label=recipe.shown[k] if recipe.shown else name,
        quantity=recipe.quantity if is_gene else "log-odds",
        unit=recipe.unit if is_gene else "",
        is_signed=is_gene and recipe.quantity == FOLD_CHANGE,
        evidence=(
            _gene_evidence(recipe, evaluation, k) | _training_facts(recipe, material, k)
            if is_gene
            else _class_evidence(recipe, evaluation, k)
        ),
    )


def _gene_evidence(recipe: HeadsRecipe, evaluation: RunEvaluation, k: int) -> dict[str, Any]:
    row = evaluation.genes[0].rows[k]
    return {
        "what": f"Pearson correlation over slides with the {recipe.reference}, within folds of "
        "cross-validation",
        "r": _number(row.pearson.value),
        "low": _number(row.pearson.low),
        "high": _number(row.pearson.high),
        "n": row.n_slides,
        "interval": "95 %, drawing patients",
        "p": _number(row.p),
        "q": _number(row.q),
        "is_predicted": row.is_predicted,
    }


def _training_facts(recipe: HeadsRecipe, material: Material, k: int) -> dict[str, Any]:
    """Say what a gene's z-scores refer to, and its fold change where the targets are fold changes."""
    targets = np.asarray(material.table.targets, np.float64)[:, k]
    known = targets[np.isfinite(targets)]
    if len(known) < 2:
        return {}
    where = f"{len(known)} slides of the training cohort"
    facts: dict[str, Any] = {}
    if known.std() > 0:
        facts["training"] = {"what": where, "mean": _number(known.mean()), "sd": _number(known.std())}
    if recipe.quantity == FOLD_CHANGE:
        facts["fold_change"] = {"log2": _number(float(np.median(known))), "cohort": f"median of {where}"}
    return facts


def _class_evidence(recipe: HeadsRecipe, evaluation: RunEvaluation, k: int) -> dict[str, Any]:
    row = evaluation.classes[0].rows[k]
    return {
        "what": f"AUROC over slides against the {recipe.reference}, within folds of cross-validation",
        "interval": "95 %, drawing patients",
        "auroc": _estimate(row.auroc) | {"n_positive": row.n_positive, "n_negative": row.n_negative},
        "average_precision": _estimate(row.average_precision),
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": _number(estimate.value),
        "low": _number(estimate.low),
        "high": _number(estimate.high),
    }


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None
