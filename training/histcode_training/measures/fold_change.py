"""Whether genes with a higher fold change are predicted better: the paper's claim as a curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from histcode_training.measures.genes import ArmGenes
from napari_histcode.comparison.association import spearman
from napari_histcode.statistics.estimate import Estimate, with_interval

FEWEST_GENES = 5
"""With fewer genes there is no curve."""


@dataclass(frozen=True, kw_only=True)
class FoldChangeCurve:
    """Correlation of each gene over the size of its fold change."""

    genes: tuple[str, ...]
    """Genes with both."""
    size: tuple[float, ...]
    """|log2 fold change| of each."""
    pearson: tuple[float, ...]
    """Correlation of prediction and measurement of each."""
    spearman: Estimate
    """Rank correlation of both; interval from drawing genes."""


def fold_change_curve(
    arm: ArmGenes, fold_changes: Mapping[str, float], *, n_resamples: int, seed: int
) -> FoldChangeCurve | None:
    """Set each gene's correlation beside its fold change.

    Parameters
    ----------
    arm : ArmGenes
        Measured genes.
    fold_changes : mapping
        Log2 fold change of each gene.
    n_resamples, seed : int
        Of the bootstrap over genes.

    Returns
    -------
    FoldChangeCurve or None
        None with fewer than `FEWEST_GENES` genes.
    """
    points = [
        (row.gene, abs(fold_changes[row.gene]), row.pearson.value)
        for row in arm.rows
        if row.gene in fold_changes and np.isfinite([fold_changes[row.gene], row.pearson.value]).all()
    ]
    if len(points) < FEWEST_GENES:
        return None
    genes, size, r = zip(*points, strict=True)
    x, y = np.array(size), np.array(r)
    random = np.random.default_rng(seed)
    draws = []
    for _ in range(n_resamples):
        chosen = random.integers(0, len(x), len(x))
        draws.append(spearman(x[chosen], y[chosen]))
    return FoldChangeCurve(
        genes=genes, size=size, pearson=r, spearman=with_interval(spearman(x, y), np.array(draws))
    )
