"""A map at one threshold beside the regions: cheap enough for a slider."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.comparison import MapComparison
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.overlap import NAMES, area_dice, overlap_rates, taken_tiles
from napari_histcode.comparison.reference import TileReference
from napari_histcode.comparison.thresholds import Threshold
from napari_histcode.comparison.tile_agreement import TileAgreement, agree
from napari_histcode.plugin.compare.state import Cut
from napari_histcode.scores.scores import TileMap

_TABLE = (
    TileAgreement.TRUE_POSITIVE,
    TileAgreement.FALSE_POSITIVE,
    TileAgreement.FALSE_NEGATIVE,
    TileAgreement.TRUE_NEGATIVE,
)
"""In the order of `overlap_rates`."""


def values_of(tile_map: TileMap) -> NDArray[np.float64]:
    """(n_tiles,) values as the comparison takes them: NaN where there is none."""
    values = tile_map.values.astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def make_cut(
    name: str,
    values: NDArray[np.float64],
    threshold: Threshold,
    reference: TileReference,
    lattice: TileLattice,
    *,
    is_own: bool = False,
) -> Cut:
    """Compare a map at a threshold with the regions.

    Parameters
    ----------
    name : str
        Name of the map.
    values : ndarray, (n_tiles,)
        From `values_of`.
    threshold : Threshold
        The cut.
    reference : TileReference
        The regions as seen by the tiles.
    lattice : TileLattice
        Cells of the tiles.
    is_own : bool
        Whether the user set it with the slide in sight.

    Returns
    -------
    Cut
        The numbers that `napari_histcode.comparison.overlap` gives at this threshold.
    """
    agreement = agree(values, threshold.value, reference)
    numbers = np.bincount(agreement, minlength=len(TileAgreement))
    counts = {kind: int(numbers[kind]) for kind in TileAgreement}
    table = np.array([counts[kind] for kind in _TABLE])
    n, taken = int(table.sum()), int(table[:2].sum())
    is_cut = bool(np.isfinite(threshold.value))
    return Cut(
        map=name,
        threshold=threshold,
        is_own=is_own,
        agreement=agreement,
        counts=counts,
        rates=dict(zip(NAMES, overlap_rates(table).tolist(), strict=True)),
        area_dice=area_dice(taken_tiles(values, threshold), reference, lattice) if is_cut else float("nan"),
        cell_mm2=lattice.cell_mm2,
        taken_share=taken / n if n else float("nan"),
    )


def thresholds_of(compared: MapComparison) -> tuple[Threshold, ...]:
    """Thresholds that rules give for a map; those that a rule does not give are left out."""
    found = (overlap.threshold for overlap in compared.overlaps)
    return tuple(threshold for threshold in found if np.isfinite(threshold.value))


def first_threshold(compared: MapComparison) -> Threshold:
    """Return the threshold to begin with: the fixed one, or Otsu's where none is fixed."""
    return compared.shown_threshold


def own_threshold(value: float) -> Threshold:
    """Take the user's own cut."""
    return Threshold(rule="fixed", value=value)


def share_below(ordered: NDArray[np.float64], value: float) -> float:
    """Share of the ordered values below a threshold, 0 to 1: where a slider stands."""
    return float(np.searchsorted(ordered, value, side="left") / max(len(ordered) - 1, 1))


def threshold_at(ordered: NDArray[np.float64], share: float) -> float:
    """Return the value that this share of the ordered values lies below."""
    place = round(share * (len(ordered) - 1))
    return float(ordered[min(max(place, 0), len(ordered) - 1)])
