"""What the plane and the clusters say of themselves: pure functions."""

from __future__ import annotations

import numpy as np

from napari_histcode.exploration.clusters import Cluster
from napari_histcode.exploration.project import Projection
from napari_histcode.plugin.ask.exclusions import tile_mm2
from napari_histcode.plugin.ask.explore_state import Selection
from napari_histcode.plugin.ask.tiles import counted
from napari_histcode.tiling.grid import TileGrid

NO_UMAP = 'UMAP needs an extra: pip install "napari-histcode[explore]"'
HOW_TO = "Draw a line around points to see their tiles; click a point to fly to its tile."
N_SHOWN = 20
"""Tiles of a selection that are shown in the gallery."""


def about_plane(projection: Projection) -> str:
    """Say what the plane shows of the features, and what it does not."""
    if projection.explained is None:
        return "Points that lie together look alike. Distances between groups and the axes mean nothing."
    share = sum(projection.explained)
    return f"The two axes show {share:.0%} of the variance: points that lie together may still differ."


def about_selection(selection: Selection, grid: TileGrid) -> str:
    """Say how much was chosen, and what the gallery shows of it."""
    n = len(selection.tiles)
    if not n:
        return "No point lies inside the line."
    area = n * tile_mm2(grid)
    some = f"; {N_SHOWN} of them, evenly spaced over the slide" if n > N_SHOWN else ""
    return f"{counted(n, 'tile')} ({area:.2f} mm²) chosen{some}"


def shown_tiles(selection: Selection) -> tuple[int, ...]:
    """Choose the tiles of a selection that the gallery shows: evenly spaced in the order of the grid."""
    tiles = selection.tiles
    if len(tiles) > N_SHOWN:
        tiles = tiles[np.round(np.linspace(0, len(tiles) - 1, N_SHOWN)).astype(np.intp)]
    return tuple(tiles.tolist())


def cluster_text(cluster: Cluster) -> str:
    """Say how large a cluster is."""
    return f"{cluster.number} · {cluster.area_mm2:.2f} mm² · {cluster.share:.0%}"


def cluster_tooltip(cluster: Cluster) -> str:
    """Say more of it."""
    return (
        f"Cluster {cluster.number}: {counted(cluster.n_tiles, 'tile')}, {cluster.area_mm2:.3f} mm², "
        f"{cluster.share:.1%} of the tiles. The picture is its most typical tile; click to fly there."
    )
