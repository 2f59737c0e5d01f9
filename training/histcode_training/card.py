"""What was measured, as the model card keeps it: plain numbers with intervals, and what they are of."""

from __future__ import annotations

import math
from typing import Any

from histcode_training.cross_validation import CrossValidation
from histcode_training.evaluation import ClassResult, Evaluation
from histcode_training.recipe import Recipe
from histcode_training.splits import Split
from napari_histcode.comparison.ranking import Interval

REFERENCE = "pathologists' label of the whole field, given to each of its tiles"
INTERVAL = "95 %, bootstrap over fields"


def interval_json(interval: Interval) -> dict[str, Any]:
    """Return an interval as JSON; what could not be estimated is null."""
    return {
        "value": _number(interval.value),
        "low": _number(interval.low),
        "high": _number(interval.high),
        "n_positive": interval.n_positive,
        "n_negative": interval.n_negative,
    }


def output_evidence(result: ClassResult) -> dict[str, Any]:
    """Return what a user should know of one output before trusting its maps."""
    return {
        "reference": REFERENCE,
        "interval": INTERVAL,
        "tile_auroc": {kind: interval_json(value) for kind, value in result.tile_auroc.items()},
        "field_auroc": interval_json(result.field_auroc),
    }


def evaluation_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return one evaluation as JSON."""
    return {
        "n_fields": evaluation.n_fields,
        "n_tiles": evaluation.n_tiles,
        "tile_balanced_accuracy": _number(evaluation.tile_balanced_accuracy),
        "field_accuracy": _number(evaluation.field_accuracy),
        "classes": {
            name: {
                "tile_auroc": {kind: interval_json(value) for kind, value in result.tile_auroc.items()},
                "field_auroc": interval_json(result.field_auroc),
            }
            for name, result in evaluation.classes.items()
        },
    }


def card_results(
    validation: CrossValidation,
    evaluations: dict[str, Evaluation],
    recipe: Recipe,
    split: Split,
    *,
    seed: int,
) -> dict[str, Any]:
    """Return everything that was measured for the card's ``results``."""
    held_out = split.held_out
    return {
        "reference": REFERENCE,
        "interval": INTERVAL,
        "recipe": recipe.name,
        "seed": seed,
        "cross_validation": {
            "on": f"training slides, {recipe.head.folds} folds by slide, {recipe.head.seeds} seeds",
            "map": "single_tile",
            "n_tiles": validation.n_tiles,
            "tile_auroc": {name: interval_json(value) for name, value in validation.tile_auroc.items()},
            "tile_balanced_accuracy": _number(validation.tile_balanced_accuracy),
            "epochs": validation.epochs,
        },
        "held_out": {
            "on": f"{len(held_out)} fields of {len(held_out.slides)} slides that nothing learned from",
            "patients_also_in_training": len(split.shared_patients),
            "patients": len(held_out.patients),
            **{name.replace(" ", "_"): evaluation_json(value) for name, value in evaluations.items()},
        },
    }


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
