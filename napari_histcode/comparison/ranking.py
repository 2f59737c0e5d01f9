"""How well a map ranks a pathologist's tiles above the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from napari_histcode.comparison.reasons import why_no_ranking
from napari_histcode.comparison.resampling import BlockDraws, draw_blocks
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.comparison.weighted_ranking import (
    RankingDraws,
    SortedScores,
    ranking_draws,
    ranking_statistics,
    sort_scores,
)
from napari_histcode.statistics.estimate import NAN, Estimate, undefined, with_interval
from napari_histcode.tiling.grid import TileGrid

MAX_FPR = 0.1
"""False-positive rate up to which the partial AUROC goes by default."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """An estimate with its 95 % interval."""

    value: float
    """The estimate on all tiles; NaN where there is nothing to estimate."""
    low: float
    """Lower end."""
    high: float
    """Upper end."""
    n_positive: int
    """Positive tiles."""
    n_negative: int
    """Negative tiles."""

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """How well a map ranks positive tiles above negative ones."""

    auroc: Estimate
    """Chance that a positive tile scores higher than a negative one, ties counting half."""
    average_precision: Estimate
    """Mean precision over the positive tiles, from the highest score down."""
    prevalence: float
    """Share of positive tiles: the average precision of a random map."""
    partial_auroc: Estimate
    """Area under the ROC curve at low false-positive rates, standardised (McClish): 0.5 chance, 1 best."""
    n_positive: int
    """Positive tiles with a value."""
    n_negative: int
    """Negative tiles with a value."""

    @property
    def is_inverted(self) -> bool:
        """Whether the map ranks the wrong way round: AUROC below 1/2."""
        return self.auroc.value < 0.5


def auroc(scores: NDArray[np.floating], is_positive: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic, by the rank-sum formula; ties count half.

    Parameters
    ----------
    scores : ndarray, (n,)
        Higher should mean positive.
    is_positive : ndarray of bool, (n,)
        The reference.

    Returns
    -------
    float
        0 to 1; NaN if one of the classes is empty.
    """
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if not n_positive or not n_negative:
        return NAN
    rank_sum = rankdata(scores)[is_positive].sum()
    return float((rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def average_precision(scores: NDArray[np.floating], is_positive: NDArray[np.bool_]) -> float:
    """Mean precision over the positive tiles from the highest score down; NaN if a class is empty.

    Tiles of one score are taken together. A random map gives the share of positive tiles.
    """
    return float(_all_statistics(scores, is_positive, MAX_FPR).average_precision[0])


def partial_auroc(
    scores: NDArray[np.floating], is_positive: NDArray[np.bool_], *, max_fpr: float = MAX_FPR
) -> float:
    """Standardised area under the ROC curve up to a false-positive rate; NaN if a class is empty.

    With the raw area A up to ``m = max_fpr``, it is ``(1 + (A - m**2 / 2) / (m - m**2 / 2)) / 2``: 0.5 for a
    random map, 1 for a perfect one.
    """
    return float(_all_statistics(scores, is_positive, max_fpr).partial_auroc[0])


def rank_tiles(
    scores: NDArray[np.floating],
    is_positive: NDArray[np.bool_],
    draws: BlockDraws,
    *,
    max_fpr: float = MAX_FPR,
) -> Ranking:
    """Compute all ranking statistics with intervals.

    Parameters
    ----------
    scores : ndarray, (n,)
        The map on the tiles that count; finite.
    is_positive : ndarray of bool, (n,)
        The reference on them.
    draws : BlockDraws
        Bootstrap over the same tiles.
    max_fpr : float
        False-positive rate up to which the partial area goes.
    """
    ranking, _ = rank_tiles_with_draws(scores, is_positive, draws, max_fpr=max_fpr)
    return ranking


def rank_tiles_with_draws(
    scores: NDArray[np.floating],
    is_positive: NDArray[np.bool_],
    draws: BlockDraws,
    *,
    max_fpr: float = MAX_FPR,
) -> tuple[Ranking, RankingDraws]:
    """Compute what `rank_tiles` does, and give the draws as well, for differences between maps."""
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    reason = why_no_ranking(n_positive, n_negative)
    if reason:
        none = undefined(reason)
        empty = np.full(len(draws.times), np.nan)
        return Ranking(
            auroc=none,
            average_precision=none,
            prevalence=n_positive / len(scores) if len(scores) else NAN,
            partial_auroc=none,
            n_positive=n_positive,
            n_negative=n_negative,
        ), RankingDraws(auroc=empty, average_precision=empty, partial_auroc=empty)
    ordered = sort_scores(scores)
    value = _statistics(ordered, is_positive, max_fpr)
    drawn = ranking_draws(
        draws.weights(ordered.order), is_positive[ordered.order], ordered.ends, max_fpr=max_fpr
    )
    why = draws.reason
    return Ranking(
        auroc=with_interval(float(value.auroc[0]), drawn.auroc, reason=why),
        average_precision=with_interval(
            float(value.average_precision[0]), drawn.average_precision, reason=why
        ),
        prevalence=n_positive / len(scores),
        partial_auroc=with_interval(float(value.partial_auroc[0]), drawn.partial_auroc, reason=why),
        n_positive=n_positive,
        n_negative=n_negative,
    ), drawn


def auroc_with_interval(
    scores: NDArray[np.floating],
    labels: NDArray[np.int8],
    grid: TileGrid,
    *,
    block_um: float = 1000.0,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """AUROC of a map with an interval that respects that neighbouring tiles look alike.

    Square blocks of tiles are drawn with replacement (spatial block bootstrap), since drawing
    tiles one by one would count the same piece of tissue many times.

    Parameters
    ----------
    scores : ndarray, (n_tiles,)
        The map.
    labels : ndarray of int8, (n_tiles,)
        From `label_tiles`; border and outside tiles do not count.
    grid : TileGrid
        The tiles.
    block_um : float
        Width of a block in micrometres.
    n_resamples : int
        Number of draws.
    seed : int
        Seed of the draws.
    """
    counts = labels >= TileLabel.NEGATIVE
    draws = draw_blocks(grid, counts, block_um=block_um, n_resamples=n_resamples, seed=seed)
    ranking = rank_tiles(scores[counts], labels[counts] == TileLabel.POSITIVE, draws)
    return Interval(
        value=ranking.auroc.value,
        low=ranking.auroc.low,
        high=ranking.auroc.high,
        n_positive=ranking.n_positive,
        n_negative=ranking.n_negative,
    )


def _all_statistics(
    scores: NDArray[np.floating], is_positive: NDArray[np.bool_], max_fpr: float
) -> RankingDraws:
    if not len(scores):
        nan = np.full(1, np.nan)
        return RankingDraws(auroc=nan, average_precision=nan, partial_auroc=nan)
    return _statistics(sort_scores(scores), is_positive, max_fpr)


def _statistics(ordered: SortedScores, is_positive: NDArray[np.bool_], max_fpr: float) -> RankingDraws:
    positive = is_positive[ordered.order][None].astype(np.float64)
    return ranking_statistics(positive, 1 - positive, ordered.ends, max_fpr=max_fpr)
