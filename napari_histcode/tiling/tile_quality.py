"""How much of each tile is ink, fold or out of focus, and which tiles to leave out for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import NoTilesError
from napari_histcode.tiling.grid import TileGrid
from napari_histcode.tiling.lay import covered_fraction
from napari_histcode.tissue.quality import ARTEFACTS, Artefact, QualityMask

MOSTLY = 0.5
"""A tile of which at least this share is artefact is an artefact."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileQuality:
    """Artefacts of each tile of a grid."""

    fraction: NDArray[np.float32]
    """(n_tiles, n_artefacts) share of each tile's area under each of `ARTEFACTS`, 0 to 1; read-only."""

    def __post_init__(self) -> None:
        if self.fraction.ndim != 2 or self.fraction.shape[1] != len(ARTEFACTS):
            raise ValueError(f"fraction has shape (n_tiles, {len(ARTEFACTS)}), not {self.fraction.shape}.")
        self.fraction.flags.writeable = False

    @property
    def classes(self) -> NDArray[np.uint8]:
        """(n_tiles,) the `Artefact` with most area on each tile; NONE where no artefact touches it."""
        most = np.asarray(ARTEFACTS, np.uint8)[self.fraction.argmax(axis=1)]
        return np.where(self.fraction.any(axis=1), most, np.uint8(Artefact.NONE))

    def keep(self, *, mostly: float = MOSTLY) -> NDArray[np.bool_]:
        """Return (n_tiles,) whether less than ``mostly`` of a tile is artefact of any kind."""
        return np.asarray(self.fraction.sum(axis=1) < mostly)

    def excluded(self, *, mostly: float = MOSTLY) -> dict[Artefact, int]:
        """Count the tiles that are mostly artefact by the one with most area."""
        bad = self.classes[~self.keep(mostly=mostly)]
        return {artefact: int((bad == artefact).sum()) for artefact in ARTEFACTS}


def tile_quality(grid: TileGrid, mask: QualityMask) -> TileQuality:
    """Measure the artefacts of each tile.

    Parameters
    ----------
    grid : TileGrid
        Tiles of a slide.
    mask : QualityMask
        Artefacts of the same slide.

    Raises
    ------
    ValueError
        If they are of two slides.
    """
    if grid.slide.digest != mask.slide.digest:
        raise ValueError(f"Tiles of {grid.slide.alias} and a quality mask of {mask.slide.alias}.")
    column, row = grid.index.T
    shares = [
        covered_fraction(
            mask.is_of(artefact), mask.scale_px0, grid.size_px0, grid.stride_px0, grid.lattice_shape
        )[row, column]
        for artefact in ARTEFACTS
    ]
    return TileQuality(fraction=np.stack(shares, axis=1).astype(np.float32))


@dataclass(frozen=True, kw_only=True, eq=False)
class Exclusion:
    """Which tiles were left out, and why."""

    mask: QualityMask
    """The artefacts of the slide."""
    by_artefact: dict[Artefact, int]
    """Tiles that were left out, by the artefact with most area on them."""
    mostly: float = MOSTLY
    """Share of a tile under artefacts from which on it was left out."""

    @property
    def n_excluded(self) -> int:
        """Tiles that were left out."""
        return sum(self.by_artefact.values())


def without_artefacts(
    grid: TileGrid, mask: QualityMask, *, mostly: float = MOSTLY
) -> tuple[TileGrid, Exclusion]:
    """Leave out the tiles that are mostly artefact; the others stay on the same lattice.

    Raises
    ------
    NoTilesError
        If none is left.
    """
    quality = tile_quality(grid, mask)
    keep = quality.keep(mostly=mostly)
    if not keep.any():
        raise NoTilesError(
            f"All {len(grid):,} tiles of {grid.slide.alias} are mostly ink, folds or out of focus.",
            advice="Look at the quality mask (histcode quality), or analyse without leaving artefacts out.",
        )
    exclusion = Exclusion(mask=mask, by_artefact=quality.excluded(mostly=mostly), mostly=mostly)
    return grid.select(keep), exclusion
