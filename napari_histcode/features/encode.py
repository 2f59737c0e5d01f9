"""Encode the tiles of a slide: reading and the network side by side, memory bounded by the queue.

Reader threads fill a bounded queue of batches while the network works on the one before, so that wall
time tends to the slower of both and not to their sum. Decoders and torch both let go of Python's lock.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import (
    CorruptTileError,
    ModelMismatchError,
    NoTilesError,
    OutOfDeviceMemoryError,
)
from napari_histcode.features.bag import FeatureBag
from napari_histcode.features.store import FeatureStore
from napari_histcode.models.encoder import Encoder
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.slide import Slide
from napari_histcode.tiling.grid import TileGrid
from napari_histcode.tiling.read import read_tile

STAGE = "encoding tiles"
BatchCallback = Callable[[NDArray[np.intp], NDArray[np.float32]], object]
"""Takes positions in the grid, (n,), and their features, (n, feature_dim)."""
BATCHES_AHEAD = 3
"""Batches that are read or waiting beside the one in the network."""


@dataclass(frozen=True, kw_only=True)
class TileBatch:
    """Tiles on their way from the slide to the network."""

    positions: NDArray[np.intp]
    """(n,) positions in the grid."""
    tiles: NDArray[np.uint8]
    """(n, tile_px, tile_px, 3)."""
    n_corrupt: int = 0
    """Tiles of this batch that could not be decoded and are not in it."""


def encode_tiles(
    slide: Slide,
    grid: TileGrid,
    encoder: Encoder,
    *,
    store: Path | None = None,
    batch_size: int | None = None,
    n_readers: int | None = None,
    first: NDArray[np.bool_] | None = None,
    on_batch: BatchCallback | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> FeatureBag:
    """Turn the tiles of a slide into features.

    Parameters
    ----------
    slide : Slide
        The open slide.
    grid : TileGrid
        Tiles of the encoder's size and resolution.
    encoder : Encoder
        The network.
    store : Path, optional
        Feature file. What it (or a broken-off run) already holds is not encoded again; it is
        written in parts and complete at the end. Without it, features stay in memory.
    batch_size : int, optional
        Tiles at once in the network; see `default_batch_size`. Halved when the device's memory
        runs out.
    n_readers : int, optional
        Reader threads; see `default_readers`.
    first : ndarray of bool, (n_tiles,), optional
        Tiles to encode before all others, such as those in view.
    on_batch : callable, optional
        Called with the positions and the features of each batch, in the calling thread.
    progress : callable
        Called with a `Progress` after every batch.
    cancel : CancelToken, optional
        Looked at before every batch.

    Returns
    -------
    FeatureBag
        Features in the order of the grid; tiles that cannot be decoded are left out and counted.

    Raises
    ------
    ModelMismatchError
        If grid and encoder do not fit.
    AnalysisCancelledError
        If cancelled; the store keeps what was finished.
    OutOfDeviceMemoryError
        If not even one tile fits into the device's memory.
    NoTilesError
        If not one tile could be decoded.
    """
    _check_fit(grid, encoder)
    cancel = cancel or CancelToken()
    features = FeatureStore(store, grid, encoder.record) if store else _Memory(grid, encoder)
    todo = _in_order(features.missing(), first)
    resumed = len(grid) - len(todo)
    done, n_corrupt, start = resumed, 0, time.monotonic()
    progress(Progress(stage=STAGE, done=done, total=len(grid), resumed=resumed))
    size = batch_size or default_batch_size(encoder)
    readers = n_readers or default_readers(encoder)
    try:
        for batch in read_batches(slide, grid, todo, batch_size=size, n_readers=readers, cancel=cancel):
            encoded, size = encode_within_memory(encoder, batch.tiles, size)
            features.add(batch.positions, encoded)
            if on_batch is not None:
                on_batch(batch.positions, encoded)
            n_corrupt += batch.n_corrupt
            done += len(batch.positions) + batch.n_corrupt
            elapsed = time.monotonic() - start
            progress(Progress(stage=STAGE, done=done, total=len(grid), resumed=resumed, elapsed_s=elapsed))
    finally:
        features.flush()
    if n_corrupt == len(grid):
        raise NoTilesError(
            f"None of the {n_corrupt} tiles of {slide.record.alias} can be decoded.",
            advice="The file is damaged: copy it again from where it came.",
        )
    return features.finish()


def default_batch_size(encoder: Encoder) -> int:
    """Choose a batch that keeps the device busy and still lets a cancel take effect within a second."""
    if encoder.device.type != "cpu":
        return 128
    return max(8, min(32, 32 * 160**2 // encoder.record.tile_px**2))


def default_readers(encoder: Encoder) -> int:
    """Choose reader threads: all cores beside a GPU, half of them where the network needs them too."""
    cores = os.cpu_count() or 1
    return max(1, min(8, cores if encoder.device.type != "cpu" else cores // 2))


def encode_within_memory(
    encoder: Encoder, tiles: NDArray[np.uint8], batch_size: int
) -> tuple[NDArray[np.float32], int]:
    """Encode tiles, halving the batch as often as the device's memory demands.

    Returns
    -------
    features : ndarray of float32, (n, feature_dim)
        Features of all tiles.
    batch_size : int
        The batch that fitted, for the next call.

    Raises
    ------
    OutOfDeviceMemoryError
        If a single tile does not fit.
    """
    while True:
        try:
            chunks = [
                encoder.encode(tiles[start : start + batch_size])
                for start in range(0, len(tiles), batch_size)
            ]
        except OutOfDeviceMemoryError:
            if batch_size == 1:
                raise
            batch_size //= 2
        else:
            return np.concatenate(chunks) if chunks else encoder.encode(tiles), batch_size


def read_batches(
    slide: Slide,
    grid: TileGrid,
    positions: NDArray[np.intp],
    *,
    batch_size: int,
    n_readers: int,
    cancel: CancelToken,
) -> Iterator[TileBatch]:
    """Read tiles in reader threads, a bounded number of batches ahead of whoever takes them.

    Parameters
    ----------
    slide, grid : Slide, TileGrid
        What to read.
    positions : ndarray, (n,)
        Positions in the grid, in the order in which they are wanted.
    batch_size : int
        Tiles a batch.
    n_readers : int
        Reader threads.
    cancel : CancelToken
        Looked at before every tile.

    Yields
    ------
    TileBatch
        In order.
    """
    waiting: deque[Future[TileBatch]] = deque()
    starts = iter(range(0, len(positions), batch_size))
    pool = ThreadPoolExecutor(n_readers, thread_name_prefix="histcode-reader")
    try:
        for start in starts:
            chunk = positions[start : start + batch_size]
            waiting.append(pool.submit(_read_batch, slide, grid, chunk, cancel))
            if len(waiting) > max(BATCHES_AHEAD, n_readers):
                yield waiting.popleft().result()
                cancel.raise_if_cancelled()
        while waiting:
            yield waiting.popleft().result()
            cancel.raise_if_cancelled()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _read_batch(slide: Slide, grid: TileGrid, positions: NDArray[np.intp], cancel: CancelToken) -> TileBatch:
    tile_px = grid.config.tile_px
    tiles = np.empty((len(positions), tile_px, tile_px, 3), dtype=np.uint8)
    readable: list[np.intp] = []
    for position in positions:
        cancel.raise_if_cancelled()
        try:
            tiles[len(readable)] = read_tile(slide, grid, int(position))
        except CorruptTileError:
            continue
        readable.append(position)
    return TileBatch(
        positions=np.asarray(readable, dtype=np.intp),
        tiles=tiles[: len(readable)],
        n_corrupt=len(positions) - len(readable),
    )


def _in_order(todo: NDArray[np.intp], first: NDArray[np.bool_] | None) -> NDArray[np.intp]:
    """Put the tiles that are wanted first before the others; both stay in the order of the grid."""
    return todo if first is None else todo[np.argsort(~first[todo], kind="stable")]


def _check_fit(grid: TileGrid, encoder: Encoder) -> None:
    record, config = encoder.record, grid.config
    if config.tile_px != record.tile_px or not np.isclose(config.target_mpp, record.mpp, rtol=1e-6):
        raise ModelMismatchError(
            f"The tiles are {config.tile_px} px at {config.target_mpp:g} um/px; encoder {record.name} "
            f"takes {record.tile_px} px at {record.mpp:g} um/px.",
            advice="Lay the tiles for this encoder.",
        )


class _Memory:
    """Stands in for the store when nothing is to be kept."""

    def __init__(self, grid: TileGrid, encoder: Encoder) -> None:
        self._grid = grid
        self._encoder = encoder
        self._features = np.empty((len(grid), encoder.record.feature_dim), dtype=np.float32)
        self._is_there = np.zeros(len(grid), dtype=np.bool_)

    def missing(self) -> NDArray[np.intp]:
        return np.arange(len(self._grid))

    def add(self, positions: NDArray[np.intp], features: NDArray[np.float32]) -> None:
        self._features[positions] = features
        self._is_there[positions] = True

    def flush(self) -> None:
        """Nothing waits."""

    def finish(self) -> FeatureBag:
        there = self._is_there
        return FeatureBag(
            features=self._features if there.all() else self._features[there],
            grid=self._grid if there.all() else self._grid.select(there),
            encoder=self._encoder.record,
            n_corrupt=int((~there).sum()),
        )
