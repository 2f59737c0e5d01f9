"""Lay tiles of a fixed physical size over the tissue."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray
from shapely import contains_xy, prepare
from shapely.geometry.base import BaseGeometry

from napari_histcode.errors import NoTilesError
from napari_histcode.slide import Slide
from napari_histcode.tiling.grid import TileGrid, TilingConfig
from napari_histcode.tissue.mask import TissueMask

ROUNDING_PX0 = 1e-3
"""Lengths in level-0 pixels that differ by less are the same."""


def lay_tiles(
    slide: Slide, tissue: TissueMask, config: TilingConfig, *, roi: BaseGeometry | None = None
) -> TileGrid:
    """Choose the tiles of a slide that hold enough tissue.

    Tiles of one size are spread evenly from one edge of the slide to the other, as few as cover it with
    at least the asked overlap: none leaves the slide, and no strip at its edges is left out. The lattice
    never depends on tissue or region of interest, so that runs on parts of a slide share their tiles with
    a run on the whole.

    Parameters
    ----------
    slide : Slide
        The slide; its resolution must be known.
    tissue : TissueMask
        Where there is tissue.
    config : TilingConfig
        Size, overlap and least tissue of a tile.
    roi : shapely geometry, optional
        Region of interest in level-0 pixels; tiles whose centre it covers are kept.

    Returns
    -------
    TileGrid
        Tiles sorted by row, then column; all inside the slide.

    Raises
    ------
    MissingMppError
        If the slide's resolution is unknown.
    NoTilesError
        If the slide is smaller than a tile, or no tile has enough tissue (inside the region).
    """
    mpp = slide.require_mpp()
    size = (config.tile_um / mpp.x, config.tile_um / mpp.y)
    if min(d - f for d, f in zip(slide.dimensions, size, strict=True)) < -ROUNDING_PX0:
        width_um, height_um = slide.dimensions[0] * mpp.x, slide.dimensions[1] * mpp.y
        raise NoTilesError(
            f"{slide.record.alias} is {width_um:.0f} x {height_um:.0f} um, smaller than one tile of "
            f"{config.tile_um:.0f} um.",
            advice="Check the resolution (--mpp), or use a model with smaller tiles.",
        )

    longest = (config.stride_um / mpp.x, config.stride_um / mpp.y)
    (columns, stride_x), (rows, stride_y) = (
        _spread(d, f, s) for d, f, s in zip(slide.dimensions, size, longest, strict=True)
    )
    stride = (stride_x, stride_y)
    fraction = covered_fraction(tissue.mask, tissue.scale_px0, size, stride, (columns, rows))
    chosen = (fraction >= config.min_tissue) & (fraction > 0)
    if roi is not None:
        chosen &= _centres_inside(roi, size, stride, (columns, rows))
    row, column = np.nonzero(chosen)
    if not len(row):
        where = "in the region of interest" if roi is not None else "on the slide"
        raise NoTilesError(
            f"No tile of {config.tile_um:.0f} um {where} is at least {config.min_tissue:.0%} tissue.",
            advice="Draw the region over tissue, or lower the least share of tissue.",
        )
    return TileGrid(
        index=np.stack([column, row], axis=1).astype(np.int32),
        size_px0=size,
        stride_px0=stride,
        lattice_shape=(columns, rows),
        tissue_fraction=fraction[row, column].astype(np.float32),
        slide=slide.record,
        config=config,
        tissue_config=tissue.config,
        is_partial=roi is not None,
    )


def _spread(extent_px0: int, size_px0: float, longest_stride_px0: float) -> tuple[int, float]:
    """Return the number of tiles along one side and the stride that spreads them from edge to edge."""
    room = max(0.0, extent_px0 - size_px0)
    n_strides = ceil((room - ROUNDING_PX0) / longest_stride_px0)
    return n_strides + 1, room / n_strides if n_strides else longest_stride_px0


def covered_fraction(
    mask: NDArray[np.bool_],
    scale_px0: tuple[float, float],
    size_px0: tuple[float, float],
    stride_px0: tuple[float, float],
    lattice_shape: tuple[int, int],
) -> NDArray[np.float64]:
    """Exact share of every lattice tile that a mask covers, (rows, columns), from its integral image.

    The integral of a raster of unit pixels is bilinear within a pixel, so interpolating it linearly
    gives exact areas for footprints that end inside a mask pixel.

    Parameters
    ----------
    mask : ndarray of bool, (height, width)
        The mask; its corner is the slide's.
    scale_px0 : tuple of float
        Level-0 pixels per mask pixel along x and y.
    size_px0, stride_px0 : tuple of float
        Size and spacing of the tiles in level-0 pixels.
    lattice_shape : tuple of int
        Columns and rows of the lattice.
    """
    integral = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1))
    integral[1:, 1:] = mask.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    left, top = (
        np.arange(lattice_shape[axis], dtype=np.float64) * (stride_px0[axis] / scale_px0[axis])
        for axis in (0, 1)
    )
    right, bottom = (start + size_px0[axis] / scale_px0[axis] for axis, start in enumerate((left, top)))
    covered = (
        _bilinear(integral, bottom, right)
        - _bilinear(integral, top, right)
        - _bilinear(integral, bottom, left)
        + _bilinear(integral, top, left)
    )
    area = size_px0[0] / scale_px0[0] * size_px0[1] / scale_px0[1]
    return np.clip(covered / area, 0, 1)


def _bilinear(
    integral: NDArray[np.float64], ys: NDArray[np.float64], xs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values of the integral image at the outer product of ``ys`` and ``xs``."""
    y0, fy = _split(ys, integral.shape[0] - 1)
    x0, fx = _split(xs, integral.shape[1] - 1)
    upper, lower = integral[y0], integral[y0 + 1]
    along_y = upper + (lower - upper) * fy[:, None]
    return np.asarray(along_y[:, x0] * (1 - fx) + along_y[:, x0 + 1] * fx)


def _split(positions: NDArray[np.float64], last: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Whole and fractional part of positions, kept inside the raster."""
    clipped = np.clip(positions, 0, last)
    whole = np.minimum(clipped.astype(np.intp), last - 1)
    return whole, clipped - whole


def _centres_inside(
    roi: BaseGeometry, size: tuple[float, float], stride: tuple[float, float], shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """(rows, columns) whether the region of interest covers the centre of each tile."""
    prepare(roi)
    xs = np.arange(shape[0]) * stride[0] + size[0] / 2
    ys = np.arange(shape[1]) * stride[1] + size[1] / 2
    return np.asarray(contains_xy(roi, *np.meshgrid(xs, ys)))
