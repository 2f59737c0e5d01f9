"""A picture of the agreement of a map with the reference, tile by tile, on the slide."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.comparison import MapComparison
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.tile_agreement import AGREEMENT_COLOURS, TileAgreement
from napari_histcode.export.blend import resize_rgb

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
    picture = resize_rgb(overview_rgb, (width, height)).astype(np.float64)
    raster = lattice.raster(compared.agreement, fill=TileAgreement.NOT_ASSESSED)
    # the middle of every picture pixel falls into one cell
    x = (np.arange(width) + 0.5) * extent[0] / width
    y = (np.arange(height) + 0.5) * extent[1] / height
    column = np.floor((x - lattice.origin_um[0]) / lattice.cell_um[0]).astype(np.intp)
    row = np.floor((y - lattice.origin_um[1]) / lattice.cell_um[1]).astype(np.intp)
    padded = np.pad(raster, 1, constant_values=TileAgreement.NOT_ASSESSED)
    shape = raster.shape
    kind = padded[np.clip(row + 1, 0, shape[0] + 1)[:, None], np.clip(column + 1, 0, shape[1] + 1)]
    for agreement, colour in colours.items():
        chosen = kind == agreement
        picture[chosen] = (1 - ALPHA) * picture[chosen] + ALPHA * np.asarray(colour)
    is_line = (np.arange(height)[:, None] + np.arange(width)) % _HATCH_PX == 0
    picture[(kind == HATCHED) & is_line] = _HATCH_COLOUR
    return np.rint(picture).astype(np.uint8)
