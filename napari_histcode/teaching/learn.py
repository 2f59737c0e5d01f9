"""From the features of marked tiles to a classifier, with an estimate of how good it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.models.card import EncoderRecord
from napari_histcode.progress import CancelToken, ProgressCallback, ignore_progress
from napari_histcode.teaching.classifier import LinearClassifier
from napari_histcode.teaching.logistic import Rotated, fit, rotate
from napari_histcode.teaching.marks import Marks
from napari_histcode.teaching.quality import N_RESAMPLES, Quality, measure_quality, no_quality
from napari_histcode.teaching.scaling import Scaling
from napari_histcode.teaching.validate import (
    LEAST_GROUPS,
    STRENGTHS,
    USUAL_STRENGTH,
    CrossValidation,
    cross_validate,
    fold_groups,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """A classifier and what is known of it."""

    classifier: LinearClassifier
    """What was learned; it answers for any slide."""
    strength: float
    """Strength of the regularisation."""
    quality: Quality
    """What to expect of places without a mark, as far as it can be estimated."""
    notes: tuple[str, ...]
    """What the user should know, in sentences."""


def learn(
    features: NDArray[np.floating],
    marks: Marks,
    scaling: Scaling,
    encoder: EncoderRecord,
    *,
    strength: float | None = None,
    with_quality: bool = True,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Learned:
    """Learn a classifier from the features of marked tiles.

    Parameters
    ----------
    features : ndarray, (n_marks, feature_dim)
        Features of the marked tiles, in the order of the marks.
    marks : Marks
        Their classes and groups.
    scaling : Scaling
        That of all tiles, marked or not.
    encoder : EncoderRecord
        What made the features.
    strength, with_quality, n_resamples, seed, progress, cancel
        As for `napari_histcode.teaching.teach.teach`.

    Raises
    ------
    ValueError
        If the strength is not above 0.
    AnalysisCancelledError
        If it was cancelled.
    """
    if strength is not None and not strength > 0:
        raise ValueError(f"strength is above 0, not {strength}.")
    rotated = rotate(scaling.apply(features))
    found, notes = None, list[str]()
    if strength is None or with_quality:
        found = _validate(rotated, marks, strength, progress, cancel or CancelToken())
    if strength is None and found is None:
        notes.append(
            f"A class has fewer than {LEAST_GROUPS} separate places with marks, so that the strength of the "
            f"regularisation was not chosen but set to {USUAL_STRENGTH:g}."
        )
    if strength is None:
        strength = found.strength if found else USUAL_STRENGTH
    quality = no_quality(marks)
    if found is not None and with_quality:
        quality = measure_quality(
            found.logits, marks, n_folds=found.n_folds, n_resamples=n_resamples, seed=seed
        )
    if with_quality and not quality.is_defined:
        reason = quality.balanced_accuracy.reason
        notes.append(f"{reason[:1].upper()}{reason[1:]}.")
    return Learned(
        classifier=_classifier(rotated, marks, strength, scaling, encoder),
        strength=strength,
        quality=quality,
        notes=tuple(notes),
    )


def _validate(
    rotated: Rotated,
    marks: Marks,
    strength: float | None,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> CrossValidation | None:
    fold_of = fold_groups(marks)
    if fold_of is None:
        return None
    strengths = STRENGTHS if strength is None else (strength,)
    return cross_validate(
        rotated.samples, marks, fold_of, strengths=strengths, progress=progress, cancel=cancel
    )


def _classifier(
    rotated: Rotated, marks: Marks, strength: float, scaling: Scaling, encoder: EncoderRecord
) -> LinearClassifier:
    solution = fit(rotated.samples, marks.class_of, len(marks.classes), strength)
    weights = solution.weights @ rotated.directions.T / (scaling.spread * np.sqrt(len(scaling.spread)))
    return LinearClassifier(
        classes=marks.classes,
        weights=weights.astype(np.float32),
        centre=scaling.mean.astype(np.float32),
        bias=solution.bias.astype(np.float32),
        encoder=encoder,
    )
