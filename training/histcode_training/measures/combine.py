r"""Combine correlations of several folds or cohorts by Fisher's z.

:math:`z = \operatorname{artanh} r` is nearly normal with variance :math:`1 / (n - 3)`; the combined
correlation is :math:`\tanh` of the (weighted) mean of z (Fisher 1921).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST = 1 - 1e-12
"""A correlation of 1 has no finite z; it counts as this much."""


def combine_correlations(
    r: NDArray[np.floating], weights: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """Combine correlations along the first axis.

    Parameters
    ----------
    r : ndarray, (n_parts, ...)
        Correlations, one a fold or cohort; NaN where one is not defined, which then does not count.
    weights : ndarray, (n_parts,), optional
        Weights, such as n - 3; equal ones by default.

    Returns
    -------
    ndarray
        (...,) combined correlations; NaN where none is defined.
    """
    r = np.asarray(r, np.float64)
    known = np.isfinite(r)
    z = np.arctanh(np.clip(np.where(known, r, 0), -MOST, MOST))
    weight = np.ones(len(r)) if weights is None else np.asarray(weights, np.float64)
    weight = np.where(known, weight.reshape(-1, *[1] * (r.ndim - 1)), 0)
    total = weight.sum(axis=0)
    mean = np.divide((weight * z).sum(axis=0), total, out=np.full(r.shape[1:], np.nan), where=total > 0)
    return np.asarray(np.tanh(mean))
