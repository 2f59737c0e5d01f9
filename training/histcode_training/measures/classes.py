"""How well classes are told apart and how far probabilities can be trusted, with intervals over patients.

Slides of different folds were scored by different heads: AUROC compares only slides of one fold (pairs of all
folds counted together), and average precision is the mean over folds, weighted by their positive slides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from histcode_training.measures.class_statistics import (
    Bin,
    Floats,
    Scored,
    Statistic,
    balanced_accuracy,
    brier,
    calibration_error,
    fold_auroc,
    fold_average_precision,
    mean_auroc,
    reliability,
)
from histcode_training.measures.predictions import FoldPredictions, Predictions
from histcode_training.measures.temperature import fit_temperature, probabilities
from napari_histcode.statistics.estimate import Estimate, undefined, with_interval
from napari_histcode.statistics.patients import TOO_FEW_PATIENTS, draw_patients

ENSEMBLE = "ensemble"
"""Marks an arm made of the mean probability of the seeds."""
NO_PAIR = "no fold has slides with and without the class"


@dataclass(frozen=True, kw_only=True)
class ClassConfig:
    """How predictions are measured."""

    n_resamples: int = 1000
    """Draws of the bootstrap over patients."""
    seed: int = 0
    """Seed of the draws."""


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """One class by one arm."""

    name: str
    """The class."""
    n_positive: int
    """Slides with it."""
    n_negative: int
    """Slides without it."""
    auroc: Estimate
    """Chance that a slide with the class scores higher than one without, of the same fold."""
    average_precision: Estimate
    """Mean precision; a random score gives the share of slides with the class."""


@dataclass(frozen=True, kw_only=True)
class ArmClasses:
    """All classes by one arm."""

    arm: str
    """The arm."""
    rows: tuple[ClassRow, ...]
    """One a class."""
    mean_auroc: Estimate
    """Mean over classes."""
    balanced_accuracy: Estimate
    """Mean over classes of the share of their slides that are found."""
    brier: Estimate
    """Mean squared error of the probabilities: 0 best."""
    ece: Estimate
    """Expected calibration error: 0 best."""
    temperature: float
    """Fitted on validation, mean over folds and seeds; NaN without validation."""
    ece_scaled: Estimate
    """Expected calibration error at that temperature."""
    seed_low: float
    """Least mean AUROC that one seed gives."""
    seed_high: float
    """Greatest."""
    bins: tuple[Bin, ...]
    """Reliability before scaling."""


def measure_classes(predictions: Predictions, config: ClassConfig | None = None) -> tuple[ArmClasses, ...]:
    """Measure all classes by every arm, and by the ensemble of an arm's seeds.

    Parameters
    ----------
    predictions : Predictions
        Of a task of classes.
    config : ClassConfig, optional
        Bootstrap.
    """
    config = config or ClassConfig()
    draws = _draws(predictions.test, config)
    measured = []
    for arm in predictions.arms:
        plain, scaled, temperature = _scored(predictions, arm)
        measured.append(_measure(arm, plain, scaled, temperature, predictions, draws))
        if len(plain) > 1:
            pooled = [_ensemble(plain)], [_ensemble(scaled)]
            measured.append(_measure(f"{arm}, {ENSEMBLE}", *pooled, temperature, predictions, draws))
    return tuple(measured)


def _scored(predictions: Predictions, arm: str) -> tuple[list[Scored], list[Scored], float]:
    """Score every seed, as it is and at the temperature of its own fold's validation part."""
    n_seeds = min(len(fold.raw[arm]) for fold in predictions.test)
    task = predictions.task
    fitted = {fold.fold: fold for fold in predictions.validation}
    plain, scaled, temperatures = [], [], []
    for seed in range(n_seeds):
        raw, cool = [], []
        for fold in predictions.test:
            watched = fitted.get(fold.fold)
            t = fit_temperature(watched.raw[arm][seed], watched.targets, task) if watched else np.nan
            temperatures.append(t)
            raw.append(probabilities(fold.raw[arm][seed], task))
            cool.append(probabilities(fold.raw[arm][seed], task, t if np.isfinite(t) else 1.0))
        plain.append(_together(predictions.test, raw))
        scaled.append(_together(predictions.test, cool))
    return plain, scaled, float(np.mean(temperatures))


def _together(folds: Sequence[FoldPredictions], parts: Sequence[Floats]) -> Scored:
    return Scored(
        probability=np.concatenate(parts),
        target=np.concatenate([fold.targets for fold in folds]).astype(np.float64),
        fold=np.repeat(np.arange(len(folds)), [len(fold.slides) for fold in folds]),
    )


def _ensemble(seeds: Sequence[Scored]) -> Scored:
    mean = np.mean([one.probability for one in seeds], axis=0)
    return Scored(probability=mean, target=seeds[0].target, fold=seeds[0].fold)


def _draws(folds: Sequence[FoldPredictions], config: ClassConfig) -> Floats:
    """(n_resamples, n) how often each draw of patients, taken within each fold, holds each slide."""
    random = np.random.default_rng(config.seed)
    times = [draw_patients(f.patient_of, n_resamples=config.n_resamples, random=random) for f in folds]
    n = min((len(one) for one in times), default=0)
    return np.concatenate([one[:n] for one in times], axis=1)


def _measure(
    arm: str,
    plain: Sequence[Scored],
    scaled: Sequence[Scored],
    temperature: float,
    predictions: Predictions,
    draws: Floats,
) -> ArmClasses:
    task = predictions.task
    once = np.ones((1, draws.shape[1]))

    def estimate(statistic: Statistic, seeds: Sequence[Scored], reason: str = "") -> Estimate:
        value = float(np.mean([statistic(one, once)[0] for one in seeds]))
        if not np.isfinite(value):
            return undefined(reason or "no slide has a label")
        drawn = np.mean([statistic(one, draws) for one in seeds], axis=0) if len(draws) else np.empty(0)
        return with_interval(value, drawn, reason="" if len(draws) else TOO_FEW_PATIENTS)

    rows = []
    for k, name in enumerate(predictions.outputs):
        target = plain[0].target[:, k]
        rows.append(
            ClassRow(
                name=name,
                n_positive=int((target == 1).sum()),
                n_negative=int((target == 0).sum()),
                auroc=estimate(partial(fold_auroc, k=k), plain, NO_PAIR),
                average_precision=estimate(partial(fold_average_precision, k=k), plain, NO_PAIR),
            )
        )
    of_seeds = [float(mean_auroc(one, once)[0]) for one in plain]
    is_scaled = bool(np.isfinite(temperature))
    ece = partial(calibration_error, task=task)
    return ArmClasses(
        arm=arm,
        rows=tuple(rows),
        mean_auroc=estimate(mean_auroc, plain, NO_PAIR),
        balanced_accuracy=estimate(partial(balanced_accuracy, task=task), plain),
        brier=estimate(partial(brier, task=task), plain),
        ece=estimate(ece, plain),
        temperature=temperature,
        ece_scaled=estimate(ece, scaled) if is_scaled else undefined("no validation part"),
        seed_low=min(of_seeds),
        seed_high=max(of_seeds),
        bins=reliability(plain, task),
    )
