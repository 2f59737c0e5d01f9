"""What a head is worth on fields it never saw, with intervals that know that tiles come in fields.

Every tile of a field gets the field's label as its reference. That is coarser than a pathologist's
outline (a tumour field holds bone and glass as well), so that no map can reach an AUROC of 1 here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.field_features import FieldFeatures, stack_fields
from napari_histcode.comparison.ranking import Interval, auroc
from napari_histcode.models.heads import AttentionHead
from napari_histcode.scores.maps import contribution

N_RESAMPLES = 1000
TILE_MAPS = ("single_tile", "contribution", "attention")
"""Maps that are measured; attention knows no class and is measured against each."""


@dataclass(frozen=True, kw_only=True)
class ClassResult:
    """How well one class is found."""

    tile_auroc: dict[str, Interval]
    """For each map, over the tiles of all fields in one bag."""
    field_auroc: Interval
    """For the output of each field as a bag."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How well a head does on some fields."""

    classes: dict[str, ClassResult]
    """For each class."""
    tile_balanced_accuracy: float
    """Mean over classes of the share of tiles whose largest single-tile output is their field's class."""
    field_accuracy: float
    """Share of fields whose largest output is their class."""
    n_fields: int
    """Fields."""
    n_tiles: int
    """Tiles of all fields."""


def evaluate_head(
    module: AttentionHead,
    fields: Sequence[FieldFeatures],
    labels: Sequence[str],
    *,
    names: Sequence[str],
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Measure a head on fields it never saw.

    Parameters
    ----------
    module : AttentionHead
        The head.
    fields : sequence of FieldFeatures
        Fields as the pipeline sees them: tiles side by side.
    labels : sequence of str
        Classes in the order of the head's outputs, as the fields name them.
    names : sequence of str
        The same classes, as the result shall name them.
    n_resamples, seed : int
        Of the bootstrap over fields.
    """
    features, field_of, class_of = stack_fields(fields, labels)
    explanation = module.explain(features)
    maps = {
        "single_tile": explanation.single_tile,
        "contribution": contribution(explanation.attention, explanation.single_tile, explanation.bias),
        "attention": np.repeat(explanation.attention[:, None], len(labels), axis=1),
    }
    field_outputs = np.stack([module.explain(field.features).outputs for field in fields])
    class_of_field = np.asarray([list(labels).index(field.field.label) for field in fields])
    each_field = np.arange(len(fields))
    classes = {}
    for position, name in enumerate(names):
        classes[name] = ClassResult(
            tile_auroc={
                kind: auroc_over_fields(
                    [maps[kind][:, position]], class_of == position, field_of,
                    n_resamples=n_resamples, seed=seed,
                )
                for kind in TILE_MAPS
            },
            field_auroc=auroc_over_fields(
                [field_outputs[:, position]], class_of_field == position, each_field,
                n_resamples=n_resamples, seed=seed,
            ),
        )  # fmt: skip
    return Evaluation(
        classes=classes,
        tile_balanced_accuracy=balanced_accuracy(explanation.single_tile, class_of),
        field_accuracy=float((field_outputs.argmax(axis=1) == class_of_field).mean()),
        n_fields=len(fields),
        n_tiles=len(features),
    )


def auroc_over_fields(
    scores: Sequence[NDArray[np.floating]],
    is_positive: NDArray[np.bool_],
    field_of: NDArray[np.intp],
    *,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Interval:
    """AUROC of tiles with a 95 % interval from drawing fields with replacement.

    Tiles of a field are alike, and drawing them one by one would count the same tissue many times.

    Parameters
    ----------
    scores : sequence of ndarray, (n_tiles,)
        One or more scorings (seeds) of the same tiles; their AUROC is averaged, also in every draw.
    is_positive : ndarray of bool, (n_tiles,)
        The reference.
    field_of : ndarray, (n_tiles,)
        Position of each tile's field.
    n_resamples, seed : int
        Of the bootstrap. Draws without positive or negative fields are drawn again by the next one.
    """
    members = [np.flatnonzero(field_of == field) for field in np.unique(field_of)]
    random = np.random.default_rng(seed)
    draws = []
    for _ in range(n_resamples):
        chosen = np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])
        value = _mean_auroc(scores, is_positive, chosen)
        if not np.isnan(value):
            draws.append(value)
    low, high = np.percentile(draws, [2.5, 97.5]) if draws else (np.nan, np.nan)
    everything = np.arange(len(is_positive))
    return Interval(
        value=_mean_auroc(scores, is_positive, everything),
        low=float(low),
        high=float(high),
        n_positive=int(is_positive.sum()),
        n_negative=int((~is_positive).sum()),
    )


def balanced_accuracy(outputs: NDArray[np.floating], class_of: NDArray[np.intp]) -> float:
    """Mean over the classes there are of the share of rows whose largest output is their class."""
    correct = outputs.argmax(axis=1) == class_of
    return float(np.mean([correct[class_of == one].mean() for one in np.unique(class_of)]))


def _mean_auroc(
    scores: Sequence[NDArray[np.floating]], is_positive: NDArray[np.bool_], chosen: NDArray[np.intp]
) -> float:
    return float(np.mean([auroc(values[chosen], is_positive[chosen]) for values in scores]))
