"""All points of a plane as a picture: every tile is drawn, and fifty thousand are as quick as a hundred.

matplotlib takes 0.3 s to draw 50,000 markers, and the plane is drawn anew with every colour
and every lasso. Here a point is a dot of a few pixels, set by indexing; the picture is then one image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.plugin.ask.explore_colours import Colours

Limits = tuple[float, float, float, float]
"""Left, right, bottom and top of the plane that is shown."""

MARGIN = 0.04
"""Empty share of the plane beyond the outermost points."""

FADED = 70
"""Opacity, of 255, of points that are not selected while others are."""


def limits_of(points: NDArray[np.float32]) -> Limits:
    """Choose what of the plane is shown: all points (n, 2), with a margin."""
    low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
    reach = np.where(high > low, high - low, 1.0)
    low, high = low - MARGIN * reach, high + MARGIN * reach
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def dot_px(n_points: int) -> int:
    """Choose the size of a dot: few points are to be seen, many not to hide each other."""
    return 5 if n_points < 2_000 else 3 if n_points < 20_000 else 2


def paint_points(
    points: NDArray[np.float32],
    colours: Colours,
    limits: Limits,
    size_px: tuple[int, int],
    *,
    is_selected: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Paint points as dots.

    Parameters
    ----------
    points : ndarray, (n, 2)
        x to the right, y upwards.
    colours : ndarray of uint8, (n, 3)
        Their colours.
    limits : tuple of float
        What of the plane the picture shows.
    size_px : tuple of int
        Width and height of the picture.
    is_selected : ndarray of bool, (n,), optional
        Points that stand out: the others are faint and below them.

    Returns
    -------
    ndarray of uint8, (height, width, 4)
        Top row first; transparent where there is no point. Points that lie on one another are drawn in an
        order that has nothing to do with the slide, so that no part of it hides another.
    """
    width, height = size_px
    left, right, bottom, top = limits
    x = (points[:, 0] - left) / (right - left) * (width - 1)
    y = (top - points[:, 1]) / (top - bottom) * (height - 1)
    column, row = np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
    order = np.random.default_rng(0).permutation(len(points))
    picture = np.zeros((height, width, 4), np.uint8)
    passes = [(order, 255)]
    if is_selected is not None and is_selected.any():
        is_top = is_selected[order]
        passes = [(order[~is_top], FADED), (order[is_top], 255)]
    for chosen, opacity in passes:
        inks = np.column_stack([colours[chosen], np.full(len(chosen), opacity, np.uint8)])
        for dx, dy in _dot(dot_px(len(points))):
            rows = np.clip(row[chosen] + dy, 0, height - 1)
            columns = np.clip(column[chosen] + dx, 0, width - 1)
            picture[rows, columns] = inks  # of equal places the last counts
    return picture


def _dot(size: int) -> list[tuple[int, int]]:
    """List the pixels of a dot, as steps from its middle, the middle last; large ones have round corners."""
    steps = range(-((size - 1) // 2), size // 2 + 1)
    dot = [(dx, dy) for dx in steps for dy in steps if size <= 3 or abs(dx) + abs(dy) < 2 * (size // 2)]
    return sorted(dot, key=lambda step: -abs(step[0]) - abs(step[1]))


def nearest_point(points: NDArray[np.float32], xy: tuple[float, float], limits: Limits) -> int:
    """Find the point that looks nearest to a place of the plane."""
    left, right, bottom, top = limits
    scale = np.array([right - left, top - bottom])
    distance = np.square((points - np.asarray(xy)) / scale).sum(axis=1)
    return int(np.argmin(distance))
