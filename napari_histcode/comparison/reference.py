"""What a pathologist's regions say of every tile: the reference that maps are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.classes_of import class_names, is_class, is_cut_out, is_looked_at
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.tiling.coverage import covered_areas, merge_regions, merged_fraction, without
from napari_histcode.tiling.grid import TileGrid

_SLIVER = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class TileReference:
    """One reader's regions, as seen by the tiles."""

    grid: TileGrid
    """The tiles."""
    positive: tuple[str, ...]
    """Classes that count as positive."""
    geometry: MultiPolygon
    """Union of the positive regions without what is ignored, in level-0 pixels."""
    fraction: NDArray[np.float64]
    """(n_tiles,) share of each tile's area that is positive, 0 to 1; of the part that is not ignored."""
    looked_at: NDArray[np.bool_]
    """(n_tiles,) whether somebody looked at the tile: under an exhaustive annotation every tile that is not
    ignored, else those that regions with a class cover by ``least_share``."""
    labels: NDArray[np.int8]
    """(n_tiles,) values of `TileLabel`."""
    cell_fraction: NDArray[np.float64]
    """(n_tiles,) positive share of each tile's cell; equals ``fraction`` where tiles do not overlap and
    nothing is ignored."""
    least_share: float
    """Share of a tile's area from which on it is positive."""
    is_exhaustive: bool
    """Whether unannotated tissue is negative."""
    n_regions: int
    """Positive regions."""
    class_names: tuple[str, ...]
    """Classes of all regions."""

    @property
    def counts(self) -> NDArray[np.bool_]:
        """(n_tiles,) tiles that are positive or negative."""
        return np.asarray(self.labels >= TileLabel.NEGATIVE)

    @property
    def is_positive(self) -> NDArray[np.bool_]:
        """(n_tiles,) positive tiles."""
        return np.asarray(self.labels == TileLabel.POSITIVE)

    @property
    def assessed(self) -> NDArray[np.bool_]:
        """(n_tiles,) positive, negative and border tiles."""
        return np.asarray(self.labels >= TileLabel.BORDER)

    def n_labelled(self, label: TileLabel) -> int:
        """Count the tiles with a label."""
        return int((self.labels == label).sum())

    @property
    def prevalence(self) -> float:
        """Share of positive tiles among those that count: the average precision of a random map."""
        n = int(self.counts.sum())
        return float(self.is_positive.sum() / n) if n else float("nan")

    @property
    def area_mm2(self) -> float:
        """Area of the positive regions in square millimetres, on tiles or not."""
        mpp = self.grid.mpp
        return float(self.geometry.area) * mpp.x * mpp.y / 1e6

    @property
    def statement(self) -> str:
        """How negative tiles were decided, in a sentence for every export."""
        if self.is_exhaustive:
            return "The annotation is exhaustive: tissue without a positive region counts as negative."
        return (
            "The annotation is not exhaustive: only tissue inside regions with a class counts, "
            "and unannotated tissue is left out."
        )


def make_reference(
    grid: TileGrid,
    annotations: Sequence[Annotation],
    positive: Sequence[str],
    *,
    least_share: float = 0.5,
    is_exhaustive: bool = False,
) -> TileReference:
    """Work out what regions say of every tile.

    Regions of an ignored class are cut out of everything: a tile's shares are those of the rest of its area,
    and a tile that is mostly ignored lies outside. Unclassified regions say nothing, unless they are asked
    for. Points and lines have no area and do not count.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    annotations : sequence of Annotation
        Regions in level-0 pixels.
    positive : sequence of str
        Classes that count as positive.
    least_share : float
        Share of a tile's area from which on it is positive, and from which on it was looked at.
    is_exhaustive : bool
        Whether unannotated tissue is negative.
    """
    wanted = tuple(positive)
    areas = [annotation for annotation in annotations if annotation.has_area]
    chosen = [a.geometry for a in areas if is_class(a.class_name, wanted)]
    ignored = [a.geometry for a in areas if is_cut_out(a.class_name, wanted)]
    cut = merge_regions(ignored)
    geometry = without(merge_regions(chosen), cut)
    kept = 1 - merged_fraction(grid, cut)
    is_kept = kept >= 0.5

    def share(merged: MultiPolygon) -> NDArray[np.float64]:
        shares = np.clip(merged_fraction(grid, merged) / np.where(is_kept, kept, 1), 0, 1) * is_kept
        shares[shares < _SLIVER] = 0  # outlines that only touch a tile do not make it a border tile
        shares[shares > 1 - _SLIVER] = 1
        return shares

    fraction = share(geometry)
    if is_exhaustive:
        looked_at = is_kept
    else:
        regions = [a.geometry for a in areas if is_looked_at(a.class_name, wanted)]
        looked_at = is_kept & (share(without(merge_regions(regions), cut)) >= least_share)
    return TileReference(
        grid=grid,
        positive=wanted,
        geometry=geometry,
        fraction=fraction,
        looked_at=looked_at,
        labels=labels_at(fraction, looked_at, is_kept=is_kept, least_share=least_share),
        cell_fraction=fraction
        if not ignored and grid.size_px0 == grid.stride_px0
        else _cell_fraction(grid, geometry),
        least_share=least_share,
        is_exhaustive=is_exhaustive,
        n_regions=len(chosen),
        class_names=class_names(areas),
    )


def labels_at(
    fraction: NDArray[np.float64],
    looked_at: NDArray[np.bool_],
    *,
    is_kept: NDArray[np.bool_] | None = None,
    least_share: float = 0.5,
) -> NDArray[np.int8]:
    """Label tiles with partly covered ones set apart as border."""
    labels = np.full(len(fraction), TileLabel.OUTSIDE, dtype=np.int8)
    labels[(fraction == 0) & looked_at] = TileLabel.NEGATIVE
    labels[fraction > 0] = TileLabel.BORDER
    labels[fraction >= least_share] = TileLabel.POSITIVE
    if is_kept is not None:
        labels[~is_kept] = TileLabel.OUTSIDE
    return labels


def labels_with_border(reference: TileReference, cut_off: float) -> NDArray[np.int8]:
    """Label border tiles as well, for the sensitivity run: positive from ``cut_off`` on, else negative.

    A tile below the cut-off is negative only where somebody looked at it.
    """
    labels = np.full(len(reference.fraction), TileLabel.OUTSIDE, dtype=np.int8)
    labels[reference.looked_at] = TileLabel.NEGATIVE
    labels[reference.fraction >= cut_off] = TileLabel.POSITIVE
    return labels


def _cell_fraction(grid: TileGrid, geometry: MultiPolygon) -> NDArray[np.float64]:
    if not len(grid):
        return np.empty(0)
    stride = grid.stride_px0
    areas = covered_areas(TileLattice(grid=grid).cells_px0(), geometry)
    return np.clip(areas / (stride[0] * stride[1]), 0, 1)
