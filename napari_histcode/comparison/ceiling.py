"""The best that any map on these tiles could reach: tiles are coarser than an outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_histcode.comparison.boundary import Boundary
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.overlap import area_dice
from napari_histcode.comparison.reference import TileReference
from napari_histcode.statistics.estimate import NAN


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """Upper bounds that the tile grid sets, by area against the polygons."""

    dice: float
    """Greatest Dice of any labelling of the tiles with the polygons; NaN without positive area."""
    cut_off: float
    """Least covered share of a tile in that labelling."""
    label_dice: float
    """Dice of the labels themselves: tiles from ``least_share`` on."""
    missed_share: float
    """Share of the polygons' area that lies on no tile somebody looked at, as on glass; lost to every map."""
    boundary: Boundary | None = None
    """Distances between the outlines of the labels and of the polygons."""


def dice_ceiling(
    reference: TileReference, lattice: TileLattice, *, boundary: Boundary | None = None
) -> Ceiling:
    """Find the best labelling of the tiles.

    For a given number of tiles the best choice is those that are covered most, so that trying all numbers
    finds the best labelling exactly.

    Parameters
    ----------
    reference : TileReference
        The reference.
    lattice : TileLattice
        Cells of the tiles.
    boundary : Boundary, optional
        Distances of the labels' outlines, which are measured apart.
    """
    total = reference.area_mm2
    if not total > 0:
        return Ceiling(dice=NAN, cut_off=NAN, label_dice=NAN, missed_share=NAN, boundary=boundary)
    shares = np.sort(reference.cell_fraction[reference.assessed])[::-1]
    covered = np.cumsum(shares) * lattice.cell_mm2
    dice = 2 * covered / (np.arange(1, len(shares) + 1) * lattice.cell_mm2 + total)
    best = int(np.argmax(dice)) if len(dice) else 0
    label_dice = area_dice(reference.is_positive, reference, lattice)
    return Ceiling(
        dice=max(float(dice[best]), label_dice) if len(dice) else 0.0,
        cut_off=float(shares[best]) if len(dice) else NAN,
        label_dice=label_dice,
        missed_share=max(0.0, 1 - float(covered[-1]) / total) if len(covered) else 1.0,
        boundary=boundary,
    )
