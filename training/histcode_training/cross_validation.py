"""Cross-validate heads by slide: how long to train, and what to expect.

First each fold in turn stops the training on the others early; the median of the best epochs is how
long every head learns from then on. Then heads that learned for just so long are tested on the fold
that they did not see. All of it happens inside the training slides: choosing one number on the folds
flatters their result a little, and the held-out slides, which have no say, give the honest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohort import Cohort
from histcode_training.evaluation import auroc_over_fields, balanced_accuracy
from histcode_training.field_features import FieldFeatures, stack_fields
from histcode_training.heads import train_head
from histcode_training.recipe import HeadConfig, Recipe
from histcode_training.splits import Split, slide_folds
from napari_histcode.comparison.ranking import Interval
from napari_histcode.models.card import Pooling


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """What a head is worth on training slides it did not see."""

    tile_auroc: dict[str, Interval]
    """For each class, of the single-tile map, mean over seeds; interval over fields."""
    seed_range: dict[str, tuple[float, float]]
    """For each class, lowest and highest AUROC of a seed."""
    tile_balanced_accuracy: float
    """Mean over seeds."""
    epochs: int
    """Median over folds and seeds of the best epoch: how long the tested heads learned."""
    n_tiles: int
    """Tiles, each tested once a seed."""


def cross_validate(
    training: Sequence[FieldFeatures],
    plain: Sequence[FieldFeatures],
    cohort: Cohort,
    recipe: Recipe,
    *,
    seed: int,
    config: HeadConfig | None = None,
    pooling: Pooling = "gated_attention",
    n_resamples: int = 1000,
) -> CrossValidation:
    """Cross-validate by slide with several seeds.

    Parameters
    ----------
    training : sequence of FieldFeatures
        All views of the fields, to learn from.
    plain : sequence of FieldFeatures
        The fields as the pipeline sees them, to stop by and to test on.
    cohort : Cohort
        The training slides.
    recipe : Recipe
        Classes and the head.
    seed : int
        First seed; ``config.seeds`` of them are used.
    config : HeadConfig, optional
        Another head than the recipe's.
    pooling : {"gated_attention", "mean"}
        How tiles become a bag.
    n_resamples : int
        Draws of the bootstrap over fields.

    Raises
    ------
    SplitError
        If the slides do not suffice for the folds.
    """
    config = config or recipe.head
    folds, labels = slide_folds(cohort, config.folds), recipe.labels
    runs = range(seed, seed + config.seeds)
    epochs = _epochs(training, plain, folds, labels, config, runs, pooling)
    outputs: list[NDArray[np.float32]] = []
    for run in runs:
        parts: list[NDArray[np.float32]] = []
        for fold in folds:
            learned = _of(training, fold.training)
            head = train_head(learned, labels, config, seed=run, epochs=epochs, pooling=pooling)
            parts.extend(head.module.explain(f.features).single_tile for f in _of(plain, fold.held_out))
        outputs.append(np.concatenate(parts))
    tested = [field for fold in folds for field in _of(plain, fold.held_out)]
    _, field_of, class_of = stack_fields(tested, labels)
    tile_auroc, seed_range = {}, {}
    for position, tissue in enumerate(recipe.classes):
        scores, is_positive = [run[:, position] for run in outputs], class_of == position
        tile_auroc[tissue.name] = auroc_over_fields(
            scores, is_positive, field_of, n_resamples=n_resamples, seed=seed
        )
        alone = [
            auroc_over_fields([one], is_positive, field_of, n_resamples=0, seed=seed).value for one in scores
        ]
        seed_range[tissue.name] = (min(alone), max(alone))
    return CrossValidation(
        tile_auroc=tile_auroc,
        seed_range=seed_range,
        tile_balanced_accuracy=float(np.mean([balanced_accuracy(run, class_of) for run in outputs])),
        epochs=epochs,
        n_tiles=len(class_of),
    )


def _epochs(
    training: Sequence[FieldFeatures],
    plain: Sequence[FieldFeatures],
    folds: Sequence[Split],
    labels: Sequence[str],
    config: HeadConfig,
    runs: Iterable[int],
    pooling: Pooling,
) -> int:
    """Median of the best epochs, each by the loss on a fold that the head did not learn from."""
    best = []
    for run in runs:
        for fold in folds:
            watched = _of(plain, fold.held_out)
            if not watched:
                continue  # all its fields are glass
            learned = _of(training, fold.training)
            best.append(
                train_head(learned, labels, config, seed=run, validation=watched, pooling=pooling).epoch
            )
    return max(1, round(float(np.median(best))))


def _of(fields: Sequence[FieldFeatures], cohort: Cohort) -> list[FieldFeatures]:
    slides = set(cohort.slides)
    return [field for field in fields if field.field.slide in slides]
