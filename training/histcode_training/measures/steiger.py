r"""Whether one of two predictions of the same quantity correlates better with it (Steiger 1980, eq. 14).

With correlations :math:`r_{12}, r_{13}` of the quantity with both predictions and :math:`r_{23}` between
these, :math:`\bar r = (r_{12} + r_{13}) / 2` and Fisher's z,

.. math::
    \psi = r_{23} (1 - 2 \bar r^2) - \tfrac12 \bar r^2 (1 - 2 \bar r^2 - r_{23}^2), \quad
    \bar s = \psi / (1 - \bar r^2)^2, \quad
    Z = (z_{12} - z_{13}) \sqrt{\frac{n - 3}{2 - 2 \bar s}}.

Folds are combined by the mean of the differences of z, weighted by n - 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from napari_histcode.comparison.association import pearson

FEWEST = 4
"""With fewer values z has no variance."""


@dataclass(frozen=True, kw_only=True)
class SteigerTest:
    """Two correlations with one quantity, compared."""

    difference: float
    """z of the first less z of the second; NaN where one is not defined."""
    statistic: float
    """Standard normal where both correlate equally well."""
    p: float
    """Two-sided."""


def steiger_test(r12: float, r13: float, r23: float, n: int) -> SteigerTest:
    """Compare two correlations that share a variable.

    Parameters
    ----------
    r12, r13 : float
        Correlations of the shared variable with either prediction.
    r23 : float
        Correlation of the predictions with each other.
    n : int
        Values.
    """
    return combine_steiger([_part(r12, r13, r23, n)])


def compare_predictions(
    parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> SteigerTest:
    """Compare two predictions over several folds.

    Parameters
    ----------
    parts : sequence of (measured, first, second)
        Each (n,); a fold in which a correlation is not defined does not count.
    """
    found = []
    for measured, first, second in parts:
        r12, r13, r23 = pearson(measured, first), pearson(measured, second), pearson(first, second)
        found.append(_part(r12, r13, r23, len(measured)))
    return combine_steiger(found)


def combine_steiger(parts: Sequence[tuple[float, float, int]]) -> SteigerTest:
    """Combine differences of z with their variances and numbers of values."""
    usable = [(d, v, n) for d, v, n in parts if n >= FEWEST and np.isfinite([d, v]).all()]
    if not usable:
        return SteigerTest(difference=np.nan, statistic=np.nan, p=np.nan)
    difference, variance, n = (np.array(column, np.float64) for column in zip(*usable, strict=True))
    weight = (n - 3) / (n - 3).sum()
    mean = float(weight @ difference)
    spread = float(np.sqrt(weight**2 @ variance))
    if spread == 0:  # both predictions are the same
        return SteigerTest(difference=mean, statistic=0.0, p=1.0)
    z = mean / spread
    return SteigerTest(difference=mean, statistic=z, p=float(2 * norm.sf(abs(z))))


def _part(r12: float, r13: float, r23: float, n: int) -> tuple[float, float, int]:
    if n < FEWEST or not np.isfinite([r12, r13, r23]).all() or max(abs(r12), abs(r13)) >= 1:
        return np.nan, np.nan, n
    mean = (r12 + r13) / 2
    psi = r23 * (1 - 2 * mean**2) - 0.5 * mean**2 * (1 - 2 * mean**2 - r23**2)
    s = min(psi / (1 - mean**2) ** 2, 1.0)
    return float(np.arctanh(r12) - np.arctanh(r13)), (2 - 2 * s) / (n - 3), n
