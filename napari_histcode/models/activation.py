"""From a head's raw outputs to predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.models.card import Activation


def activate(outputs: NDArray[np.floating], activation: Activation) -> NDArray[np.float64]:
    """Turn raw outputs into predictions.

    Parameters
    ----------
    outputs : ndarray
        (..., n_outputs) before the activation.
    activation : {"sigmoid", "softmax", "identity"}
        As the head's record says.

    Returns
    -------
    ndarray
        (..., n_outputs) probabilities, or the outputs themselves.
    """
    raw = np.asarray(outputs, np.float64)
    if activation == "identity":
        return raw
    if activation == "sigmoid":
        return 0.5 * (1 + np.tanh(raw / 2))
    powers = np.exp(raw - raw.max(axis=-1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return shares
