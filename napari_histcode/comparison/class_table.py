"""Several classes at once: which class a head sees in each tile, beside the class that was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.agreement import confusion_matrix, kappa_of, kappas_of
from napari_histcode.comparison.classes_of import is_class, is_cut_out
from napari_histcode.comparison.config import ComparisonConfig, KappaWeights
from napari_histcode.comparison.ranking import auroc, average_precision
from napari_histcode.comparison.resampling import draw_blocks
from napari_histcode.scores.scores import SlideScores
from napari_histcode.statistics.estimate import NAN, Estimate, with_interval
from napari_histcode.tiling.coverage import merge_regions, merged_fraction, without
from napari_histcode.tiling.grid import TileGrid

MISSING = -1
"""Class of a tile that has none: mostly covered by no class, or without a value."""


@dataclass(frozen=True, kw_only=True)
class ClassResult:
    """How well one class is found among all of them."""

    name: str
    """The class of the regions."""
    n_tiles: int
    """Tiles of that class."""
    sensitivity: float
    """Share of them that the head sees as such; NaN without any."""
    ppv: float
    """Share of the tiles it sees as such that are; NaN without any."""
    average_precision: float
    """Of the class's single-tile map against all other classes; NaN where one side is empty."""
    prevalence: float
    """Share of the class among the tiles: the average precision of a random map."""
    auroc: float
    """Of the class's single-tile map against all other classes; NaN where one side is empty."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassTable:
    """The classes that a head sees beside those that were drawn."""

    head: str
    """Name of the head."""
    classes: tuple[str, ...]
    """Classes of the regions, in the order of rows and columns."""
    matrix: NDArray[np.int64]
    """(n_classes, n_classes) tiles; rows are the reference, columns the head."""
    kappa: Estimate
    """Cohen's kappa."""
    kappa_weights: KappaWeights
    """Its weights."""
    accuracy: Estimate
    """Share of tiles on the diagonal."""
    balanced_accuracy: Estimate
    """Mean sensitivity of the classes that occur."""
    per_class: tuple[ClassResult, ...]
    """One a class."""
    reference_class: NDArray[np.int8]
    """(n_tiles,) class drawn, `MISSING` where none covers the tile by ``least_share``."""
    predicted_class: NDArray[np.int8]
    """(n_tiles,) class seen: the greatest single-tile output."""

    def tiles(self, reference: int, predicted: int) -> NDArray[np.intp]:
        """List the tiles of one cell of the matrix."""
        return np.flatnonzero((self.reference_class == reference) & (self.predicted_class == predicted))


def tile_classes(
    grid: TileGrid, annotations: Sequence[Annotation], classes: Sequence[str], *, least_share: float = 0.5
) -> NDArray[np.int8]:
    """Find the class that covers most of each tile.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    annotations : sequence of Annotation
        Regions in level-0 pixels.
    classes : sequence of str
        The classes; derived ones belong to theirs.
    least_share : float
        Share of the tile that it must cover, and more than any other class.

    Returns
    -------
    ndarray of int8, (n_tiles,)
        Position in ``classes``; `MISSING` where there is none, or where two cover the same share.
    """
    areas = [annotation for annotation in annotations if annotation.has_area]
    cut = [a.geometry for a in areas if is_cut_out(a.class_name, classes)]
    shares = np.zeros((len(classes), len(grid)))
    for k, name in enumerate(classes):
        regions = [a.geometry for a in areas if is_class(a.class_name, [name])]
        shares[k] = merged_fraction(grid, without(merge_regions(regions), merge_regions(cut)))
    if not len(classes):
        return np.full(len(grid), MISSING, np.int8)
    best = shares.argmax(axis=0)
    greatest = shares.max(axis=0, initial=0)
    is_clear = (greatest >= least_share) & ((shares == greatest).sum(axis=0) == 1)
    return np.where(is_clear, best, MISSING).astype(np.int8)


def tabulate_classes(
    scores: SlideScores, annotations: Sequence[Annotation], config: ComparisonConfig
) -> ClassTable | None:
    """Compare the classes that a head sees with those that were drawn.

    Parameters
    ----------
    scores : SlideScores
        The slide's scores; the head is the first with a single-tile map of two or more of the outputs named.
    annotations : sequence of Annotation
        Regions in level-0 pixels.
    config : ComparisonConfig
        ``class_of_output`` says which output stands for which class; several may stand for one.

    Returns
    -------
    ClassTable or None
        None where fewer than two classes are named that one head sees.
    """
    found = class_maps(scores, dict(config.class_of_output))
    if found is None:
        return None
    head, per_class = found
    classes = tuple(per_class)
    values = np.stack(list(per_class.values()))
    is_finite = np.isfinite(values).all(axis=0)
    predicted = np.where(is_finite, np.where(is_finite, values, 0).argmax(axis=0), MISSING).astype(np.int8)
    reference = tile_classes(scores.grid, annotations, classes, least_share=config.least_share)
    counts = (reference >= 0) & (predicted >= 0)
    matrix = confusion_matrix(reference, predicted, len(classes))
    kappa, accuracy, balanced = _summary(reference[counts], predicted[counts], counts, scores.grid, config)
    return ClassTable(
        head=head,
        classes=classes,
        matrix=matrix,
        kappa=kappa,
        kappa_weights=config.kappa_weights,
        accuracy=accuracy,
        balanced_accuracy=balanced,
        per_class=tuple(
            _class_result(name, k, matrix, values[k, counts], reference[counts])
            for k, name in enumerate(classes)
        ),
        reference_class=reference,
        predicted_class=predicted,
    )


def class_maps(
    scores: SlideScores, class_of: dict[str, str]
) -> tuple[str, dict[str, NDArray[np.float64]]] | None:
    """Find a head and, for each class that it sees, the greatest of its single-tile maps."""
    for head in dict.fromkeys(tile_map.head for tile_map in scores.maps):
        per_class: dict[str, NDArray[np.float64]] = {}
        for tile_map in scores.maps:
            if tile_map.head != head or tile_map.kind != "single_tile" or tile_map.output not in class_of:
                continue
            name = class_of[tile_map.output]
            values = tile_map.values.astype(np.float64)
            per_class[name] = np.maximum(per_class[name], values) if name in per_class else values
        if len(per_class) >= 2:
            return head, per_class
    return None


def _summary(
    reference: NDArray[np.int8],
    predicted: NDArray[np.int8],
    counts: NDArray[np.bool_],
    grid: TileGrid,
    config: ComparisonConfig,
) -> tuple[Estimate, Estimate, Estimate]:
    """Kappa, accuracy and balanced accuracy with intervals."""
    n_classes = int(max(reference.max(initial=0), predicted.max(initial=0))) + 1
    draws = draw_blocks(
        grid, counts, block_um=config.block_um, n_resamples=config.n_resamples, seed=config.seed
    )
    cell = np.eye(n_classes**2)[reference.astype(np.intp) * n_classes + predicted]
    matrix = cell.sum(axis=0).reshape(n_classes, n_classes)
    drawn = draws.sums(cell) if len(draws.times) else np.empty((0, n_classes**2))
    drawn = drawn.reshape(-1, n_classes, n_classes)
    weights, why = config.kappa_weights, draws.reason
    return (
        with_interval(
            kappa_of(matrix, weights=weights),
            kappas_of(drawn, weights=weights),
            reason=why or "all tiles are of one class",
        ),
        with_interval(
            float(_accuracy(matrix[None])[0]), _accuracy(drawn), reason=why or "no tile has a class"
        ),
        with_interval(
            float(_balanced(matrix[None])[0]), _balanced(drawn), reason=why or "no tile has a class"
        ),
    )


def _accuracy(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.trace(matrices, axis1=1, axis2=2) / matrices.sum(axis=(1, 2)))


def _balanced(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    n = matrices.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = np.diagonal(matrices, axis1=1, axis2=2) / n
        return np.asarray(np.where(n > 0, recall, 0).sum(axis=1) / (n > 0).sum(axis=1))


def _class_result(
    name: str, k: int, matrix: NDArray[np.int64], values: NDArray[np.float64], reference: NDArray[np.int8]
) -> ClassResult:
    n, n_seen, n_right = int(matrix[k].sum()), int(matrix[:, k].sum()), int(matrix[k, k])
    is_member = reference == k
    has_both = 0 < n < len(reference)
    return ClassResult(
        name=name,
        n_tiles=n,
        sensitivity=n_right / n if n else NAN,
        ppv=n_right / n_seen if n_seen else NAN,
        average_precision=average_precision(values, is_member) if has_both else NAN,
        prevalence=n / len(reference) if len(reference) else NAN,
        auroc=auroc(values, is_member),
    )
