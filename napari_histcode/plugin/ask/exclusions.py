"""Which tiles are left out: by regions, by artefacts, and by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from napari_histcode.tiling.grid import TileGrid
from napari_histcode.tiling.lookup import tiles_inside
from napari_histcode.tiling.tile_quality import MOSTLY, TileQuality
from napari_histcode.tissue.quality import ARTEFACTS, Artefact


@dataclass(frozen=True, kw_only=True, eq=False)
class Exclusions:
    """What the user leaves out."""

    regions: tuple[BaseGeometry, ...] = ()
    """Regions in level-0 pixels; a tile lies in them if they cover more than half of it."""
    is_only_inside: bool = False
    """Whether tiles outside the regions are left out instead of those inside; nothing without regions."""
    artefacts: tuple[Artefact, ...] = ()
    """Kinds of artefacts; a tile is left out if they cover at least half of it together."""
    quality: TileQuality | None = None
    """Artefacts of each tile; None where they were not looked for."""
    clicked: frozenset[int] = frozenset()
    """Tiles that were clicked, as positions in the grid."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left out."""
        return not (self.regions or self.clicked or (self.artefacts and self.quality is not None))


def kept_tiles(grid: TileGrid, exclusions: Exclusions) -> NDArray[np.bool_]:
    """Tell which tiles are kept, (n_tiles,) bool."""
    is_kept = np.ones(len(grid), np.bool_)
    if exclusions.regions:
        inside = tiles_inside(grid, exclusions.regions)
        if exclusions.is_only_inside:
            is_kept[:] = False
        is_kept[inside] = exclusions.is_only_inside
    if exclusions.quality is not None and exclusions.artefacts:
        is_kept &= ~is_artefact(exclusions.quality, exclusions.artefacts)
    is_kept[list(exclusions.clicked)] = False
    return is_kept


def is_artefact(quality: TileQuality, artefacts: tuple[Artefact, ...]) -> NDArray[np.bool_]:
    """Tell which tiles are mostly artefacts of some kinds; of all kinds as the pipeline leaves them out."""
    columns = [ARTEFACTS.index(artefact) for artefact in artefacts]
    return np.asarray(quality.fraction[:, columns].sum(axis=1) >= MOSTLY)


def tile_mm2(grid: TileGrid) -> float:
    """Area on the slide for which a tile stands, in square millimetres: overlaps count once."""
    width, height = grid.stride_px0
    return width * grid.mpp.x * height * grid.mpp.y / 1e6
