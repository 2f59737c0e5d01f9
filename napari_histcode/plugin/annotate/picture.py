"""Regions as a picture that is painted where somebody looks: sharp at every zoom, for any number of regions.

napari asks a level of the pyramid for the window that it shows. What it asks for is painted then, in square
tiles that are kept for the next time; an edit only throws away the tiles that it touches.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from math import ceil
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.plugin.annotate.paint import Pen, paint
from napari_histcode.plugin.annotate.scene import Box4, Scene

TILE_PX = 512
"""Width and height of a painted tile."""

COARSEST_PX = 512
"""The coarsest level is no wider or higher than that."""

MOST_TILES = 160
"""So many painted tiles are kept, a megabyte each."""

MARGIN_PX = 6
"""Lines reach so far over the edge of their region."""

_Key = tuple[int, int, int]


class RegionPicture:
    """All regions of a slide as a pyramid of RGBA levels.

    Parameters
    ----------
    dimensions : tuple of int
        Width and height of the slide in level-0 pixels.
    scene : Scene
        The regions.
    pen : Pen
        How they are drawn.
    """

    def __init__(self, dimensions: tuple[int, int], scene: Scene, pen: Pen) -> None:
        self.dimensions = dimensions
        self._scene, self._pen = scene, pen
        self._tiles: OrderedDict[_Key, NDArray[np.uint8]] = OrderedDict()
        self._version = 0
        self._lock = Lock()
        n_levels = 1
        while max(dimensions) / 2 ** (n_levels - 1) > COARSEST_PX:
            n_levels += 1
        self.levels: tuple[PictureLevel, ...] = tuple(PictureLevel(self, level) for level in range(n_levels))

    @property
    def scene(self) -> Scene:
        """The regions."""
        return self._scene

    def show(self, scene: Scene, *, pen: Pen | None = None, where: Sequence[Box4] | None = None) -> None:
        """Show another scene, which differs only in some boxes, or everywhere."""
        with self._lock:
            self._scene = scene
            self._pen = pen or self._pen
            self._version += 1
            if where is None or pen is not None:
                self._tiles.clear()
            else:
                for key in [key for key in self._tiles if _touches(key, where)]:
                    del self._tiles[key]

    def tile(self, level: int, row: int, column: int) -> NDArray[np.uint8]:
        """Return a painted tile (512, 512, 4)."""
        key = (level, row, column)
        with self._lock:
            if key in self._tiles:
                self._tiles.move_to_end(key)
                return self._tiles[key]
            scene, pen, version = self._scene, self._pen, self._version
        scale = float(2**level)
        left, top, right, bottom = tile_box(key)
        margin = MARGIN_PX * scale
        found = scene.within((left - margin, top - margin, right + margin, bottom + margin))
        painted = paint(found, (left, top), scale, (TILE_PX, TILE_PX), pen)
        painted.flags.writeable = False
        with self._lock:
            if version == self._version:  # else the regions have changed meanwhile
                self._tiles[key] = painted
                while len(self._tiles) > MOST_TILES:
                    self._tiles.popitem(last=False)
        return painted


def tile_box(key: _Key) -> Box4:
    """Left, top, right and bottom of a tile in level-0 pixels."""
    level, row, column = key
    size = TILE_PX * 2.0**level
    return column * size, row * size, (column + 1) * size, (row + 1) * size


def _touches(key: _Key, boxes: Sequence[Box4]) -> bool:
    left, top, right, bottom = tile_box(key)
    margin = MARGIN_PX * 2.0 ** key[0]
    return any(
        box[0] - margin < right
        and box[2] + margin > left
        and box[1] - margin < bottom
        and box[3] + margin > top
        for box in boxes
    )


class PictureLevel:
    """One level of the pyramid, with what napari wants of an array."""

    def __init__(self, picture: RegionPicture, level: int) -> None:
        self._picture = picture
        self._level = level
        width, height = picture.dimensions
        self.shape = (ceil(height / 2**level), ceil(width / 2**level), 4)
        self.dtype = np.dtype(np.uint8)
        self.ndim = 3
        self.chunks = (TILE_PX, TILE_PX, 4)
        self.size = int(np.prod(self.shape))

    def __getitem__(self, key: Any) -> NDArray[np.uint8]:
        """Paint a window: whole numbers and slices of rows, columns and channels."""
        keys = key if isinstance(key, tuple) else (key,)
        keys = tuple(each for each in keys if each is not Ellipsis)
        rows, columns = (
            _whole(keys[axis] if axis < len(keys) else slice(None), self.shape[axis]) for axis in (0, 1)
        )
        window = np.zeros((len(rows), len(columns), 4), np.uint8)
        if window.size:
            for row in range(rows.start // TILE_PX, -(-rows.stop // TILE_PX)):
                for column in range(columns.start // TILE_PX, -(-columns.stop // TILE_PX)):
                    self._copy(window, rows.start, columns.start, row, column)
        within = tuple(slice(None, None, each.step) if isinstance(each, slice) else 0 for each in keys[:2])
        picked: NDArray[np.uint8] = window[(*within, *(slice(None),) * (2 - len(within)), *keys[2:])]
        return picked

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 - numpy's
        return np.asarray(self[:, :], dtype=dtype)

    def _copy(self, window: NDArray[np.uint8], top: int, left: int, row: int, column: int) -> None:
        tile = self._picture.tile(self._level, row, column)
        first = np.maximum((row * TILE_PX, column * TILE_PX), (top, left))
        last = np.minimum(
            ((row + 1) * TILE_PX, (column + 1) * TILE_PX), (top + window.shape[0], left + window.shape[1])
        )
        (y0, x0), (y1, x1) = (first - (top, left)).tolist(), (last - (top, left)).tolist()
        (v0, u0), (v1, u1) = (
            (first - (row * TILE_PX, column * TILE_PX)).tolist(),
            (last - (row * TILE_PX, column * TILE_PX)).tolist(),
        )
        window[y0:y1, x0:x1] = tile[v0:v1, u0:u1]


def _whole(key: Any, length: int) -> range:
    """All places from the first to the last that a key means."""
    if isinstance(key, slice):
        start, stop, _ = key.indices(length)
        return range(start, max(start, stop))
    place = int(key) + (length if key < 0 else 0)
    if not 0 <= place < length:
        raise IndexError(f"{key} is outside 0 to {length}.")
    return range(place, place + 1)
