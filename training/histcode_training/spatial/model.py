"""Write the gene model of one fold, its card filled with what was measured on the section it never saw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from histcode_training.encoders import encoder_source
from histcode_training.spatial.combine import OutputRow, combine_arm, combine_outputs
from histcode_training.spatial.folds import UNITS, FoldMaps
from histcode_training.spatial.measure import SectionTruth, measure_maps
from histcode_training.spatial.recipe import SpatialRecipe
from napari_histcode.models.card import DomainRecord, HeadRecord, ModelCard, OutputRecord
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.heads import Head, build_head
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import save_model
from napari_histcode.models.statistics import FeatureStatistics
from napari_histcode.statistics.estimate import Estimate

WHAT = "Pearson correlation of the single-tile map with the expression measured at the spots of section "
"{section}"


def write_gene_model(
    fold: FoldMaps,
    truth: SectionTruth,
    encoder: Encoder,
    recipe: SpatialRecipe,
    folder: Path,
    *,
    statistics: FeatureStatistics | None = None,
) -> ModelCard:
    """Write the head of the first seed as a model folder.

    Parameters
    ----------
    fold : FoldMaps
        The fold whose held-out section the model has never seen.
    truth : SectionTruth
        What was measured there.
    encoder : Encoder
        The encoder.
    recipe : SpatialRecipe
        The experiment.
    folder : Path
        Where to write.
    statistics : FeatureStatistics, optional
        What the training spots' features look like.

    Returns
    -------
    ModelCard
        As written.
    """
    pooling = recipe.training.pooling
    arm = "gated attention" if pooling == "gated_attention" else "mean pooling"
    own = measure_maps(truth, fold.maps[arm][:1], in_units=True)
    rows = {row.name: row for row in combine_outputs([own])}
    module = fold.heads[pooling].modules[0]
    words = recipe.model
    record = HeadRecord(
        name=words.head,
        label=words.head_label,
        pooling="mean" if pooling == "mean" else "gated_attention",
        hidden_dim=recipe.training.hidden_dim,
        attention_dim=recipe.training.attention_dim,
        activation="identity",
        outputs=tuple(
            _record(k, rows[output.name], fold, truth, recipe) for k, output in enumerate(fold.outputs)
        ),
        domain=words.domain,
        trained_on=DomainRecord(organs=words.organs, stains=words.stains, mpp_range=(recipe.mpp, recipe.mpp)),
    )
    head = build_head(record, encoder.feature_dim)
    head.module.load_state_dict(module.state_dict())
    learned = [name for name in recipe.sections if name != fold.held_out]
    model = build_model(
        encoder,
        (Head(record=record, module=head.module),),
        name=words.name,
        version=words.version,
        description=words.description,
        licence=words.licence,
        training_data=(
            f"Head: {fold.n_regions} regions of sections {', '.join(learned)} of "
            f"{' '.join(recipe.source.split())}.",
            encoder_source(encoder.record),
        ),
        results=_results(fold, truth, recipe),
        intended_use=" ".join(words.intended_use.split()),
        limits=" ".join(words.limits.split()),
        statistics=statistics,
    )
    return save_model(model, folder)


def _record(
    k: int, row: OutputRow, fold: FoldMaps, truth: SectionTruth, recipe: SpatialRecipe
) -> OutputRecord:
    output = fold.outputs[k]
    evidence: dict[str, Any] = {
        "what": WHAT.format(section=fold.held_out),
        "r": number(row.pearson.value),
        "low": number(row.pearson.low),
        "high": number(row.pearson.high),
        "n": len(truth.section),
        "interval": f"95 %, drawing blocks of {recipe.block_um:g} um",
        "spearman": estimate_json(row.spearman),
        "p": number(row.p),
        "q": number(row.q),
        "null": "map moved over the array as a whole; q adjusted over the outputs (Benjamini and Hochberg)",
        "training": {
            "what": f"{fold.n_regions} training regions",
            "mean": number(fold.training_mean[k]),
            "sd": number(fold.training_sd[k]),
        },
    }
    if output.is_signature:
        evidence |= {
            "genes": list(output.members),
            "genes_missing": list(output.missing),
            "source": output.source,
        }
    return OutputRecord(
        name=output.name,
        label=output.label,
        quantity=output.quantity,
        is_signed=output.is_signature,
        evidence=evidence,
    )


def _results(fold: FoldMaps, truth: SectionTruth, recipe: SpatialRecipe) -> dict[str, Any]:
    names = [output.name for output in fold.outputs]
    measured = {arm: measure_maps(truth, maps, in_units=arm in UNITS) for arm, maps in fold.maps.items()}
    baseline = [measured["training mean"]]
    rows = [combine_arm(arm, [one], names, baseline) for arm, one in measured.items()]
    return {
        "recipe": recipe.name,
        "held_out": fold.held_out,
        "n_spots": len(truth.section),
        "seeds": recipe.seeds,
        "epochs": {pooling: heads.epochs for pooling, heads in fold.heads.items()},
        "quantity": "mean over all outputs of the correlation with the measured expression of the spots",
        "interval": f"95 %, drawing blocks of {recipe.block_um:g} um; mean over seeds",
        "arms": {
            row.arm.replace(" ", "_"): {
                "pearson": estimate_json(row.pearson),
                "spearman": estimate_json(row.spearman),
                "error_beside_training_mean": number(row.rmse_ratio),
            }
            for row in rows
            if row.arm != "training mean"
        },
    }


def estimate_json(estimate: Estimate) -> Mapping[str, float | None]:
    """Return an estimate as JSON; what is missing is null."""
    return {
        "value": number(estimate.value),
        "low": number(estimate.low),
        "high": number(estimate.high),
    }


def number(value: float) -> float | None:
    """Round a number for JSON; what is not finite is null."""
    return round(float(value), 4) if math.isfinite(value) else None
