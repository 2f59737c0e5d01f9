"""Which points somebody drew a line around."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely import Polygon, intersects_xy, make_valid, prepare


def tiles_in_polygon(points: ArrayLike, polygon: ArrayLike) -> NDArray[np.intp]:
    """Find the points inside a polygon or on its outline.

    Parameters
    ----------
    points : array_like, (n_tiles, 2)
        Such as those of a `Projection`.
    polygon : array_like, (m, 2)
        Corners in order, in the same plane; the last one need not repeat the first. A line that crosses
        itself encloses its loops.

    Returns
    -------
    ndarray of int
        Positions of the points, ascending; none for fewer than three corners.
    """
    xy = np.asarray(points, np.float64).reshape(-1, 2)
    corners = np.asarray(polygon, np.float64).reshape(-1, 2)
    if len(corners) < 3:
        return np.empty(0, np.intp)
    drawn = make_valid(Polygon(corners))
    prepare(drawn)
    return np.flatnonzero(intersects_xy(drawn, xy[:, 0], xy[:, 1]))
