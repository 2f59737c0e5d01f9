"""Reading on where a slide is damaged: what cannot be decoded is white."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from napari_histcode.errors import CorruptTileError
from napari_histcode.slide.slide import RgbImage

_SMALLEST_PX = 128


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
    (x, y), (width, height) = xy_px, size_px
    try:
        return slide.read_level(level, xy_px, size_px), False
    except CorruptTileError:
        image = np.full((height, width, 3), 255, np.uint8)
        if max(size_px) <= _SMALLEST_PX:
            return image, True
    if width >= height:
        half = width // 2
        image[:, :half], _ = read_around_damage(slide, level, (x, y), (half, height))
        image[:, half:], _ = read_around_damage(slide, level, (x + half, y), (width - half, height))
    else:
        half = height // 2
        image[:half], _ = read_around_damage(slide, level, (x, y), (width, half))
        image[half:], _ = read_around_damage(slide, level, (x, y + half), (width, height - half))
    return image, True
