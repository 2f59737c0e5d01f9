"""Put the values of one slide on a common scale: percentile or z-score within the slide.

Both depend on the slide alone, so that they say which tiles stand out on it, and nothing of how one
slide compares with another: for that, use the raw values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_histcode.heatmap.heatmap import Normalisation


def normalise(values: ArrayLike, normalisation: Normalisation) -> NDArray[np.float64]:
    """Normalise the values of one slide.

    Parameters
    ----------
    values : array_like, (n_tiles,)
        Raw values; those that are not finite count as missing.
    normalisation : {"raw", "percentile", "z"}
        See `percentile_ranks` and `z_scores`; "raw" gives the values themselves.

    Returns
    -------
    ndarray of float64, (n_tiles,)
        In the same order. Never decreasing in the raw value.

    Raises
    ------
    ValueError
        If there is no such normalisation.
    """
    if normalisation == "raw":
        return np.asarray(values, dtype=np.float64)
    if normalisation == "percentile":
        return percentile_ranks(values)
    if normalisation == "z":
        return z_scores(values)
    raise ValueError(f"There is no normalisation {normalisation!r}: choose raw, percentile or z.")


def percentile_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Rank the values of a slide from 0 to 100.

    A value's percentile is the share of values below it plus half the share of those equal to it
    (itself included), that is ``100 * (average rank - 1/2) / n``. So ties share one percentile, the mean
    is 50 whatever the values, and a lone or constant value stands at 50.

    Parameters
    ----------
    values : array_like, (n_tiles,)
        Raw values.

    Returns
    -------
    ndarray of float64, (n_tiles,)
        Above 0 and below 100; NaN where the value is not finite.
    """
    raw = np.asarray(values, dtype=np.float64)
    is_value = np.isfinite(raw)
    ranks = np.full(raw.shape, np.nan)
    _, inverse, counts = np.unique(raw[is_value], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    ranks[is_value] = 100 * middle[inverse] / max(is_value.sum(), 1)
    return ranks


def z_scores(values: ArrayLike) -> NDArray[np.float64]:
    """Express values in standard deviations from the slide's mean.

    The standard deviation is that of the population, since the tiles are all there are. A constant
    map has none, and becomes 0 everywhere.

    Parameters
    ----------
    values : array_like, (n_tiles,)
        Raw values.

    Returns
    -------
    ndarray of float64, (n_tiles,)
        Mean 0 and standard deviation 1; NaN where the value is not finite.
    """
    raw = np.asarray(values, dtype=np.float64)
    is_value = np.isfinite(raw)
    scores = np.where(is_value, 0.0, np.nan)
    found = raw[is_value]
    if found.size and found.min() < found.max():
        largest = np.abs(found).max()  # squares of tiny or huge values would leave the range of floats
        scaled = found / largest
        spread = scaled.std()
        if spread > 0:
            scores[is_value] = (scaled - scaled.mean()) / spread
    return scores
