"""Measure a run's predictions: the one result that report, JSON and model card are written from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from histcode_training.measures.classes import ArmClasses, ClassConfig, measure_classes
from histcode_training.measures.fold_change import FoldChangeCurve, fold_change_curve
from histcode_training.measures.genes import ArmGenes, GeneConfig, measure_genes
from histcode_training.measures.predictions import Predictions
from histcode_training.mil.config import Task

FOLD_CHANGE = "log2 fold change"


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """How a run is measured."""

    n_resamples: int = 1000
    """Draws of the bootstrap over patients."""
    n_permutations: int = 999
    """Permutations of the null."""
    seed: int = 0
    """Seed of both."""


@dataclass(frozen=True, kw_only=True)
class RunEvaluation:
    """What a run is worth."""

    task: Task
    """What the outputs are."""
    outputs: tuple[str, ...]
    """Classes or genes."""
    quantity: str
    """What a raw output is."""
    n_slides: int
    """Test slides of all folds; a slide that is tested by two folds counts twice."""
    n_patients: int
    """Patients among them."""
    n_folds: int
    """Folds."""
    genes: tuple[ArmGenes, ...]
    """Of every arm, the model first; empty for classes."""
    classes: tuple[ArmClasses, ...]
    """Of every arm, the model first; empty for quantities."""
    curve: FoldChangeCurve | None
    """Of the model's r against |log2 fold change|; None where fold changes are unknown."""
    config: EvaluationConfig
    """How it was measured."""


def evaluate_run(
    predictions: Predictions,
    *,
    fold_changes: dict[str, float] | None = None,
    config: EvaluationConfig | None = None,
) -> RunEvaluation:
    """Measure every arm of a run.

    Parameters
    ----------
    predictions : Predictions
        Of the run.
    fold_changes : dict, optional
        Log2 fold change of each gene; the median of the targets if these are log2 fold changes.
    config : EvaluationConfig, optional
        Bootstrap and null.
    """
    config = config or EvaluationConfig()
    genes: tuple[ArmGenes, ...] = ()
    classes: tuple[ArmClasses, ...] = ()
    curve = None
    if predictions.task == "regression":
        genes = measure_genes(
            predictions,
            config=GeneConfig(
                n_resamples=config.n_resamples, n_permutations=config.n_permutations, seed=config.seed
            ),
        )
        known = fold_changes or _median_targets(predictions)
        curve = fold_change_curve(genes[0], known, n_resamples=config.n_resamples, seed=config.seed)
    else:
        classes = measure_classes(predictions, ClassConfig(n_resamples=config.n_resamples, seed=config.seed))
    return RunEvaluation(
        task=predictions.task,
        outputs=predictions.outputs,
        quantity=predictions.quantity,
        n_slides=sum(len(fold.slides) for fold in predictions.test),
        n_patients=len({patient for fold in predictions.test for patient in fold.patients}),
        n_folds=len(predictions.test),
        genes=genes,
        classes=classes,
        curve=curve,
        config=config,
    )


def _median_targets(predictions: Predictions) -> dict[str, float]:
    if predictions.quantity != FOLD_CHANGE:
        return {}
    targets = np.concatenate([fold.targets for fold in predictions.test])
    return {
        name: float(np.nanmedian(column))
        for name, column in zip(predictions.outputs, targets.T, strict=True)
        if np.isfinite(column).any()
    }
