"""Whether a map's highest tiles are the pathologist's, and how much of its mass lies there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from napari_histcode.comparison.config import Stream, random_for
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.reasons import EMPTY, NO_POSITIVE
from napari_histcode.comparison.reference import TileReference
from napari_histcode.comparison.resampling import BlockDraws
from napari_histcode.statistics.estimate import NAN, Estimate, undefined, with_interval

TOP_SHARE = 0.01
"""Share of tiles whose precision is always given: one per cent."""


@dataclass(frozen=True, kw_only=True)
class PointingGame:
    """Whether the highest tile is a positive one."""

    is_hit: float
    """1 if the highest tile is positive, else 0; NaN where there is nothing to point at."""
    is_near_hit: float
    """The same with a tolerance of one tile in every direction."""
    tile: int | None
    """The highest tile; ties are broken at random."""
    n_tied: int
    """Tiles that share the highest value."""
    reason: str = ""
    """Why there is no answer."""


@dataclass(frozen=True, kw_only=True)
class TopPrecision:
    """Share of positive tiles among the highest ones."""

    k: int
    """Tiles taken."""
    share: float | None
    """Share of all tiles they are, where that was asked for."""
    precision: float
    """Positive ones among them, 0 to 1; NaN with fewer than k tiles."""
    reason: str = ""
    """Why there is no number."""

    @property
    def name(self) -> str:
        """How it is shown: "5", "1 %"."""
        return str(self.k) if self.share is None else f"{100 * self.share:g} %"


@dataclass(frozen=True, kw_only=True)
class AttentionMass:
    """How much of a non-negative map lies on positive tiles."""

    inside: Estimate
    """E: sum over positive tiles divided by the sum over all tiles that count, 0 to 1."""
    enrichment: Estimate
    """E divided by the share of positive tiles: 1 where the map does not care."""
    counted_share: float
    """Share of the whole slide's mass that lies on tiles that count."""


def play_pointing_game(
    values: NDArray[np.float64], reference: TileReference, lattice: TileLattice, *, seed: int
) -> PointingGame:
    """Ask whether the highest tile lies inside the annotation.

    Parameters
    ----------
    values : ndarray, (n_tiles,)
        The map.
    reference : TileReference
        The reference; tiles where nobody looked are not pointed at.
    lattice : TileLattice
        Neighbourhood of the tiles.
    seed : int
        Seed of the choice among equal values.
    """
    allowed = np.flatnonzero(reference.assessed & np.isfinite(values))
    is_positive = reference.is_positive
    reason = EMPTY if not len(allowed) else NO_POSITIVE if not is_positive.any() else ""
    if reason:
        return PointingGame(is_hit=NAN, is_near_hit=NAN, tile=None, n_tied=0, reason=reason)
    best = allowed[values[allowed] == values[allowed].max()]
    tile = int(random_for(seed, Stream.TIES).choice(best))
    near = binary_dilation(lattice.raster(is_positive, fill=0), structure=np.ones((3, 3)))
    return PointingGame(
        is_hit=float(is_positive[tile]),
        is_near_hit=float(near[lattice.row[tile], lattice.column[tile]]),
        tile=tile,
        n_tied=len(best),
    )


def top_precision(
    scores: NDArray[np.float64],
    is_positive: NDArray[np.bool_],
    *,
    counts: Sequence[int] = (1, 5, 10),
    share: float = TOP_SHARE,
    seed: int = 0,
) -> tuple[TopPrecision, ...]:
    """Compute the precision among the highest tiles.

    Parameters
    ----------
    scores : ndarray, (n,)
        The map on the tiles that count; finite.
    is_positive : ndarray of bool, (n,)
        The reference.
    counts : sequence of int
        Numbers of tiles to take.
    share : float
        Share of the tiles to take as well, at least one tile.
    seed : int
        Seed of the order among equal values.
    """
    order = np.lexsort((random_for(seed, Stream.TIES).random(len(scores)), -scores))
    falling = is_positive[order]
    wanted: list[tuple[int, float | None]] = [(k, None) for k in counts]
    wanted.append((max(1, round(share * len(scores))), share))
    results = []
    for k, of_all in wanted:
        is_enough = len(scores) >= k
        results.append(
            TopPrecision(
                k=k,
                share=of_all,
                precision=float(falling[:k].mean()) if is_enough else NAN,
                reason="" if is_enough else f"only {len(scores)} tiles count",
            )
        )
    return tuple(results)


def attention_mass(
    values: NDArray[np.float64], is_positive: NDArray[np.bool_], counts: NDArray[np.bool_], draws: BlockDraws
) -> AttentionMass:
    """Compute how much of a map's mass lies on positive tiles.

    Parameters
    ----------
    values : ndarray, (n_tiles,)
        Raw and non-negative, such as attention weights; never percentiles, whose sum says nothing.
    is_positive, counts : ndarray of bool, (n_tiles,)
        Positive tiles, and tiles that count.
    draws : BlockDraws
        Bootstrap over the tiles that count.

    Raises
    ------
    ValueError
        If a value is negative.
    """
    finite = np.where(np.isfinite(values), values, 0.0)
    if (finite < 0).any():
        raise ValueError("Mass is only defined for maps without negative values.")
    weights, positive = finite[counts], is_positive[counts]
    total = float(weights.sum())
    whole = float(finite.sum())
    share = total / whole if whole > 0 else NAN
    reason = EMPTY if not len(weights) else NO_POSITIVE if not positive.any() else ""
    if not reason and not total > 0:
        reason = "the map is zero on all tiles that count"
    if reason:
        return AttentionMass(inside=undefined(reason), enrichment=undefined(reason), counted_share=share)
    table = np.stack([weights * positive, weights, positive, np.ones(len(weights))], axis=-1)
    inside, enrichment = _mass(table.sum(axis=0))
    drawn = draws.sums(table) if len(draws.times) else np.empty((0, 4))
    inside_draws, enrichment_draws = _mass(drawn)
    return AttentionMass(
        inside=with_interval(float(inside), inside_draws, reason=draws.reason),
        enrichment=with_interval(float(enrichment), enrichment_draws, reason=draws.reason),
        counted_share=share,
    )


def _mass(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mass and enrichment from sums (..., 4): mass on positives, mass, positives, tiles."""
    on_positive, mass, n_positive, n = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = on_positive / mass
        return inside, inside * n / n_positive
