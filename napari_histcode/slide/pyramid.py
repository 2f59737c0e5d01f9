"""The lazy pyramid that a viewer shows.

Inference never comes here: it reads through `Slide.read_level`.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.slide.resample import area_average
from napari_histcode.slide.tile_cache import TileCache

CHUNK_PX = 1024
"""Width and height of a block, whatever the file's own tiles are."""
LARGEST_TOP_PX = 4096
"""A pyramid goes on with computed levels until its coarsest is no wider or higher than this."""
_STEP = 4
_CACHE_BYTES = 64 * 2**20

ChannelType = np.dtype[Any] | None
"""Type of a channel's samples; None for RGB."""

BlockReader = Callable[[tuple[int, int], tuple[int, int]], NDArray[Any]]
"""(xy_px, size_px) -> pixels (height, width, n_samples), of one level."""


class LevelArray:
    """One level as dask wants an array: a shape, a type, and pixels by slices.

    RGB has three axes; a channel, whose reader gives one sample a pixel, has two.
    """

    def __init__(self, dimensions: tuple[int, int], read: BlockReader, channel: ChannelType = None) -> None:
        width, height = dimensions
        self.dtype: np.dtype[Any] = channel or np.dtype(np.uint8)
        self.shape = (height, width) if channel else (height, width, 3)
        self.ndim = len(self.shape)
        self._read = read

    def __getitem__(self, key: tuple[slice, ...]) -> NDArray[Any]:
        rows, columns = key[0].indices(self.shape[0]), key[1].indices(self.shape[1])
        image = self._read((columns[0], rows[0]), (columns[1] - columns[0], rows[1] - rows[0]))
        return image[:: rows[2], :: columns[2], key[2] if self.ndim == 3 else 0]


class ComputedLevel:
    """A level that the file lacks, averaged from the finer one, block by block and on demand.

    Parameters
    ----------
    parent : tuple of int
        Width and height of the finer level.
    read_parent : callable
        Reads it.
    """

    def __init__(self, parent: tuple[int, int], read_parent: BlockReader) -> None:
        self.dimensions = math.ceil(parent[0] / _STEP), math.ceil(parent[1] / _STEP)
        self._parent = parent
        self._scale = parent[0] / self.dimensions[0], parent[1] / self.dimensions[1]
        self._read_parent = read_parent
        self._cache = TileCache(_CACHE_BYTES)

    def read(self, xy_px: tuple[int, int], size_px: tuple[int, int]) -> NDArray[Any]:
        """Read a rectangle; best along the blocks of `CHUNK_PX`, which are kept."""
        (left, top), (width, height) = xy_px, size_px
        image: NDArray[Any] | None = None
        for y in range(top // CHUNK_PX * CHUNK_PX, top + height, CHUNK_PX):
            for x in range(left // CHUNK_PX * CHUNK_PX, left + width, CHUNK_PX):
                block = self._block(x, y)
                if image is None:
                    image = np.empty((height, width, block.shape[2]), block.dtype)
                part = block[max(0, top - y) : top + height - y, max(0, left - x) : left + width - x]
                row, column = max(0, y - top), max(0, x - left)
                image[row : row + part.shape[0], column : column + part.shape[1]] = part
        if image is None:
            raise ValueError(f"A region of {width} x {height} px has no pixels.")
        return image

    def _block(self, x: int, y: int) -> NDArray[Any]:
        return self._cache.get((x, y), lambda: self._compute(x, y))

    def _compute(self, x: int, y: int) -> NDArray[Any]:
        width, height = min(CHUNK_PX, self.dimensions[0] - x), min(CHUNK_PX, self.dimensions[1] - y)
        (scale_x, scale_y) = self._scale
        left, right = x * scale_x, min(self._parent[0], (x + width) * scale_x)
        top, bottom = y * scale_y, min(self._parent[1], (y + height) * scale_y)
        x0, y0 = math.floor(left), math.floor(top)
        source = self._read_parent((x0, y0), (math.ceil(right) - x0, math.ceil(bottom) - y0))
        return area_average(source, (left - x0, top - y0, right - x0, bottom - y0), (width, height))


def lazy_pyramid(
    dimensions: tuple[tuple[int, int], ...],
    read_level: Callable[[int, tuple[int, int], tuple[int, int]], NDArray[Any]],
    name: str,
    *,
    channel: ChannelType = None,
) -> list[Any]:
    """Return a dask array for every level, and for computed coarser ones where the file stops early.

    Parameters
    ----------
    dimensions : tuple of tuple of int
        Width and height of the file's levels, the finest first.
    read_level : callable
        ``read_level(level, xy_px, size_px)`` for the blocks.
    name : str
        Begins the names of the arrays in dask's graph.
    channel : dtype, optional
        Type of the samples, where the reader gives (height, width, 1) of one channel instead of RGB.

    Returns
    -------
    list of dask.array.Array
        (height, width, 3) uint8 in chunks of 1024 x 1024 px; (height, width) of a channel's type.

    Notes
    -----
    A slide whose coarsest level is wider or higher than 4096 px gets further levels, each a quarter as wide
    and high. A block of them is the area average of 4 x 4 blocks of the level below, so that at most 50 MB
    are read at once, and finished blocks are kept within 64 MB. For a large slide with a single level the
    first view therefore still decodes the whole slide once, though never into memory at once.
    """
    readers: list[tuple[tuple[int, int], BlockReader]] = [
        (size, _reader_of(read_level, level)) for level, size in enumerate(dimensions)
    ]
    while max(readers[-1][0]) > LARGEST_TOP_PX:
        computed = ComputedLevel(*readers[-1])
        readers.append((computed.dimensions, computed.read))
    unique = f"{name}-{uuid.uuid4().hex}"  # a slide that was closed and opened again is another array
    return [
        _as_dask(LevelArray(size, read, channel), f"{unique}-{i}") for i, (size, read) in enumerate(readers)
    ]


def _reader_of(
    read_level: Callable[[int, tuple[int, int], tuple[int, int]], NDArray[Any]], level: int
) -> BlockReader:
    return lambda xy_px, size_px: read_level(level, xy_px, size_px)


def _as_dask(array: LevelArray, name: str) -> Any:
    import dask.array as da

    return da.from_array(
        array,
        chunks=(CHUNK_PX, CHUNK_PX, 3)[: array.ndim],
        name=name,
        asarray=False,
        fancy=False,
        meta=np.empty((0,) * array.ndim, array.dtype),
    )
