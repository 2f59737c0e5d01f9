"""Reading on where a slide is damaged: what cannot be decoded is white, or black in a channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import CorruptTileError
from napari_histcode.slide.slide import RgbImage

_SMALLEST_PX = 128
_WHITE = np.array([255, 255, 255], np.uint8)

Reader = Callable[[tuple[int, int], tuple[int, int]], NDArray[Any]]
"""(xy_px, size_px) -> (height, width, n_samples), of one level."""


class LevelReader(Protocol):
    """Something with `Slide.read_level`."""

    def read_level(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> RgbImage:
        """See `Slide.read_level`."""
        ...


def read_around_damage(
    slide: LevelReader, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]
) -> tuple[RgbImage, bool]:
    """Read a region, white where it cannot be decoded.

    A region that fails is halved until the pieces that fail are at most 128 px wide and high.

    Returns
    -------
    image : ndarray of uint8, (height, width, 3)
        The region.
    is_damaged : bool
        Whether any of it could not be decoded.
    """
    return around_damage(lambda xy, size: slide.read_level(level, xy, size), xy_px, size_px, blank=_WHITE)


def around_damage(
    read: Reader, xy_px: tuple[int, int], size_px: tuple[int, int], *, blank: NDArray[Any]
) -> tuple[NDArray[Any], bool]:
    """Read a region with any reader, `blank`, a pixel (n_samples,), where it cannot be decoded."""
    (x, y), (width, height) = xy_px, size_px
    try:
        return read(xy_px, size_px), False
    except CorruptTileError:
        image = np.full((height, width, len(blank)), blank[0], blank.dtype)
        if max(size_px) <= _SMALLEST_PX:
            return image, True
    if width >= height:
        half = width // 2
        image[:, :half], _ = around_damage(read, (x, y), (half, height), blank=blank)
        image[:, half:], _ = around_damage(read, (x + half, y), (width - half, height), blank=blank)
    else:
        half = height // 2
        image[:half], _ = around_damage(read, (x, y), (width, half), blank=blank)
        image[half:], _ = around_damage(read, (x, y + half), (width, height - half), blank=blank)
    return image, True
