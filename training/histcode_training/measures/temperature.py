"""Temperature scaling: one number, fitted on validation, that makes probabilities mean what they say.

Logits are divided by a temperature T > 0 that minimises the logistic loss (Guo et al., ICML 2017). It changes
no ranking; T > 1 tones down a head that is too sure of itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, log_softmax, softmax

from histcode_training.mil.config import Task

RANGE = (0.05, 20.0)
"""Temperatures that are tried."""


def fit_temperature(logits: NDArray[np.floating], targets: NDArray[np.floating], task: Task) -> float:
    """Fit the temperature.

    Parameters
    ----------
    logits : ndarray, (n, n_outputs)
        Of validation slides.
    targets : ndarray, (n, n_outputs)
        1 and 0; NaN where nobody knows.
    task : Task
        Of classes.

    Returns
    -------
    float
        Within `RANGE`; 1 where nothing is known.
    """
    if not np.isfinite(targets).any():
        return 1.0
    found = minimize_scalar(
        lambda log_t: log_loss(np.asarray(logits, np.float64) / np.exp(log_t), targets, task),
        bounds=tuple(np.log(RANGE)),
        method="bounded",
    )
    return float(np.exp(found.x))


def probabilities(logits: NDArray[np.floating], task: Task, temperature: float = 1.0) -> NDArray[np.float64]:
    """Turn logits (..., n_outputs) into probabilities."""
    scaled = np.asarray(logits, np.float64) / temperature
    return np.asarray(softmax(scaled, axis=-1) if task == "multi_class" else expit(scaled))


def log_loss(logits: NDArray[np.floating], targets: NDArray[np.floating], task: Task) -> float:
    """Mean negative log-likelihood of what is known."""
    if task == "multi_class":
        known = np.isfinite(targets).all(axis=1)
        return float(-log_softmax(logits[known], axis=1)[targets[known] == 1].mean())
    known = np.isfinite(targets)
    is_positive = targets[known] == 1
    signed = np.where(is_positive, logits[known], -logits[known])
    return float(-log_expit(signed).mean())
