"""Correlation of a map with a quantity that every tile has, such as the annotated share of its area.

Spearman's coefficient is Pearson's on ranks, ties sharing their mean rank. The partial one takes out what
both have in common with a third quantity, such as tissue density:
``(r_xy - r_xz r_yz) / sqrt((1 - r_xz^2) (1 - r_yz^2))``. In a bootstrap draw, tiles are ranked anew: a tile's
rank follows from the cumulative weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.resampling import CHUNK_VALUES, BlockDraws
from napari_histcode.statistics.estimate import NAN, Estimate, undefined, with_interval

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Association:
    """Correlation of a map with another quantity of the tiles."""

    spearman: Estimate
    """Rank correlation, -1 to 1."""
    partial_spearman: Estimate
    """The same with the third quantity taken out of both."""
    n: int
    """Tiles that take part."""


def pearson(x: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """Pearson's correlation; NaN with fewer than two values or where one is constant."""
    if len(x) < 2:
        return NAN
    weights = np.ones((1, len(x)))
    return float(_correlation(weights, np.asarray(x, np.float64)[None], np.asarray(y, np.float64)[None])[0])


def spearman(x: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """Spearman's rank correlation; NaN with fewer than two values or where one is constant."""
    return pearson(mean_ranks(x), mean_ranks(y))


def partial_spearman(x: NDArray[np.floating], y: NDArray[np.floating], z: NDArray[np.floating]) -> float:
    """Spearman's correlation of x and y with z taken out; the plain one where z is constant."""
    return float(
        _partial(*(np.atleast_1d(value) for value in (spearman(x, y), spearman(x, z), spearman(y, z))))[0]
    )


def mean_ranks(values: NDArray[np.floating]) -> Floats:
    """Ranks from 1, ties sharing their mean."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values), dtype=np.float64)


def associate(
    x: NDArray[np.floating], y: NDArray[np.floating], z: NDArray[np.floating], draws: BlockDraws | None
) -> Association:
    """Correlate two quantities, with intervals.

    Parameters
    ----------
    x, y : ndarray, (n,)
        Quantities of the tiles; finite.
    z : ndarray, (n,)
        The third quantity that the partial correlation takes out.
    draws : BlockDraws, optional
        Bootstrap over the same tiles; without it there are no intervals.
    """
    plain, partial = spearman(x, y), partial_spearman(x, y, z)
    if not np.isfinite(plain):
        reason = "fewer than two tiles" if len(x) < 2 else "one of both has the same value everywhere"
        return Association(spearman=undefined(reason), partial_spearman=undefined(reason), n=len(x))
    why_partial = "" if np.isfinite(partial) else "nothing is left when the third is taken out"
    if draws is None:
        return Association(
            spearman=Estimate(value=plain),
            partial_spearman=Estimate(value=partial, reason=why_partial),
            n=len(x),
        )
    plain_draws, partial_draws = _spearman_draws(x, y, z, draws)
    return Association(
        spearman=with_interval(plain, plain_draws, reason=draws.reason),
        partial_spearman=with_interval(partial, partial_draws, reason=why_partial or draws.reason),
        n=len(x),
    )


def correlation_draws(x: Floats, y: Floats, draws: BlockDraws) -> Floats:
    """Pearson's correlation of each draw, from sums over blocks: (n_resamples,)."""
    if not len(draws.times):
        return np.empty(0)
    x, y = x - x.mean(), y - y.mean()
    sums = draws.sums(np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1))
    n, sum_x, sum_y, sum_xx, sum_yy, sum_xy = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (sum_xx - sum_x**2 / n) * (sum_yy - sum_y**2 / n)
        return np.asarray((sum_xy - sum_x * sum_y / n) / np.sqrt(np.where(spread > 0, spread, np.nan)))


def spearman_draws(x: NDArray[np.floating], y: NDArray[np.floating], draws: BlockDraws) -> Floats:
    """Spearman's correlation of each draw, tiles ranked anew: (n_resamples,)."""
    return _spearman_draws(x, y, None, draws)[0]


def _spearman_draws(
    x: NDArray[np.floating], y: NDArray[np.floating], z: NDArray[np.floating] | None, draws: BlockDraws
) -> tuple[Floats, Floats]:
    groups = [_groups(values) for values in ([x, y] if z is None else [x, y, z])]
    step = max(1, CHUNK_VALUES // max(len(x), 1))
    plain, partial = [np.empty(0)], [np.empty(0)]
    for start in range(0, len(draws.times), step):
        weights = draws.times[start : start + step][:, draws.block_of].astype(np.float64)
        ranks = [_weighted_ranks(weights, *group) for group in groups]
        r_xy = _correlation(weights, ranks[0], ranks[1])
        plain.append(r_xy)
        if z is not None:
            r_xz, r_yz = (_correlation(weights, ranks[k], ranks[2]) for k in (0, 1))
            partial.append(_partial(r_xy, r_xz, r_yz))
    return np.concatenate(plain), np.concatenate(partial)


def _groups(values: NDArray[np.floating]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Group of equal values that each tile belongs to, rising, and the tiles in order of their groups."""
    _, group_of = np.unique(values, return_inverse=True)
    return np.ravel(group_of).astype(np.intp), np.argsort(np.ravel(group_of), kind="stable")


def _weighted_ranks(weights: Floats, group_of: NDArray[np.intp], order: NDArray[np.intp]) -> Floats:
    """Rank tiles (n_draws, n), about their middle, in draws that hold each ``weights`` (n_draws, n) times."""
    ends = np.flatnonzero(np.append(np.diff(group_of[order]) > 0, [True]))
    cumulative = np.cumsum(weights[:, order], axis=1)[:, ends]
    middle = cumulative - np.diff(cumulative, axis=1, prepend=0) / 2 - cumulative[:, -1:] / 2
    return np.asarray(middle[:, group_of])


def _correlation(weights: Floats, x: Floats, y: Floats) -> Floats:
    """Weighted Pearson correlation along each row (n_draws, n); NaN where one is constant."""
    n = weights.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = x - np.einsum("ij,ij->i", weights, x)[:, None] / n
        y = y - np.einsum("ij,ij->i", weights, y)[:, None] / n
        weighted = weights * x
        spread = np.einsum("ij,ij->i", weighted, x) * np.einsum("ij,ij,ij->i", weights, y, y)
        ratio = np.einsum("ij,ij->i", weighted, y) / np.sqrt(np.where(spread > 0, spread, np.nan))
    return np.asarray(np.clip(ratio, -1, 1))


def _partial(r_xy: Floats, r_xz: Floats, r_yz: Floats) -> Floats:
    r_xz, r_yz = np.nan_to_num(r_xz), np.nan_to_num(r_yz)  # a constant has nothing to take out
    left = (1 - r_xz**2) * (1 - r_yz**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (r_xy - r_xz * r_yz) / np.sqrt(np.where(left > 1e-12, left, np.nan))
    return np.asarray(np.clip(ratio, -1, 1))
