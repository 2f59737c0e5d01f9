"""Lay a heatmap over the overview of its slide, exactly where the tiles are.

Every pixel of the picture asks which raster pixel its centre lies in; nothing is interpolated, so each tile
is one even block with sharp borders.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_histcode.heatmap import Heatmap
from napari_histcode.heatmap.colour import colourise

_LUMINANCE = (0.2126, 0.7152, 0.0722)


def resize_rgb(rgb: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a picture smoothly to a width and height in pixels."""
    if (rgb.shape[1], rgb.shape[0]) == size_px:
        return rgb
    return np.asarray(Image.fromarray(rgb).resize(size_px, Image.Resampling.LANCZOS))


def place_on(heatmap: Heatmap, size_px: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the raster column and row under the pixels of a picture of the whole slide.

    Parameters
    ----------
    heatmap : Heatmap
        The raster and where it lies.
    size_px : tuple of int
        Width and height of the picture in pixels.

    Returns
    -------
    columns : ndarray of int, (width,)
        Raster column under each picture column, -1 outside the raster.
    rows : ndarray of int, (height,)
        Raster row under each picture row, -1 outside the raster.
    """
    n_rows, n_columns = heatmap.raster.shape
    places = []
    for axis, count in enumerate((n_columns, n_rows)):
        centre_px0 = (np.arange(size_px[axis]) + 0.5) * (heatmap.slide.dimensions[axis] / size_px[axis])
        place = np.floor((centre_px0 - heatmap.origin_px0[axis]) / heatmap.pixel_px0[axis]).astype(np.intp)
        places.append(np.where((place >= 0) & (place < count), place, -1))
    return places[0], places[1]


def blend(
    overview_rgb: NDArray[np.uint8],
    heatmap: Heatmap,
    *,
    alpha: float = 0.5,
    colormap: str | None = None,
    limits: tuple[float, float] | None = None,
) -> NDArray[np.uint8]:
    """Mix a heatmap into a picture of the whole slide.

    Under the tiles the tissue is shown in grey, so that a colour there means a value and the colour bar
    can be believed; its structure stays visible. Elsewhere the picture is as it was.

    Parameters
    ----------
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide, in whatever resolution.
    heatmap : Heatmap
        What to lay over it.
    alpha : float
        Weight of the heatmap's colours, 0 to 1.
    colormap : str, optional
        Colour scale; the heatmap's default if not given.
    limits : tuple of float, optional
        Values at the ends of the colour scale; the heatmap's own if not given.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        The mixed picture.

    Raises
    ------
    ValueError
        If ``alpha`` is not from 0 to 1.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is a share from 0 to 1, not {alpha}.")
    height, width, _ = overview_rgb.shape
    columns, rows = place_on(heatmap, (width, height))
    colours = np.pad(colourise(heatmap, colormap, limits), ((0, 1), (0, 1), (0, 0)))
    over = colours[rows[:, np.newaxis], columns]  # -1 finds the transparent padding
    is_tile = over[..., 3:] > 0
    grey = (overview_rgb @ np.asarray(_LUMINANCE, np.float32))[..., np.newaxis]
    mixed = (1 - np.float32(alpha)) * grey + np.float32(alpha) * over[..., :3]
    return np.where(is_tile, np.round(mixed), overview_rgb).astype(np.uint8)
