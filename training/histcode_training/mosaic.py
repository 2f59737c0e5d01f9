"""Lay images of one size out as pieces of tissue on glass, and reduce the picture to a pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

import numpy as np
from numpy.typing import NDArray

GLASS = (244, 244, 244)
"""Colour of empty glass in the osteosarcoma scans: the median over their white areas."""

RgbImage = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class MosaicLayout:
    """Where images of one size stand on a common slide."""

    corners_px0: tuple[tuple[int, int], ...]
    """Top-left corner of each image in level-0 pixels, x then y."""
    image_px: tuple[int, int]
    """Width and height of every image."""
    size_px: tuple[int, int]
    """Width and height of the slide; whole at every level of the pyramid."""


def lay_mosaic(
    n_images: int, image_px: tuple[int, int], *, columns: int, gap_px: int, levels: int, whole_px: int = 1
) -> MosaicLayout:
    """Place images in rows, with glass around each.

    Parameters
    ----------
    n_images : int
        How many.
    image_px : tuple of int
        Width and height of every image in pixels.
    columns : int
        Images in a row.
    gap_px : int
        Width of the glass between images and around all of them, in pixels.
    levels : int
        Levels of the pyramid: the slide's size is a multiple of ``2 ** (levels - 1)``, so that every
        level is exactly half of the one before.
    whole_px : int
        The slide's size is a multiple of this as well: of a tile's width, so that whole tiles cover it.

    Returns
    -------
    MosaicLayout
        Corners in reading order.
    """
    corners = tuple(
        (
            gap_px + (position % columns) * (image_px[0] + gap_px),
            gap_px + (position // columns) * (image_px[1] + gap_px),
        )
        for position in range(n_images)
    )
    rows = -(-n_images // columns)
    whole = lcm(2 ** (levels - 1), whole_px)
    extents = (columns * (image_px[0] + gap_px) + gap_px, rows * (image_px[1] + gap_px) + gap_px)
    width, height = (-(-extent // whole) * whole for extent in extents)
    return MosaicLayout(corners_px0=corners, image_px=image_px, size_px=(width, height))


def paint_mosaic(images: Sequence[RgbImage], layout: MosaicLayout) -> RgbImage:
    """Put the images on glass.

    Parameters
    ----------
    images : sequence of ndarray of uint8, (height, width, 3)
        One for each corner of the layout.
    layout : MosaicLayout
        Where they go.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        The whole slide.
    """
    canvas = np.empty((layout.size_px[1], layout.size_px[0], 3), dtype=np.uint8)
    canvas[:] = GLASS
    width, height = layout.image_px
    for image, (x, y) in zip(images, layout.corners_px0, strict=True):
        if image.shape != (height, width, 3):
            raise ValueError(f"An image of the mosaic has shape {image.shape}, not {(height, width, 3)}.")
        canvas[y : y + height, x : x + width] = image
    return canvas


def pyramid_of(image: RgbImage, levels: int) -> list[RgbImage]:
    """Halve an image again and again by averaging areas of 2 x 2 pixels.

    Each level is averaged from the one before without rounding in between.

    Parameters
    ----------
    image : ndarray of uint8, (height, width, 3)
        Width and height are multiples of ``2 ** (levels - 1)``.
    levels : int
        Levels in all, the image itself included.

    Returns
    -------
    list of ndarray of uint8
        The finest level first.
    """
    whole = 2 ** (levels - 1)
    height, width = image.shape[:2]
    if height % whole or width % whole:
        raise ValueError(f"{width} x {height} pixels cannot be halved {levels - 1} times.")
    pyramid = [image]
    exact = image.astype(np.float32)
    for _ in range(levels - 1):
        exact = exact.reshape(exact.shape[0] // 2, 2, exact.shape[1] // 2, 2, 3).mean(axis=(1, 3))
        pyramid.append(np.rint(exact).astype(np.uint8))
    return pyramid
