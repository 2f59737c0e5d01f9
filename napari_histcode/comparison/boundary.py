r"""Distances between the outline of a thresholded map and a pathologist's outline, in micrometres.

Both outlines are cut into short pieces. With :math:`d` the distance from the middle of a piece to the other
outline, the normalised surface distance is the share of both outlines' length with :math:`d` within a
tolerance (Nikolov et al., J Med Internet Res 2021;23:e26151), and HD95 is the greater of the two 95th
percentiles of :math:`d`, pieces weighted by their length. Distances are exact to half a piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import get_coordinates, get_parts, get_rings
from shapely.geometry.base import BaseGeometry

from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.reasons import NO_REGION
from napari_histcode.statistics.estimate import NAN

PIECES_A_TILE = 16
"""Pieces that a tile's edge is cut into, unless an outline is very long."""

MOST_PIECES = 100_000
"""Pieces of an outline; of a longer one each piece is longer."""


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """How far two outlines are from each other."""

    nsd: float
    """Normalised surface distance: share of both outlines within the tolerance of the other, 0 to 1."""
    hd95_um: float
    """95th percentile of the Hausdorff distance in micrometres."""
    tolerance_um: float
    """Tolerance in micrometres, at least half a tile."""
    piece_um: float
    """Length of the pieces in micrometres: distances are exact to half of it."""
    reason: str = ""
    """Why there are no distances."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outline:
    """An outline as pieces."""

    xy_um: NDArray[np.float64]
    """(n, 2) middles of the pieces, micrometres from the slide's corner."""
    length_um: NDArray[np.float64]
    """(n,) their lengths."""
    piece_um: float
    """Greatest length."""

    @cached_property
    def tree(self) -> cKDTree:
        """For the nearest piece."""
        return cKDTree(self.xy_um)


def outline_of_tiles(taken: NDArray[np.bool_], lattice: TileLattice) -> Outline:
    """Cut the outline of the taken cells into pieces: every cell edge with a taken cell on one side only.

    Parameters
    ----------
    taken : ndarray of bool, (n_tiles,)
        Tiles of the area.
    lattice : TileLattice
        Their cells.
    """
    width, height = lattice.cell_um
    padded = np.pad(lattice.raster(taken, fill=0), 1)
    row, column = np.nonzero(padded[1:, 1:-1] != padded[:-1, 1:-1])  # edges above cell (row, column)
    horizontal = np.stack([column, row, column + 1, row], axis=-1)
    row, column = np.nonzero(padded[1:-1, 1:] != padded[1:-1, :-1])  # edges left of it
    vertical = np.stack([column, row, column, row + 1], axis=-1)
    edges = np.concatenate([horizontal, vertical]).astype(np.float64)
    edges = edges * (width, height, width, height) + np.tile(lattice.origin_um, 2)
    return _cut(edges[:, :2], edges[:, 2:], _piece_length(lattice, edges))


def outline_of_regions(geometry: BaseGeometry, lattice: TileLattice) -> Outline:
    """Cut the rings of polygons, holes included, into pieces.

    Parameters
    ----------
    geometry : shapely geometry
        Polygons in level-0 pixels.
    lattice : TileLattice
        Gives the resolution and the length of the pieces.
    """
    rings = get_rings(get_parts(geometry))
    coordinates, ring = get_coordinates(rings, return_index=True)
    mpp = lattice.grid.mpp
    xy = coordinates * (mpp.x, mpp.y)
    is_segment = ring[1:] == ring[:-1]
    edges = np.concatenate([xy[:-1][is_segment], xy[1:][is_segment]], axis=1).reshape(-1, 4)
    return _cut(edges[:, :2], edges[:, 2:], _piece_length(lattice, edges))


def boundary_distances(first: Outline, second: Outline, *, tolerance_um: float) -> Boundary:
    """Compare two outlines.

    Parameters
    ----------
    first, second : Outline
        In any order: the result is symmetric.
    tolerance_um : float
        Distance up to which pieces count as agreeing.
    """
    piece = max(first.piece_um, second.piece_um)
    if not len(first.xy_um) or not len(second.xy_um):
        reason = "no tile is taken" if not len(first.xy_um) else NO_REGION
        return Boundary(nsd=NAN, hd95_um=NAN, tolerance_um=tolerance_um, piece_um=piece, reason=reason)
    there, _ = second.tree.query(first.xy_um)
    back, _ = first.tree.query(second.xy_um)
    within = (first.length_um * (there <= tolerance_um)).sum() + (
        second.length_um * (back <= tolerance_um)
    ).sum()
    return Boundary(
        nsd=float(within / (first.length_um.sum() + second.length_um.sum())),
        hd95_um=max(_percentile_95(there, first.length_um), _percentile_95(back, second.length_um)),
        tolerance_um=tolerance_um,
        piece_um=piece,
    )


def tolerance_of(lattice: TileLattice, wanted_um: float | None) -> float:
    """Return the tolerance in micrometres: what is wanted, or half a tile.

    Raises
    ------
    ValueError
        If less than half a tile is wanted: a tile cannot place an outline better than that.
    """
    half = lattice.grid.config.tile_um / 2
    if wanted_um is None:
        return half
    if wanted_um < half:
        raise ValueError(f"A tolerance of {wanted_um:g} um is below half a tile ({half:g} um).")
    return wanted_um


def _piece_length(lattice: TileLattice, edges: NDArray[np.float64]) -> float:
    length = float(np.hypot(edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]).sum())
    return max(min(lattice.cell_um) / PIECES_A_TILE, length / MOST_PIECES)


def _cut(start: NDArray[np.float64], stop: NDArray[np.float64], piece_um: float) -> Outline:
    length = np.hypot(*(stop - start).T)
    n_pieces = np.maximum(np.ceil(length / piece_um - 1e-9), 1).astype(np.intp)
    edge = np.repeat(np.arange(len(length)), n_pieces)
    first_piece = np.cumsum(n_pieces) - n_pieces
    place = (np.arange(len(edge)) - first_piece[edge] + 0.5) / n_pieces[edge]
    return Outline(
        xy_um=start[edge] + place[:, None] * (stop - start)[edge],
        length_um=(length / n_pieces)[edge],
        piece_um=piece_um,
    )


def _percentile_95(distance: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    order = np.argsort(distance)
    cumulative = np.cumsum(weight[order])
    return float(distance[order][np.searchsorted(cumulative, 0.95 * cumulative[-1])])
