"""Draw blocks of tiles with replacement, since neighbouring tiles look alike.

Drawing tiles one by one would count the same piece of tissue many times and make intervals too narrow. A draw
is told by how often it holds each block, so that no statistic has to copy or rank tiles again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.config import Stream, random_for
from napari_histcode.tiling.grid import TileGrid

CHUNK_VALUES = 1_000_000
"""Values of draws x tiles that are worked on at once; keeps memory bounded and caches warm."""

FEWEST_BLOCKS = 3
"""With fewer blocks no interval is stated."""

TOO_FEW_BLOCKS = f"fewer than {FEWEST_BLOCKS} blocks of tiles: no interval"


@dataclass(frozen=True, kw_only=True, eq=False)
class BlockDraws:
    """Draws of the spatial block bootstrap over some tiles."""

    block_of: NDArray[np.intp]
    """(n,) block of each tile, 0 to n_blocks - 1."""
    n_blocks: int
    """Blocks that hold a tile."""
    times: NDArray[np.float32]
    """(n_resamples, n_blocks) how often each draw holds each block; empty with too few blocks."""

    @property
    def reason(self) -> str:
        """Why there are no draws; empty where there are."""
        return TOO_FEW_BLOCKS if self.n_blocks < FEWEST_BLOCKS else ""

    def per_block(self, values: NDArray[np.floating] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """Sum values (n,) or (n, k) over the tiles of each block: (n_blocks,) or (n_blocks, k)."""
        values = np.asarray(values, dtype=np.float64)
        sums = np.zeros((self.n_blocks, *values.shape[1:]))
        np.add.at(sums, self.block_of, values)
        return sums

    def sums(self, values: NDArray[np.floating] | NDArray[np.bool_]) -> NDArray[np.float64]:
        """Sum values (n,) or (n, k) over the tiles of each draw: (n_resamples,) or (n_resamples, k)."""
        return np.asarray(self.times.astype(np.float64) @ self.per_block(values))

    def weights(self, order: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
        """Give how often each draw holds each tile, tiles in some order, a few draws at a time."""
        step = max(1, CHUNK_VALUES // max(len(order), 1))
        block_of = self.block_of[order]
        for start in range(0, len(self.times), step):
            yield self.times[start : start + step][:, block_of]


def draw_blocks(
    grid: TileGrid, chosen: NDArray[np.bool_], *, block_um: float, n_resamples: int, seed: int
) -> BlockDraws:
    """Cut the slide into square blocks and draw as many as there are, again and again.

    Parameters
    ----------
    grid : TileGrid
        All tiles.
    chosen : ndarray of bool, (n_tiles,)
        The tiles that take part; blocks without one do not exist.
    block_um : float
        Width of a block in micrometres.
    n_resamples : int
        Number of draws.
    seed : int
        Equal seeds give equal draws for all maps on the same tiles.
    """
    xy_um = grid.centre_px0[chosen] * (grid.mpp.x, grid.mpp.y)
    return draws_of(blocks_at(xy_um, block_um), n_resamples=n_resamples, seed=seed)


def blocks_at(xy_um: NDArray[np.float64], block_um: float) -> NDArray[np.intp]:
    """Find the square block that each of some points (n, 2) lies in: (n,) numbers from 0."""
    if not len(xy_um):
        return np.empty(0, np.intp)
    _, block_of = np.unique(np.floor(xy_um / block_um).astype(np.int64), axis=0, return_inverse=True)
    return np.ravel(block_of).astype(np.intp)


def draws_of(block_of: NDArray[np.intp], *, n_resamples: int, seed: int) -> BlockDraws:
    """Draw whole groups of tiles (blocks, fields, slides) with replacement; groups are 0, 1, 2 ..."""
    n_blocks = int(block_of.max()) + 1 if len(block_of) else 0
    if n_blocks < FEWEST_BLOCKS:
        n_resamples = 0
    random = random_for(seed, Stream.BLOCKS)
    drawn = random.integers(0, max(n_blocks, 1), (n_resamples, n_blocks))
    times = np.zeros((n_resamples, n_blocks), np.float32)
    np.add.at(times, (np.arange(n_resamples)[:, None], drawn), 1)
    return BlockDraws(block_of=block_of.astype(np.intp), n_blocks=n_blocks, times=times)
