r"""Multinomial logistic regression with an L2 penalty, for few samples of many features.

.. math::
    J(W, b) = \sum_i w_i \left[\log \sum_c e^{z_{ic}} - z_{i y_i}\right] + \frac{\lambda}{2} \|W\|_F^2,
    \qquad z_i = W x_i + b

with weights :math:`w_i` that sum to 1, each class having the same share: how many tiles somebody marked
says nothing of how frequent a class is. J is convex, and strictly so in W, so that there is one solution
and nothing random. It lies in the span of the samples: where they are much fewer than the features they are
rotated into it once, which leaves J as it is, and L-BFGS runs on as many numbers a class as there are
samples, scaled by the curvature along each.

Products of so few numbers are done by ``einsum``, which is as fast on one core as a linear algebra library,
and does not wait for threads: beside other work these made a fit fifty times slower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import minimize

Floats = NDArray[np.float64]

SMALLEST_DIRECTION = 1e-6
"""Directions with a smaller share of the largest one's length are noise of rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rotated:
    """Samples along orthonormal directions that hold all of them."""

    samples: Floats
    """(n, rank) the samples."""
    directions: Floats
    """(n_features, rank) orthonormal: samples @ directions.T are the original ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Weights and biases of a fit."""

    weights: Floats
    """(n_classes, rank), along the directions that the samples were given in."""
    bias: Floats
    """(n_classes,), summing to 0."""

    def logits(self, samples: Floats) -> Floats:
        """Return logits (n, n_classes) of samples (n, rank)."""
        return np.asarray(np.einsum("nr,cr->nc", samples, self.weights) + self.bias)


def rotate(samples: Floats) -> Rotated:
    """Find the span of samples (n, n_features) by their Gram matrix.

    Where they are more than half as many as the features that would cost more than it saves, and they stay as
    they are.
    """
    n, n_features = samples.shape
    if 2 * n > n_features:
        return Rotated(samples=samples, directions=np.eye(n_features))
    powers, vectors = eigh(np.einsum("ik,jk->ij", samples, samples))
    is_kept = powers > SMALLEST_DIRECTION**2 * max(float(powers[-1]), np.finfo(float).tiny)
    vectors, lengths = vectors[:, is_kept], np.sqrt(powers[is_kept])
    return Rotated(samples=vectors * lengths, directions=np.einsum("ik,ij->kj", samples, vectors / lengths))


def fit(
    samples: Floats,
    class_of: NDArray[np.intp],
    n_classes: int,
    strength: float,
    *,
    start: Solution | None = None,
) -> Solution:
    """Minimise J.

    Parameters
    ----------
    samples : ndarray, (n, rank)
        Samples, best rotated.
    class_of : ndarray of int, (n,)
        Class of each; every class occurs.
    n_classes : int
        Number of classes.
    strength : float
        Lambda, above 0.
    start : Solution, optional
        Where to begin, for speed.
    """
    n, rank = samples.shape
    weight = balanced_weights(class_of, n_classes)
    is_class = np.zeros((n, n_classes))
    is_class[np.arange(n), class_of] = 1
    # about the curvature along each direction; only the speed depends on it
    scale = 1 / np.sqrt(strength + 0.25 * np.einsum("n,nr,nr->r", weight, samples, samples))
    scale = np.append(scale, 2.0)
    extended = np.column_stack([samples, np.ones(n)]) * scale
    penalty = strength * np.append(scale[:-1] ** 2, 0.0)

    def objective(flat: Floats) -> tuple[float, Floats]:
        v = flat.reshape(n_classes, rank + 1)
        z = np.einsum("nr,cr->nc", extended, v)
        top = z.max(axis=1, keepdims=True)
        powers = np.exp(z - top)
        sums = powers.sum(axis=1, keepdims=True)
        loss = weight @ (np.log(sums[:, 0]) + top[:, 0] - z[np.arange(n), class_of])
        residual = (powers / sums - is_class) * weight[:, None]
        gradient = np.einsum("nc,nr->cr", residual, extended) + penalty * v
        return float(loss + 0.5 * np.sum(penalty * v**2)), gradient.ravel()

    first = np.zeros((n_classes, rank + 1))
    if start is not None:
        first = np.column_stack([start.weights, start.bias]) / scale
    options = {"maxiter": 1000, "maxcor": 20, "ftol": 1e-14, "gtol": 1e-8}
    found = minimize(objective, first.ravel(), jac=True, method="L-BFGS-B", options=options)
    v = found.x.reshape(n_classes, rank + 1) * scale
    return Solution(weights=v[:, :-1], bias=v[:, -1] - v[:, -1].mean())


def balanced_weights(class_of: NDArray[np.intp], n_classes: int) -> Floats:
    """Weight samples so that they sum to 1 and each class has the same share."""
    counts = np.bincount(class_of, minlength=n_classes)
    return np.asarray(1 / (n_classes * counts[class_of]))


def log_probabilities(logits: Floats) -> Floats:
    """Logarithm of the softmax over the last axis."""
    away = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(away - np.log(np.exp(away).sum(axis=-1, keepdims=True)))
