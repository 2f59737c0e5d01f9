"""Lay a heatmap over the overview of its slide, exactly where the tiles are.

Every pixel of the picture asks which raster pixel its centre lies in; nothing is interpolated, so each tile
is one even block with sharp borders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_histcode.export.figures.view import Box, whole_box
from napari_histcode.heatmap import Heatmap
from napari_histcode.heatmap.colour import colourise

_LUMINANCE = (0.2126, 0.7152, 0.0722)


def resize_rgb(rgb: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a picture smoothly to a width and height in pixels."""
    if (rgb.shape[1], rgb.shape[0]) == size_px:
        return rgb
    return np.asarray(Image.fromarray(rgb).resize(size_px, Image.Resampling.LANCZOS))


def place_on(
    heatmap: Heatmap, size_px: tuple[int, int], box_px0: Box | None = None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the raster column and row under the pixels of a picture of the slide.

    Parameters
    ----------
    heatmap : Heatmap
        The raster and where it lies.
    size_px : tuple of int
        Width and height of the picture in pixels.
    box_px0 : tuple of float, optional
        Left, top, width and height of what it shows in level-0 pixels; the whole slide if not given.

    Returns
    -------
    columns : ndarray of int, (width,)
        Raster column under each picture column, -1 outside the raster.
    rows : ndarray of int, (height,)
        Raster row under each picture row, -1 outside the raster.
    """
    n_rows, n_columns = heatmap.raster.shape
    box = box_px0 or whole_box(heatmap.slide)
    places = []
    for axis, count in enumerate((n_columns, n_rows)):
        centre_px0 = box[axis] + (np.arange(size_px[axis]) + 0.5) * (box[axis + 2] / size_px[axis])
        place = np.floor((centre_px0 - heatmap.origin_px0[axis]) / heatmap.pixel_px0[axis]).astype(np.intp)
        places.append(np.where((place >= 0) & (place < count), place, -1))
    return places[0], places[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Paint:
    """The colours of a heatmap, worked out once, to be laid over any number of pictures of its slide."""

    heatmap: Heatmap
    """What is painted."""
    alpha: float
    """Weight of its colours over the tissue, 0 to 1."""
    colours: NDArray[np.uint8]
    """(rows + 1, columns + 1, 4) RGBA; the last row and column are transparent and stand for outside."""

    def over(self, rgb: NDArray[np.uint8], box_px0: Box | None = None) -> NDArray[np.uint8]:
        """Mix the colours into a picture.

        Parameters
        ----------
        rgb : ndarray of uint8, (height, width, 3)
            A part of the slide.
        box_px0 : tuple of float, optional
            What it shows in level-0 pixels; the whole slide if not given.

        Returns
        -------
        ndarray of uint8, (height, width, 3)
            The mixed picture.
        """
        columns, rows = place_on(self.heatmap, (rgb.shape[1], rgb.shape[0]), box_px0)
        over = self.colours[rows[:, np.newaxis], columns]  # -1 finds the transparent padding
        is_tile = over[..., 3:] > 0
        if not is_tile.any():
            return rgb
        grey = (rgb @ np.asarray(_LUMINANCE, np.float32))[..., np.newaxis]
        mixed = (1 - np.float32(self.alpha)) * grey + np.float32(self.alpha) * over[..., :3]
        return np.where(is_tile, np.round(mixed), rgb).astype(np.uint8)


def mix_paint(
    heatmap: Heatmap,
    *,
    alpha: float = 0.5,
    colormap: str | None = None,
    limits: tuple[float, float] | None = None,
) -> Paint:
    """Work out the colours of a heatmap; see `blend` for the arguments."""
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is a share from 0 to 1, not {alpha}.")
    colours = np.pad(colourise(heatmap, colormap, limits), ((0, 1), (0, 1), (0, 0)))
    return Paint(heatmap=heatmap, alpha=alpha, colours=colours)


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
    return mix_paint(heatmap, alpha=alpha, colormap=colormap, limits=limits).over(overview_rgb)
