"""Put the sections together: correlate within each, then combine by Fisher's z.

Pooling the spots of several sections would count their differences in level as agreement. So every
correlation is taken within a section; their z-values are averaged, over the draws of the bootstrap and
over the shifts of the null alike, since sections are drawn and shifted independently of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.measures.combine import combine_correlations
from histcode_training.measures.corrections import benjamini_hochberg, holm_sidak
from histcode_training.spatial.measure import MapMeasure
from napari_histcode.statistics.estimate import Estimate, with_interval

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OutputRow:
    """One output of one arm over the sections that have it."""

    name: str
    """The output."""
    n_sections: int
    """Sections in which it was chosen and measured."""
    pearson: Estimate
    """Combined over sections."""
    spearman: Estimate
    """The same."""
    rmse: float
    """Mean over the sections; NaN for maps in other units."""
    p: float
    """Share of shifts whose combined correlation is at least as great; NaN without shifts."""
    q: float
    """Adjusted over the outputs (Benjamini and Hochberg)."""
    p_holm_sidak: float
    """Adjusted over the outputs (Holm and Sidak)."""


@dataclass(frozen=True, kw_only=True)
class ArmRow:
    """One arm over all outputs of a kind."""

    arm: str
    """Name of the arm."""
    pearson: Estimate
    """Mean over the outputs of the combined correlations."""
    spearman: Estimate
    """The same."""
    seed_low: float
    """Least mean over the outputs that a seed gives."""
    seed_high: float
    """Greatest."""
    rmse_ratio: float
    """Mean over the outputs of the error beside that of the training mean; below 1 is better than it."""


def combine_outputs(measures: Sequence[MapMeasure]) -> tuple[OutputRow, ...]:
    """Combine one arm over sections, for every output that a section has.

    Parameters
    ----------
    measures : sequence of MapMeasure
        Of one arm, one a section; they need not have the same outputs.

    Returns
    -------
    tuple of OutputRow
        In the order in which outputs first appear.
    """
    rows = []
    for name in names_of(measures):
        found = [(one, one.names.index(name)) for one in measures if name in one.names]
        r = combine_correlations(np.array([[one.pearson[k]] for one, k in found]))[0]
        rho = combine_correlations(np.array([[one.spearman[k]] for one, k in found]))[0]
        null = _combined([one.null[:, k] for one, k in found])
        usable = null[np.isfinite(null)]
        p = (
            (1 + int((usable >= r - 1e-9).sum())) / (1 + len(usable))
            if len(usable) and np.isfinite(r)
            else np.nan
        )
        rows.append(
            OutputRow(
                name=name,
                n_sections=len(found),
                pearson=with_interval(float(r), _combined([one.pearson_draws[:, k] for one, k in found])),
                spearman=with_interval(float(rho), _combined([one.spearman_draws[:, k] for one, k in found])),
                rmse=float(np.mean([one.rmse[k] for one, k in found])),
                p=p,
                q=np.nan,
                p_holm_sidak=np.nan,
            )
        )
    chances = np.array([row.p for row in rows])
    return tuple(
        OutputRow(**{**row.__dict__, "q": float(q), "p_holm_sidak": float(h)})
        for row, q, h in zip(rows, benjamini_hochberg(chances), holm_sidak(chances), strict=True)
    )


def combine_arm(
    arm: str, measures: Sequence[MapMeasure], names: Sequence[str], baseline: Sequence[MapMeasure]
) -> ArmRow:
    """Average one arm over outputs.

    Parameters
    ----------
    arm : str
        Its name.
    measures : sequence of MapMeasure
        One a section.
    names : sequence of str
        Outputs to average over; one that no section has does not count.
    baseline : sequence of MapMeasure
        Of the training mean, for the ratio of errors.
    """
    r, rho, r_draws, rho_draws, seeds, ratios = [], [], [], [], [], []
    for name in names:
        found = [(one, one.names.index(name)) for one in measures if name in one.names]
        if not found:
            continue
        r.append(combine_correlations(np.array([[one.pearson[k]] for one, k in found]))[0])
        rho.append(combine_correlations(np.array([[one.spearman[k]] for one, k in found]))[0])
        r_draws.append(_combined([one.pearson_draws[:, k] for one, k in found]))
        rho_draws.append(_combined([one.spearman_draws[:, k] for one, k in found]))
        seeds.append(combine_correlations(np.array([one.seed_pearson[:, k] for one, k in found])))
        mean_of = {one.section: one.rmse[one.names.index(name)] for one in baseline if name in one.names}
        ratios.append(np.mean([one.rmse[k] / mean_of[one.section] for one, k in found]))
    reason = "the map is the same everywhere"
    of_seeds = np.mean(seeds, axis=0) if seeds else np.full(1, np.nan)
    return ArmRow(
        arm=arm,
        pearson=with_interval(_mean(r), np.mean(r_draws, axis=0), reason=reason),
        spearman=with_interval(_mean(rho), np.mean(rho_draws, axis=0), reason=reason),
        seed_low=float(of_seeds.min()),
        seed_high=float(of_seeds.max()),
        rmse_ratio=_mean(ratios),
    )


def names_of(measures: Sequence[MapMeasure]) -> tuple[str, ...]:
    """All outputs of some sections, in the order in which they first appear."""
    return tuple(dict.fromkeys(name for one in measures for name in one.names))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _combined(draws: Sequence[Floats]) -> Floats:
    """Combine draws of several sections, as many as all of them have."""
    n = min(len(one) for one in draws)
    return combine_correlations(np.stack([one[:n] for one in draws])) if n else np.empty(0)
