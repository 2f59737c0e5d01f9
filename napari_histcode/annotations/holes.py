"""Regions that files list apart and that are holes of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry import Polygon

from napari_histcode.annotations.draft import Draft
from napari_histcode.annotations.geometry import GeometryError, pairs

LEAST_SHARE = 0.5
"""Share of a hole's corners that have to lie in a region for the hole to be one of it."""


class Shells:
    """Regions among which the one around a hole is looked for.

    Parameters
    ----------
    drafts : sequence of Draft
        Regions of shape "Polygon".
    """

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self._drafts = drafts
        self._polygons = [_polygon(draft.coordinates) for draft in drafts]
        self._tree = shapely.STRtree(self._polygons)

    def around(self, ring: Any, *, is_nearest: bool = False, before: int | None = None) -> Draft | None:
        """Return the region that a hole belongs to.

        Parameters
        ----------
        ring : nested list
            Corners of the hole.
        is_nearest : bool
            Prefer the region that comes last, else the smallest.
        before : int, optional
            Look only among so many first regions.

        Returns
        -------
        Draft or None
            None if most of the hole lies in no region.
        """
        try:
            xy = pairs(ring)
        except (GeometryError, TypeError):
            return None
        found = self._tree.query(shapely.box(*xy.min(axis=0), *xy.max(axis=0)))
        around: list[int] = [
            position
            for position in found.tolist()
            if (before is None or position < before)
            and np.mean(shapely.intersects_xy(self._polygons[position], xy[:, 0], xy[:, 1])) >= LEAST_SHARE
        ]
        if not around:
            return None
        best = max(around) if is_nearest else min(around, key=lambda p: self._polygons[p].area)
        return self._drafts[best]


def _polygon(coordinates: Any) -> Polygon:
    try:
        return Polygon(pairs(coordinates[0]))
    except (GeometryError, ValueError, TypeError):
        return Polygon()
