"""The fast path: native tiles of one level of a TIFF, decoded straight from the file's bytes.

No zarr and no dask between the bytes and the pixels: a positional read, `tifffile`'s decoder (imagecodecs,
which releases the interpreter's lock), and a cache of decoded tiles shared by all threads. A strip is a tile
as wide as the image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import CorruptTileError
from napari_histcode.slide.file_bytes import FileBytes
from napari_histcode.slide.tile_cache import TileCache


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleGrid:
    """The segments (tiles or strips) of one page that hold some or all samples of the pixels."""

    page: Any
    """`tifffile.TiffPage` that knows how to decode them."""
    offsets: Sequence[int]
    """File position of every segment of the page; 0 where nothing was written."""
    byte_counts: Sequence[int]
    """Bytes of every segment."""
    first: int
    """Index of the top-left segment, not 0 for the later planes of a page with separate planes."""
    jpeg_tables: bytes | None
    """Tables shared by the JPEG segments of the page."""

    def decode(self, file: FileBytes, index: int) -> NDArray[Any] | None:
        """Return segment `index` as (height, width, n_samples), or None where nothing was written."""
        index += self.first
        offset, count = self.offsets[index], self.byte_counts[index]
        if offset == 0 or count == 0:
            return None
        data = file.read(offset, count)
        segment, _, _ = self.page.decode(
            data, index, jpegtables=self.jpeg_tables, jpegheader=self.page.jpegheader
        )
        decoded: NDArray[Any] = segment[0]
        return decoded


SampleConverter = Callable[[NDArray[Any]], NDArray[Any]]
"""Turns samples (height, width, n_stored) as decoded into pixels (height, width, n_samples)."""

WHITE = np.array([255, 255, 255], np.uint8)


class SegmentedLevel:
    """One pyramid level of a TIFF, or one channel of it.

    Parameters
    ----------
    level : int
        Its number, for the cache and for messages.
    dimensions : tuple of int
        Width and height of the level in pixels.
    segment_px : tuple of int
        Width and height of a native tile.
    grids : sequence of SampleGrid
        One for interleaved samples, one a channel for separate planes.
    convert : callable
        Turns what is decoded into pixels.
    file : FileBytes
        Where the bytes are.
    cache : TileCache
        Decoded tiles, shared by the levels of a slide.
    blank : ndarray, (n_samples,)
        The pixel where nothing was scanned, of the pixels' type, all its samples alike.
    plane : int
        Tells levels with the same number apart in the cache.
    """

    def __init__(
        self,
        *,
        level: int,
        dimensions: tuple[int, int],
        segment_px: tuple[int, int],
        grids: Sequence[SampleGrid],
        convert: SampleConverter,
        file: FileBytes,
        cache: TileCache,
        blank: NDArray[Any] = WHITE,
        plane: int = 0,
    ) -> None:
        self.level = level
        self.dimensions = dimensions
        self.segment_px = segment_px
        self.n_columns = math.ceil(dimensions[0] / segment_px[0])
        self._grids = grids
        self._convert = convert
        self._file = file
        self._cache = cache
        self._blank = blank
        self._plane = plane

    def read(self, xy_px: tuple[int, int], size_px: tuple[int, int]) -> NDArray[Any]:
        """Read a rectangle inside the level as (height, width, n_samples); blank where nothing was scanned.

        Raises
        ------
        CorruptTileError
            If a native tile under it cannot be read or decoded.
        """
        (left, top), (width, height) = xy_px, size_px
        tile_width, tile_height = self.segment_px
        image = np.full((height, width, len(self._blank)), self._blank[0], self._blank.dtype)
        for row in range(top // tile_height, (top + height - 1) // tile_height + 1):
            for column in range(left // tile_width, (left + width - 1) // tile_width + 1):
                tile = self._tile(column, row)
                x, y = column * tile_width - left, row * tile_height - top  # of the tile in the image
                part = tile[max(0, -y) : height - y, max(0, -x) : width - x]
                x, y = max(0, x), max(0, y)
                image[y : y + part.shape[0], x : x + part.shape[1]] = part
        return image

    def _tile(self, column: int, row: int) -> NDArray[Any]:
        return self._cache.get((self._plane, self.level, column, row), lambda: self._decode(column, row))

    def _decode(self, column: int, row: int) -> NDArray[Any]:
        index = row * self.n_columns + column
        try:
            parts = [grid.decode(self._file, index) for grid in self._grids]
        except MemoryError:
            raise
        except Exception as error:  # every codec has errors of its own
            x, y = column * self.segment_px[0], row * self.segment_px[1]
            raise CorruptTileError(
                f"The tile at x = {x}, y = {y} of level {self.level} cannot be decoded: "
                f"{type(error).__name__}: {error!s:.200}."
            ) from error
        samples = [part for part in parts if part is not None]
        if len(samples) < len(parts):
            return np.empty((0, 0, len(self._blank)), self._blank.dtype)  # the canvas is blank already
        return self._convert(samples[0] if len(samples) == 1 else np.concatenate(samples, axis=2))
