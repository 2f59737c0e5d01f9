"""Label tiles by how much of their area a pathologist's regions cover."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from shapely import STRtree, area, box, intersection, union_all
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import Annotation
from napari_histcode.tiling.grid import TileGrid


class TileLabel(IntEnum):
    """What the reference says of a tile."""

    OUTSIDE = -2
    """Not inside any annotated region: nobody looked."""
    BORDER = -1
    """Partly covered: neither one nor the other."""
    NEGATIVE = 0
    """Annotated as something else."""
    POSITIVE = 1
    """Annotated as the class in question."""


def covered_fraction(grid: TileGrid, regions: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """Share of each tile's area that the union of regions covers, (n_tiles,) 0 to 1."""
    xy, (width, height) = grid.xy_px0, grid.size_px0
    tiles = box(xy[:, 0], xy[:, 1], xy[:, 0] + width, xy[:, 1] + height)
    covered = np.zeros(len(grid))
    if not regions:
        return covered
    union = union_all(list(regions))
    parts = list(getattr(union, "geoms", [union]))
    tile_positions, part_positions = STRtree(parts).query(tiles, predicate="intersects")
    pieces = area(intersection(tiles[tile_positions], np.asarray(parts, dtype=object)[part_positions]))
    np.add.at(covered, tile_positions, pieces)
    return np.clip(covered / (width * height), 0, 1)


def label_tiles(
    grid: TileGrid,
    annotations: Sequence[Annotation],
    positive: Sequence[str],
    *,
    least_share: float = 0.5,
    is_exhaustive: bool = False,
) -> NDArray[np.int8]:
    """Label tiles as positive, negative, border or outside.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    annotations : sequence of Annotation
        Regions in level-0 pixels.
    positive : sequence of str
        Classes that count as positive.
    least_share : float
        Share of a tile's area from which on it is positive.
    is_exhaustive : bool
        Whether everything that is not annotated is known to be negative. Otherwise only tiles
        that regions of other classes cover by ``least_share`` are negative.

    Returns
    -------
    ndarray of int8, (n_tiles,)
        Values of `TileLabel`.
    """
    inside = covered_fraction(grid, [a.geometry for a in annotations if a.class_name in positive])
    other = covered_fraction(grid, [a.geometry for a in annotations if a.class_name not in positive])
    is_negative = np.full(len(grid), fill_value=True) if is_exhaustive else other >= least_share
    labels = np.full(len(grid), TileLabel.OUTSIDE, dtype=np.int8)
    labels[(inside == 0) & is_negative] = TileLabel.NEGATIVE
    labels[inside > 0] = TileLabel.BORDER
    labels[inside >= least_share] = TileLabel.POSITIVE
    return labels
