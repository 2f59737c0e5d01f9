"""Targets beside published fold changes: whether they point the same way, and by as much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.errors import ExpressionError
from histcode_training.targets.fold_change import GeneTargets
from napari_histcode.comparison.association import pearson, spearman
from napari_histcode.statistics.estimate import Estimate, with_interval

FEWEST_GENES = 3


@dataclass(frozen=True, kw_only=True)
class TargetCheck:
    """Median targets of genes beside published fold changes."""

    n_genes: int
    """Genes in both."""
    pearson: Estimate
    """Linear correlation."""
    spearman: Estimate
    """Rank correlation."""
    sign_agreement: Estimate
    """Share of genes that change in the same direction."""
    mean_difference: Estimate
    """Ours less the published one."""
    without_partner: tuple[str, ...]
    """Genes of ours that were not published."""


def check_targets(
    targets: GeneTargets, published: Mapping[str, float], *, n_resamples: int = 1000, seed: int = 0
) -> TargetCheck:
    """Compare the median over samples of each gene with its published log2 fold change.

    Parameters
    ----------
    targets : GeneTargets
        On the log2 scale.
    published : mapping
        Log2 fold change of each gene.
    n_resamples, seed : int
        Of the bootstrap over genes and, within each draw, over patients.

    Raises
    ------
    ExpressionError
        If the scale is another one, or fewer than three genes are in both.
    """
    if targets.scale != "log2":
        raise ExpressionError(
            "Published fold changes are log2.", advice="Build the targets with --scale log2."
        )
    shared = [k for k, gene in enumerate(targets.genes) if gene in published]
    if len(shared) < FEWEST_GENES:
        raise ExpressionError(f"{len(shared)} genes were published; at least {FEWEST_GENES} are needed.")
    values = targets.values[:, shared]
    theirs = np.array([published[targets.genes[k]] for k in shared])
    statistics = _statistics(np.nanmedian(values, axis=0), theirs)
    random = np.random.default_rng(seed)
    draws = []
    for _ in range(n_resamples):
        patients = random.integers(0, len(values), len(values))
        genes = random.integers(0, len(shared), len(shared))
        draws.append(_statistics(np.nanmedian(values[np.ix_(patients, genes)], axis=0), theirs[genes]))
    drawn = np.array(draws).reshape(-1, len(statistics))
    r, rho, sign, difference = (
        with_interval(float(value), drawn[:, k]) for k, value in enumerate(statistics)
    )
    return TargetCheck(
        n_genes=len(shared),
        pearson=r,
        spearman=rho,
        sign_agreement=sign,
        mean_difference=difference,
        without_partner=tuple(gene for gene in targets.genes if gene not in published),
    )


def _statistics(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(ours) & np.isfinite(theirs)
    x, y = ours[known], theirs[known]
    agrees = np.sign(x) == np.sign(y)
    return np.array([pearson(x, y), spearman(x, y), agrees.mean(), (x - y).mean()])
