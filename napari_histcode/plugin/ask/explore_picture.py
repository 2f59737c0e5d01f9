"""All points of a plane as a picture: every tile is drawn, and fifty thousand are as quick as a hundred.

matplotlib takes a quarter of a second to draw 50,000 markers, and the plane is drawn anew with every colour
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
    opacity = np.full(len(points), 255, np.uint8)
    if is_selected is not None and is_selected.any():
        opacity[~is_selected] = FADED
        order = order[np.argsort(is_selected[order], kind="stable")]
    inks = np.concatenate([colours, opacity[:, None]], axis=1)[order]
    picture = np.zeros((height, width, 4), np.uint8)
    dot = dot_px(len(points))
    steps = np.arange(dot) - (dot - 1) // 2
    place = np.full((height, width), -1, np.intp)
    number = np.arange(len(points))
    for dy in steps:
        for dx in steps:
            if dot > 3 and abs(dx) + abs(dy) == 2 * (dot // 2):
                continue  # round corners
            rows, columns = np.clip(row[order] + dy, 0, height - 1), np.clip(column[order] + dx, 0, width - 1)
            np.maximum.at(place, (rows, columns), number)
    is_painted = place >= 0
    picture[is_painted] = inks[place[is_painted]]
    return picture


def nearest_point(points: NDArray[np.float32], xy: tuple[float, float], limits: Limits) -> int:
    """Find the point that looks nearest to a place of the plane."""
    left, right, bottom, top = limits
    scale = np.array([right - left, top - bottom])
    distance = np.square((points - np.asarray(xy)) / scale).sum(axis=1)
    return int(np.argmin(distance))
