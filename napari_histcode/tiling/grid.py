"""Values of the tiling stage: its configuration and the grid of tiles over a slide."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import MissingMppError
from napari_histcode.slide.record import Mpp, SlideRecord
from napari_histcode.tissue.mask import TissueConfig


@dataclass(frozen=True, kw_only=True)
class TilingConfig:
    """Size, spacing and choice of tiles. The size on the slide is ``tile_px * target_mpp`` micrometres."""

    tile_px: int
    """Width and height of a tile as the encoder sees it, in pixels."""
    target_mpp: float
    """Resolution at which the encoder sees it, micrometres per pixel."""
    overlap: float = 0.0
    """Least share of a tile's width that it has in common with the next one, 0 to below 1."""
    min_tissue: float = 0.25
    """Least share of a tile's area that must be tissue, 0 to 1."""

    def __post_init__(self) -> None:
        if self.tile_px < 1:
            raise ValueError(f"tile_px must be at least 1, not {self.tile_px}.")
        if not self.target_mpp > 0:
            raise ValueError(f"target_mpp must be positive, not {self.target_mpp}.")
        if not 0 <= self.overlap < 1:
            raise ValueError(f"overlap is a share from 0 to below 1, not {self.overlap}.")
        if not 0 <= self.min_tissue <= 1:
            raise ValueError(f"min_tissue is a share from 0 to 1, not {self.min_tissue}.")

    @property
    def tile_um(self) -> float:
        """Width and height of a tile on the slide in micrometres."""
        return self.tile_px * self.target_mpp

    @property
    def stride_um(self) -> float:
        """Longest distance between the corners of neighbouring tiles in micrometres."""
        return self.tile_um * (1 - self.overlap)


@dataclass(frozen=True, kw_only=True, eq=False)
class TileGrid:
    """The chosen tiles of a slide: places on one regular lattice in level-0 pixels.

    Tile ``i`` stands at lattice place ``index[i] = (column, row)``; its top-left corner is exactly
    ``index[i] * stride_px0``. Nothing is rounded, so that there is no drift over a large slide.
    """

    index: NDArray[np.int32]
    """(n_tiles, 2) column and row on the lattice, sorted by row, then column; read-only."""
    size_px0: tuple[float, float]
    """Width and height of a tile in level-0 pixels."""
    stride_px0: tuple[float, float]
    """Spacing of the lattice along x and y in level-0 pixels."""
    lattice_shape: tuple[int, int]
    """Columns and rows of the whole lattice over the slide."""
    tissue_fraction: NDArray[np.float32]
    """(n_tiles,) share of each tile's area that is tissue, 0 to 1; read-only."""
    slide: SlideRecord
    """The slide it belongs to."""
    config: TilingConfig
    """How it was laid."""
    tissue_config: TissueConfig
    """How the tissue under it was found."""
    is_partial: bool = False
    """Whether a region of interest limited the tiles."""

    def __post_init__(self) -> None:
        if self.index.ndim != 2 or self.index.shape[1] != 2:
            raise ValueError(f"index has shape (n_tiles, 2), not {self.index.shape}.")
        if self.tissue_fraction.shape != (len(self.index),):
            raise ValueError(
                f"tissue_fraction has shape ({len(self.index)},), not {self.tissue_fraction.shape}."
            )
        self.index.flags.writeable = False
        self.tissue_fraction.flags.writeable = False

    def __len__(self) -> int:
        return len(self.index)

    @property
    def mpp(self) -> Mpp:
        """Resolution of the slide, without which there is no grid."""
        if self.slide.mpp is None:
            raise MissingMppError(f"{self.slide.alias} has tiles and no resolution.")
        return self.slide.mpp

    @property
    def xy_px0(self) -> NDArray[np.float64]:
        """(n_tiles, 2) top-left corners in level-0 pixels, x then y."""
        return np.multiply(self.index, self.stride_px0, dtype=np.float64)

    @property
    def centre_px0(self) -> NDArray[np.float64]:
        """(n_tiles, 2) centres in level-0 pixels, x then y."""
        return self.xy_px0 + np.asarray(self.size_px0) / 2

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> TileGrid:
        """Return a grid of only the chosen tiles (a mask or positions), on the same lattice."""
        return replace(self, index=self.index[chosen], tissue_fraction=self.tissue_fraction[chosen])
