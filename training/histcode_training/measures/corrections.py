"""Adjust p-values for having tested many genes. NaN marks what was not tested, and does not count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def benjamini_hochberg(p: NDArray[np.floating]) -> Floats:
    """Control the share of false findings among all findings (Benjamini and Hochberg 1995).

    Parameters
    ----------
    p : ndarray, (n,)
        P-values.

    Returns
    -------
    ndarray of float64, (n,)
        ``min over j >= i of p_(j) n / j`` in the original order, at most 1.
    """

    def adjust(ordered: Floats) -> Floats:
        n = len(ordered)
        scaled = ordered * n / np.arange(1, n + 1)
        return np.minimum.accumulate(scaled[::-1])[::-1]

    return _adjusted(p, adjust)


def holm_sidak(p: NDArray[np.floating]) -> Floats:
    """Control the chance of any false finding, step by step (Holm 1979 with Sidak's exact bound).

    Returns
    -------
    ndarray of float64, (n,)
        ``max over j <= i of 1 - (1 - p_(j))^(n - j + 1)`` in the original order.
    """

    def adjust(ordered: Floats) -> Floats:
        powers = len(ordered) - np.arange(len(ordered))
        # log1p and expm1 keep small p-values from vanishing
        with np.errstate(divide="ignore"):
            return np.maximum.accumulate(-np.expm1(powers * np.log1p(-ordered)))

    return _adjusted(p, adjust)


def _adjusted(p: NDArray[np.floating], adjust: Callable[[Floats], Floats]) -> Floats:
    p = np.asarray(p, np.float64)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = np.full(len(p), np.nan)
    if len(order):
        adjusted[order] = np.minimum(adjust(np.asarray(p[order], np.float64)), 1)
    return adjusted
