"""Whether tile probabilities mean what they say: Brier score, calibration error, reliability plot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.reasons import EMPTY
from napari_histcode.comparison.resampling import BlockDraws
from napari_histcode.scores.scores import SlideScores, TileMap
from napari_histcode.statistics.estimate import NAN, Estimate, undefined, with_interval


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Tiles whose probability lies in one range."""

    low: float
    """Lower end of the range, included."""
    high: float
    """Upper end, included in the last bin alone."""
    n_tiles: int
    """Tiles in it."""
    mean_probability: float
    """What the model says of them on average; NaN if there are none."""
    positive_share: float
    """What the reference says of them; NaN if there are none."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Probabilities beside the reference."""

    brier: Estimate
    """Mean squared difference of probability and reference: 0 best."""
    ece: Estimate
    """Expected calibration error: mean over tiles of |positive share - mean probability| of their bin; 0 is
    best."""
    bins: tuple[ReliabilityBin, ...]
    """Bins of equal width from 0 to 1."""


def calibrate(
    probabilities: NDArray[np.floating],
    is_positive: NDArray[np.bool_],
    draws: BlockDraws,
    *,
    n_bins: int = 10,
) -> Calibration:
    """Compare probabilities with the reference.

    Parameters
    ----------
    probabilities : ndarray, (n,)
        From 0 to 1.
    is_positive : ndarray of bool, (n,)
        The reference.
    draws : BlockDraws
        Bootstrap over the same tiles.
    n_bins : int
        Bins of equal width.
    """
    p = np.asarray(probabilities, np.float64)
    edges = np.linspace(0, 1, n_bins + 1)
    if not len(p):
        return Calibration(brier=undefined(EMPTY), ece=undefined(EMPTY), bins=())
    place = np.minimum(np.searchsorted(edges, p, side="right") - 1, n_bins - 1)
    member = np.eye(n_bins)[place]
    squared = np.square(p - is_positive)
    table = np.concatenate(
        [member, member * p[:, None], member * is_positive[:, None], squared[:, None]], axis=1
    )
    sums = table.sum(axis=0)
    brier, ece = _errors(sums, n_bins)
    drawn = draws.sums(table) if len(draws.times) else np.empty((0, table.shape[1]))
    brier_draws, ece_draws = _errors(drawn, n_bins)
    n, total, positive = sums[:n_bins], sums[n_bins : 2 * n_bins], sums[2 * n_bins : 3 * n_bins]
    bins = tuple(
        ReliabilityBin(
            low=float(edges[k]),
            high=float(edges[k + 1]),
            n_tiles=int(n[k]),
            mean_probability=float(total[k] / n[k]) if n[k] else NAN,
            positive_share=float(positive[k] / n[k]) if n[k] else NAN,
        )
        for k in range(n_bins)
    )
    return Calibration(
        brier=with_interval(float(brier), brier_draws, reason=draws.reason),
        ece=with_interval(float(ece), ece_draws, reason=draws.reason),
        bins=bins,
    )


def tile_probabilities(scores: SlideScores, tile_map: TileMap) -> NDArray[np.float64] | None:
    """Turn a map into probabilities a tile, where it is one of probabilities or of log-odds of a single tile.

    The head's own activation is found by what turns its raw slide outputs into its predictions: a sigmoid for
    each class, or a softmax over all of them.

    Returns
    -------
    ndarray of float64, (n_tiles,) or None
        None where the map says nothing about probability, as attention does.
    """
    values = tile_map.values.astype(np.float64)
    if tile_map.quantity == "probability":
        return values if np.nanmin(values, initial=0) >= 0 and np.nanmax(values, initial=1) <= 1 else None
    own = [p for p in scores.predictions if p.head == tile_map.head and p.quantity == "probability"]
    if tile_map.kind != "single_tile" or tile_map.output not in [p.output for p in own]:
        return None
    raw = np.array([p.raw for p in own])
    predicted = np.array([p.value for p in own])
    if np.allclose(_sigmoid(raw), predicted, atol=1e-4):
        return _sigmoid(values)
    maps = [scores.map(f"{tile_map.head}.{p.output}.single_tile") for p in own]
    if np.allclose(_softmax(raw[None])[0], predicted, atol=1e-4):
        logits = np.stack([m.values for m in maps], axis=1).astype(np.float64)
        return np.asarray(_softmax(logits)[:, [p.output for p in own].index(tile_map.output)])
    return None


def _errors(sums: NDArray[np.float64], n_bins: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Brier score and calibration error from sums (..., 3 * n_bins + 1)."""
    n, total, positive = (sums[..., k * n_bins : (k + 1) * n_bins] for k in range(3))
    all_tiles = n.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums[..., -1] / all_tiles, np.abs(positive - total).sum(axis=-1) / all_tiles


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    return np.asarray(expit(x))


def _softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import softmax

    return np.asarray(softmax(x, axis=1))
