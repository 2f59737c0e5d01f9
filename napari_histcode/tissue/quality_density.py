"""Optical density of an overview: how much light ink and tissue take away, colour by colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]

DARKEST_GLASS = 200.0
"""Glass transmits at least this much of 255 in every colour."""
USUAL_GLASS = 242.0
"""What glass transmits where the picture shows none."""
NOTHING_SCANNED = 5
"""Pixels whose brightest channel is below this (of 255) were never scanned."""
LEAST_GLASS = 0.01
"""Share of the picture from which on its glass is measured."""


def glass_colour(overview: NDArray[np.uint8], tissue: NDArray[np.bool_]) -> Floats:
    """Measure the colour of the light that came through bare glass.

    Parameters
    ----------
    overview : ndarray of uint8, (height, width, 3)
        The slide.
    tissue : ndarray of bool, (height, width)
        Where there is tissue.

    Returns
    -------
    ndarray of float32, (3,)
        Median red, green and blue of bright pixels beside the tissue; `USUAL_GLASS` where they are too few.
    """
    is_glass = ~tissue & (overview.min(axis=2) >= DARKEST_GLASS)
    if is_glass.mean() < LEAST_GLASS:
        return np.full(3, USUAL_GLASS, np.float32)
    return np.asarray(np.median(overview[is_glass], axis=0), np.float32)


def optical_density(overview: NDArray[np.uint8], glass: Floats, *, width_px: int) -> Floats:
    """Compute the optical density, smoothed by a mean filter.

    Parameters
    ----------
    overview : ndarray of uint8, (height, width, 3)
        The slide.
    glass : ndarray of float32, (3,)
        Colour of bare glass.
    width_px : int
        Width of the mean filter in pixels, at least 1.

    Returns
    -------
    ndarray of float32, (height, width, 3)
        ``ln(glass / pixel)``, at least 0; 0 where nothing was scanned.
    """
    density = np.log(glass / np.maximum(overview, 1).astype(np.float32))
    np.maximum(density, 0, out=density)
    density[overview.max(axis=2) < NOTHING_SCANNED] = 0
    for colour in range(3):
        ndimage.uniform_filter(density[..., colour], width_px, output=density[..., colour])
    return np.asarray(density, np.float32)
