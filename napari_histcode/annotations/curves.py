"""Shapes that files describe by a few numbers, as closed outlines."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

TOLERANCE_PX = 0.05
"""Largest distance between a curve and the polygon that stands for it."""

_FEWEST, _MOST = 32, 720
_PER_SPAN = 16


@np.errstate(invalid="ignore", over="ignore")  # what is not finite is refused with the coordinates
def ellipse(
    centre: tuple[float, float], radii: tuple[float, float], *, rotation: float = 0.0
) -> NDArray[np.float64]:
    """Outline of an ellipse.

    Parameters
    ----------
    centre : tuple of float
        x and y.
    radii : tuple of float
        Half axes along x and y before the rotation.
    rotation : float
        Radians from the x axis towards the y axis.

    Returns
    -------
    ndarray, (n, 2)
        Corners of an open ring; at most 0.05 px inside the curve, up to 5000 px of radius.
    """
    largest = max(abs(radii[0]), abs(radii[1]), TOLERANCE_PX)
    half_step = math.acos(1 - TOLERANCE_PX / largest) if math.isfinite(largest) else math.inf
    n_corners = min(max(_FEWEST, round(math.pi / max(half_step, 1e-3))), _MOST)
    angle = np.linspace(0, 2 * np.pi, n_corners, endpoint=False)
    return _placed(np.stack([radii[0] * np.cos(angle), radii[1] * np.sin(angle)], axis=1), centre, rotation)


@np.errstate(invalid="ignore", over="ignore")
def rectangle(
    centre: tuple[float, float], size: tuple[float, float], *, rotation: float = 0.0
) -> NDArray[np.float64]:
    """Corners (4, 2) of a rectangle: its centre, width and height, and radians from x towards y."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]) * size
    return _placed(corners, centre, rotation)


def _placed(xy: NDArray[np.float64], centre: tuple[float, float], rotation: float) -> NDArray[np.float64]:
    cosine, sine = math.cos(rotation), math.sin(rotation)
    turned: NDArray[np.float64] = xy @ np.array([(cosine, sine), (-sine, cosine)]) + np.asarray(centre)
    return turned


def closed_spline(points: ArrayLike) -> NDArray[np.float64]:
    """Outline of a closed smooth curve through points: a centripetal Catmull-Rom spline.

    Parameters
    ----------
    points : array_like, (n, 2)
        Points on the curve in order.

    Returns
    -------
    ndarray, (16 n, 2)
        Corners of an open ring, every 16th of them a given point; fewer than three points come back as
        they are.

    References
    ----------
    Barry and Goldman, A recursive evaluation algorithm for a class of Catmull-Rom splines, SIGGRAPH 1988.
    """
    p1 = np.asarray(points, dtype=np.float64)
    is_new = np.any(p1 != np.roll(p1, 1, axis=0), axis=1)
    if is_new.sum() < 3:
        return p1
    p1 = p1[is_new]
    p0, p2, p3 = np.roll(p1, 1, axis=0), np.roll(p1, -1, axis=0), np.roll(p1, -2, axis=0)
    t1 = _knot(p0, p1)  # (n, 1), and t0 = 0
    t2 = t1 + _knot(p1, p2)
    t3 = t2 + _knot(p2, p3)
    share = np.arange(_PER_SPAN) / _PER_SPAN
    t = t1[..., None] + share[:, None] * (t2 - t1)[..., None]  # (n, 16, 1)
    t1, t2, t3 = t1[..., None], t2[..., None], t3[..., None]
    p0, p1, p2, p3 = (p[:, None] for p in (p0, p1, p2, p3))
    a1 = (t1 - t) / t1 * p0 + t / t1 * p1
    a2 = (t2 - t) / (t2 - t1) * p1 + (t - t1) / (t2 - t1) * p2
    a3 = (t3 - t) / (t3 - t2) * p2 + (t - t2) / (t3 - t2) * p3
    b1 = (t2 - t) / t2 * a1 + t / t2 * a2
    b2 = (t3 - t) / (t3 - t1) * a2 + (t - t1) / (t3 - t1) * a3
    curve: NDArray[np.float64] = ((t2 - t) / (t2 - t1) * b1 + (t - t1) / (t2 - t1) * b2).reshape(-1, 2)
    return curve


def _knot(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centripetal distance: the square root of the chord, (n, 1)."""
    distance: NDArray[np.float64] = np.sqrt(np.linalg.norm(end - start, axis=1, keepdims=True))
    return distance
