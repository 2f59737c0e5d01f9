"""Colours of the points of a plane: by a map, by cluster, by class of regions. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations.annotation import Rgb
from napari_histcode.heatmap.colour import colour_table
from napari_histcode.heatmap.heatmap import Heatmap
from napari_histcode.tiling.grid import TileGrid

Colours = NDArray[np.uint8]
"""(n_tiles, 3) red, green, blue."""

CLUSTER_COLOURS: tuple[Rgb, ...] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
    (136, 0, 255),
    (102, 34, 0),
    (85, 51, 85),
    (187, 238, 153),
    (34, 34, 153),
)
"""Okabe and Ito's seven, then five that lie farthest from them and from each other in CIELAB, as eyes without
any one of the three cones see them too: no two are closer than 16 (a test says so)."""

NOTHING: Rgb = (128, 128, 128)
"""Of points that have no value or class."""


def colours_of_map(heatmap: Heatmap, grid: TileGrid, colormap: str) -> Colours:
    """Give each tile the colour that it has on the slide.

    Parameters
    ----------
    heatmap : Heatmap
        As it is drawn, with its limits.
    grid : TileGrid
        The tiles.
    colormap : str
        Name of the colour scale.
    """
    column, row = (grid.index - grid.index.min(axis=0)).T
    values = heatmap.raster[row, column]
    table = np.round(255 * colour_table(colormap)[:, :3]).astype(np.uint8)
    low, high = heatmap.limits
    share = np.clip((np.nan_to_num(values) - low) / (high - low), 0, 1)
    colours = table[np.round(share * (len(table) - 1)).astype(np.intp)]
    colours[~np.isfinite(values)] = NOTHING
    return np.asarray(colours)


def colours_of_classes(labels: NDArray[np.integer], palette: Sequence[Rgb]) -> Colours:
    """Colour tiles by the number of their class, from 1; 0 is none."""
    return np.asarray(np.array((NOTHING, *palette), np.uint8)[labels])
