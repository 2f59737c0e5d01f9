"""A picture of the agreement of a map with the reference, tile by tile, on the slide."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.comparison import MapComparison
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.tile_agreement import AGREEMENT_COLOURS, TileAgreement
from napari_histcode.export.figures.blend import resize_rgb
from napari_histcode.export.figures.view import Box, whole_box

PICTURE_PX = 900
"""Longer side of the picture in pixels."""

ALPHA = 0.75
"""Weight of the colours over the tissue."""

HATCHED = TileAgreement.FALSE_NEGATIVE
"""Tiles that are hatched as well: yellow is close to some stains."""

_HATCH_PX = 7
_HATCH_COLOUR = 40


def draw_agreement(
    compared: MapComparison,
    lattice: TileLattice,
    overview_rgb: NDArray[np.uint8],
    *,
    colours: Mapping[TileAgreement, tuple[int, int, int]] = AGREEMENT_COLOURS,
    size: int = PICTURE_PX,
) -> NDArray[np.uint8]:
    """Paint true and false positives, false negatives and border tiles over the slide.

    Parameters
    ----------
    compared : MapComparison
        The map's comparison.
    lattice : TileLattice
        Cells of its tiles.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide.
    colours : mapping
        Colour of each kind of tile; kinds without one are not painted.
    size : int
        Longer side of the picture in pixels.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        The picture; its sides relate as on the slide in micrometres.
    """
    grid = lattice.grid
    extent = np.array(grid.slide.dimensions) * (grid.mpp.x, grid.mpp.y)
    width, height = (max(1, round(side)) for side in extent * size / extent.max())
    picture = resize_rgb(overview_rgb, (width, height))
    return paint_agreement(picture, compared.agreement, lattice, colours=colours)


def paint_agreement(
    picture_rgb: NDArray[np.uint8],
    agreement: NDArray[np.int8],
    lattice: TileLattice,
    *,
    box_px0: Box | None = None,
    colours: Mapping[TileAgreement, tuple[int, int, int]] = AGREEMENT_COLOURS,
    hatch_px: int = _HATCH_PX,
) -> NDArray[np.uint8]:
    """Paint what map and reference say of every tile into a picture of the slide, or of a part of it.

    Parameters
    ----------
    picture_rgb : ndarray of uint8, (height, width, 3)
        The picture.
    agreement : ndarray of int8, (n_tiles,)
        Values of `TileAgreement`.
    lattice : TileLattice
        Cells of the tiles.
    box_px0 : tuple of float, optional
        What the picture shows in level-0 pixels; the whole slide if not given.
    colours : mapping
        Colour of each kind of tile; kinds without one are not painted.
    hatch_px : int
        Distance of the lines over `HATCHED` tiles.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        The painted picture.
    """
    grid = lattice.grid
    box = box_px0 or whole_box(grid.slide)
    mpp = grid.mpp.x, grid.mpp.y
    raster = lattice.raster(agreement, fill=TileAgreement.NOT_ASSESSED)
    padded = np.pad(raster, 1, constant_values=TileAgreement.NOT_ASSESSED)
    height, width, _ = picture_rgb.shape
    places = []
    for axis, n_pixels in enumerate((width, height)):
        # the middle of every picture pixel falls into one cell
        middle = box[axis] + (np.arange(n_pixels) + 0.5) * box[axis + 2] / n_pixels
        cell = np.floor((middle * mpp[axis] - lattice.origin_um[axis]) / lattice.cell_um[axis])
        places.append(np.clip(cell.astype(np.intp) + 1, 0, raster.shape[1 - axis] + 1))
    kind = padded[places[1][:, None], places[0]]
    painted = picture_rgb.astype(np.float64)
    for value, colour in colours.items():
        chosen = kind == value
        painted[chosen] = (1 - ALPHA) * painted[chosen] + ALPHA * np.asarray(colour)
    is_line = (np.arange(height)[:, None] + np.arange(width)) % hatch_px < max(1, hatch_px // _HATCH_PX)
    painted[(kind == HATCHED) & is_line] = _HATCH_COLOUR
    return np.rint(painted).astype(np.uint8)
