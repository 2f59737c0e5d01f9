"""An encoder whose features are known in closed form, and slides to run it on."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from napari_histcode.errors import OutOfDeviceMemoryError
from napari_histcode.models.card import EncoderRecord
from napari_histcode.tiling import TileGrid, TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tissue import TissueConfig, TissueMask
from tests.array_slide import ArraySlide

TILE_PX = 32


class MeanColourEncoder:
    """The feature of a tile is the mean of each of its colour channels."""

    device = torch.device("cpu")

    def __init__(self, *, digest: str = "cd" * 32, largest_batch: int | None = None) -> None:
        self.record = EncoderRecord(
            name="mean-colour",
            architecture="mean",
            feature_dim=3,
            tile_px=TILE_PX,
            mpp=1.0,
            mean=(0, 0, 0),
            std=(1, 1, 1),
            digest=digest,
        )
        self.largest_batch = largest_batch
        self.n_tiles = 0
        self.batches: list[int] = []

    def encode(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        if self.largest_batch is not None and len(tiles) > self.largest_batch:
            raise OutOfDeviceMemoryError(f"{len(tiles)} tiles do not fit.")
        self.n_tiles += len(tiles)
        self.batches.append(len(tiles))
        return tiles.astype(np.float32).mean(axis=(1, 2))


def gradient_slide(columns: int = 12, rows: int = 9, **kwargs: object) -> ArraySlide:
    """Every tile of the lattice has a colour of its own: (10 * column, 10 * row, 100)."""
    column, row = np.meshgrid(np.arange(columns), np.arange(rows))
    colours = np.stack([column * 10, row * 10, np.full_like(row, 100)], axis=-1).astype(np.uint8)
    pixels = np.repeat(np.repeat(colours, TILE_PX, axis=0), TILE_PX, axis=1)
    return ArraySlide(pixels, **kwargs)  # type: ignore[arg-type]


def full_grid(slide: ArraySlide, *, mask: NDArray[np.bool_] | None = None) -> TileGrid:
    """All tiles of the slide, or those whose place in ``mask`` (rows, columns) is True."""
    shape = (slide.dimensions[1] // TILE_PX, slide.dimensions[0] // TILE_PX)
    mask = np.ones(shape, dtype=np.bool_) if mask is None else mask
    tissue = TissueMask(
        mask=mask, scale_px0=(TILE_PX, TILE_PX), threshold=0.1, slide=slide.record, config=TissueConfig()
    )
    return lay_tiles(slide, tissue, TilingConfig(tile_px=TILE_PX, target_mpp=1.0))
