"""How well quantities are predicted, gene by gene, without self-deception.

Correlations are taken within each fold and cancer type and combined by Fisher's z: pooled, the differences
in level between folds would pass for agreement. A gene counts as predicted by SEQUOIA's rule (Pizurica et
al., Nature Communications 2024): r > 0 with p < .05, r and error better than the untrained twin's, Steiger's
test of both correlations with p < .05, and a false discovery rate below .2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histcode_training.measures.corrections import benjamini_hochberg, holm_sidak
from histcode_training.measures.gene_parts import (
    GenePart,
    PatientDraws,
    SeedCorrelations,
    combine_parts,
    correlate,
    gene_parts,
    patient_draws,
    root_mean_square,
)
from histcode_training.measures.predictions import FoldPredictions, Predictions
from histcode_training.measures.steiger import FEWEST, compare_predictions
from napari_histcode.comparison.association import pearson
from napari_histcode.statistics.estimate import Estimate, with_interval
from napari_histcode.statistics.patients import TOO_FEW_PATIENTS

Floats = NDArray[np.float64]

ROUNDING = 1e-9
"""A permutation this little below the observed correlation counts as equal."""

LEVEL, DISCOVERY_RATE = 0.05, 0.2
"""Of SEQUOIA's rule."""
NO_FOLD = f"no fold has {FEWEST} slides with different values"


@dataclass(frozen=True, kw_only=True)
class GeneConfig:
    """How predictions are measured."""

    n_resamples: int = 1000
    """Draws of the bootstrap over patients."""
    n_permutations: int = 999
    """Permutations of the patients' values within folds."""
    seed: int = 0
    """Seed of both."""


@dataclass(frozen=True, kw_only=True)
class GeneRow:
    """One gene by one arm."""

    gene: str
    """Its symbol."""
    n_slides: int
    """Slides with a measured value."""
    pearson: Estimate
    """Combined over folds, mean over seeds; interval over patients."""
    spearman: Estimate
    """The same."""
    rmse: Estimate
    """Root of the mean squared error over all slides, mean over seeds."""
    p: float
    """Share of permutations that correlate at least as well."""
    q: float
    """Adjusted over the genes (Benjamini and Hochberg)."""
    p_holm_sidak: float
    """Adjusted over the genes (Holm and Sidak)."""
    twin_pearson: float
    """Of the untrained twin; NaN where there is none."""
    twin_rmse: float
    """The same."""
    steiger_p: float
    """Two-sided p of both correlations being equal, on the mean over seeds."""

    @property
    def is_predicted(self) -> bool:
        """Whether SEQUOIA's rule holds; never without an untrained twin."""
        return bool(
            self.pearson.value > 0
            and self.p < LEVEL
            and self.q < DISCOVERY_RATE
            and self.pearson.value > self.twin_pearson
            and self.rmse.value < self.twin_rmse
            and self.steiger_p < LEVEL
        )


@dataclass(frozen=True, kw_only=True)
class ArmGenes:
    """All genes by one arm."""

    arm: str
    """The arm."""
    rows: tuple[GeneRow, ...]
    """One a gene."""
    mean_pearson: Estimate
    """Mean over genes; interval over patients."""
    mean_spearman: Estimate
    """The same."""
    seed_low: float
    """Least mean over genes that one seed gives."""
    seed_high: float
    """Greatest."""

    @property
    def n_predicted(self) -> int:
        """Genes that count as predicted."""
        return sum(row.is_predicted for row in self.rows)


def measure_genes(
    predictions: Predictions, *, twin: str = "untrained twin", config: GeneConfig | None = None
) -> tuple[ArmGenes, ...]:
    """Measure every gene by every arm.

    Parameters
    ----------
    predictions : Predictions
        Of a regression.
    twin : str
        Arm of the untrained twin; genes are not said to be predicted where there is none.
    config : GeneConfig, optional
        Bootstrap and permutations; the same draws serve all genes and arms.
    """
    config = config or GeneConfig()
    draws = patient_draws(
        predictions.test,
        n_resamples=config.n_resamples,
        n_permutations=config.n_permutations,
        seed=config.seed,
    )
    return tuple(_measure_arm(predictions, arm, twin, draws) for arm in predictions.arms)


def _measure_arm(predictions: Predictions, arm: str, twin: str, draws: PatientDraws) -> ArmGenes:
    measured = [
        _measure_gene(gene, k, predictions.test, arm, twin, draws)
        for k, gene in enumerate(predictions.outputs)
    ]
    rows = [row for row, _ in measured]
    p = np.array([row.p for row in rows])
    adjusted = zip(rows, benjamini_hochberg(p), holm_sidak(p), strict=True)
    found = [seeds for _, seeds in measured if seeds]
    of_seeds = _mean_over(np.array([[seed.pearson for seed in seeds] for seeds in found]))
    return ArmGenes(
        arm=arm,
        rows=tuple(replace(row, q=float(q), p_holm_sidak=float(holm)) for row, q, holm in adjusted),
        mean_pearson=_mean_estimate(
            [row.pearson.value for row in rows], [_draws(seeds, "pearson_draws") for seeds in found]
        ),
        mean_spearman=_mean_estimate(
            [row.spearman.value for row in rows], [_draws(seeds, "spearman_draws") for seeds in found]
        ),
        seed_low=float(of_seeds.min()) if found else np.nan,
        seed_high=float(of_seeds.max()) if found else np.nan,
    )


def _measure_gene(
    gene: str, k: int, folds: Sequence[FoldPredictions], arm: str, twin: str, draws: PatientDraws
) -> tuple[GeneRow, list[SeedCorrelations]]:
    """Measure one gene; without a fold to correlate in there are no seeds."""
    parts = gene_parts(folds, k)
    n_seeds = min(len(fold.raw[arm]) for fold in folds) if parts else 0
    seeds = [
        correlate(parts, [p.fold.raw[arm][s, p.rows, k].astype(np.float64) for p in parts], draws)
        for s in range(n_seeds)
    ]
    reason = NO_FOLD if not seeds else "" if draws.has_times else TOO_FEW_PATIENTS
    r = float(np.mean([seed.pearson for seed in seeds])) if seeds else np.nan
    rho = float(np.mean([seed.spearman for seed in seeds])) if seeds else np.nan
    null = _draws(seeds, "null")
    null = null[np.isfinite(null)]
    is_tested = len(null) > 0 and bool(np.isfinite(r))
    twin_r, twin_rmse, steiger_p = _against_twin(folds, arm, twin, k, parts)
    row = GeneRow(
        gene=gene,
        n_slides=int(sum(np.isfinite(fold.targets[:, k]).sum() for fold in folds)),
        pearson=with_interval(r, _draws(seeds, "pearson_draws"), reason=reason),
        spearman=with_interval(rho, _draws(seeds, "spearman_draws"), reason=reason),
        rmse=root_mean_square(folds, [fold.raw[arm][:, :, k] for fold in folds], k, draws),
        p=(1 + int((null >= r - ROUNDING).sum())) / (1 + len(null)) if is_tested else np.nan,
        q=np.nan,
        p_holm_sidak=np.nan,
        twin_pearson=twin_r,
        twin_rmse=twin_rmse,
        steiger_p=steiger_p,
    )
    return row, seeds


def _draws(seeds: Sequence[SeedCorrelations], name: str) -> Floats:
    """Mean over seeds of their draws."""
    return np.asarray(np.mean([getattr(seed, name) for seed in seeds], axis=0)) if seeds else np.empty(0)


def _mean_over(values: Floats) -> Floats:
    """Mean along the first axis of what is defined; NaN where nothing is."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.asarray(np.divide(total, n, out=np.full(np.shape(total), np.nan), where=n > 0))


def _mean_estimate(values: Sequence[float], draws: Sequence[Floats]) -> Estimate:
    usable = [one for one in draws if len(one)]
    drawn = _mean_over(np.stack(usable)) if usable else np.empty(0)
    return with_interval(float(_mean_over(np.array(values))), drawn, reason="" if usable else NO_FOLD)


def _against_twin(
    folds: Sequence[FoldPredictions], arm: str, twin: str, k: int, parts: Sequence[GenePart]
) -> tuple[float, float, float]:
    """Correlation and error of the twin, means over its seeds, and Steiger's p of the means over seeds."""
    if not parts or any(twin not in fold.raw for fold in folds):
        return np.nan, np.nan, np.nan
    n_seeds = min(len(fold.raw[twin]) for fold in folds)
    r = [
        combine_parts(parts, [pearson(p.fold.raw[twin][s, p.rows, k], p.measured) for p in parts])[0]
        for s in range(n_seeds)
    ]
    rmse = root_mean_square(folds, [fold.raw[twin][:, :, k] for fold in folds], k).value
    test = compare_predictions(
        [
            (
                p.measured,
                p.fold.raw[arm][:, p.rows, k].mean(axis=0, dtype=np.float64),
                p.fold.raw[twin][:, p.rows, k].mean(axis=0, dtype=np.float64),
            )
            for p in parts
        ]
    )
    return float(np.mean(r)), rmse, test.p
