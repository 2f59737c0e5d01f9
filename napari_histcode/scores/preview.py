"""What a model says of tiles while others are still being encoded.

A single-tile value depends on its tile alone, so that it is final as soon as the tile is encoded; attention,
contribution and leave-one-out have to wait for the whole bag.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_histcode.scores.score import output_map
from napari_histcode.scores.scores import TileMap
from napari_histcode.tiling.grid import TileGrid

if TYPE_CHECKING:
    from napari_histcode.models.model import Model


@dataclass(frozen=True, kw_only=True, eq=False)
class TilePreview:
    """Some tiles' single-tile values, equal to those of the finished scores."""

    grid: TileGrid
    """All tiles of the run."""
    positions: NDArray[np.intp]
    """(n,) which of them these are."""
    maps: tuple[TileMap, ...]
    """Every single-tile map, with the values of these tiles alone, (n,)."""


def preview_tiles(
    grid: TileGrid, positions: NDArray[np.intp], features: NDArray[np.float32], model: Model
) -> TilePreview:
    """Score a batch of tiles by themselves.

    Parameters
    ----------
    grid : TileGrid
        All tiles of the run.
    positions : ndarray, (n,)
        Which of them were encoded.
    features : ndarray, (n, feature_dim)
        Their features.
    model : Model
        The heads.
    """
    maps = tuple(
        output_map(head.record, output, "single_tile", values)
        for head in model.heads
        for output, values in zip(
            head.record.outputs, head.explain(features).single_tile.T.copy(), strict=True
        )
    )
    return TilePreview(grid=grid, positions=positions, maps=maps)
