"""Find dark folds: tissue that lies over itself is denser in every colour by the same factor.

Two layers absorb twice as much as one: every optical density doubles. More nuclei, more eosin or blood change
the mixture instead: one of the three colours stays nearly as it was. The measure is therefore the least of
three ratios, density over that of a single solid layer around, and not darkness or saturation, so that
dense tumour is not taken for a fold. Darkness against its surroundings is what earlier methods use [1]_.
Dense epithelium in loose stroma comes near it: there the share of gaps changes, and with it all colours.

References
----------
.. [1] S. Kothari, J. Phan, M. Wang: Eliminating tissue-fold artifacts in histopathological whole-slide images
   for improved image-based prediction of cancer grade, 2013.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold
from skimage.morphology import remove_small_objects

from napari_histcode.tissue.quality import FoldConfig
from napari_histcode.tissue.quality_density import Floats

Mask = NDArray[np.bool_]

_CELLS_A_REACH = 4
_N_BINS = 128
_HIGHEST = 3.2
_LEAST_USUAL = 0.08
"""Where tissue is paler than this, everything would be a fold beside it."""


def find_folds(density: Floats, tissue: Mask, *, pixel_um: float, config: FoldConfig) -> Mask:
    """Find dark folds in tissue.

    Parameters
    ----------
    density : ndarray of float32, (height, width, 3)
        Smoothed optical density, from `optical_density`.
    tissue : ndarray of bool, (height, width)
        Where to look, and what to compare with: tissue without ink.
    pixel_um : float
        Width of a pixel in micrometres.
    config : FoldConfig
        Ratios and least area.

    Returns
    -------
    ndarray of bool, (height, width)
        True on folds.
    """
    if not tissue.any():
        return np.zeros_like(tissue)
    reach_px = config.reach_um / pixel_um
    ratio = fold_ratio(density, tissue, reach_px=reach_px, quantile=config.usual_quantile)
    total = density.sum(axis=2)
    usual = float(np.quantile(total[tissue], config.usual_quantile))
    is_dense = (density.min(axis=2) >= config.least_density) & (total >= config.least_slide_ratio * usual)
    ratio[~(tissue & is_dense)] = 0
    folds = apply_hysteresis_threshold(ratio, config.least_ratio, config.certain_ratio)
    n_least = round(config.min_area_mm2 * 1e6 / pixel_um**2)
    return np.asarray(remove_small_objects(folds, max_size=max(0, n_least - 1), connectivity=2), np.bool_)


def fold_ratio(density: Floats, tissue: Mask, *, reach_px: float, quantile: float) -> Floats:
    """Compare each pixel with the tissue around, in the colour in which they differ least.

    Returns
    -------
    ndarray of float32, (height, width)
        Least over red, green and blue of density / local quantile; 1 is usual, 2 is a second layer.
    """
    ratio = np.full(tissue.shape, np.inf, np.float32)
    for colour in range(3):
        channel = density[..., colour]
        usual = np.maximum(
            local_quantile(channel, tissue, reach_px=reach_px, quantile=quantile), _LEAST_USUAL
        )
        np.minimum(ratio, channel / usual, out=ratio)
    return ratio


def local_quantile(values: Floats, chosen: Mask, *, reach_px: float, quantile: float) -> Floats:
    """Compute a quantile of the chosen pixels around each pixel.

    From histograms of square cells, summed over the cells around and interpolated between their centres: the
    time does not grow with the reach.

    Parameters
    ----------
    values : ndarray of float32, (height, width)
        From 0; what is above 3.2 counts as 3.2.
    chosen : ndarray of bool, (height, width)
        Pixels that count.
    reach_px : float
        Half the width of the square around, about.
    quantile : float
        From 0 to 1; 0.5 is the median.

    Returns
    -------
    ndarray of float32, (height, width)
        The quantile; that of all chosen pixels where there is none around.
    """
    height, width = values.shape
    cell = max(1, round(reach_px / _CELLS_A_REACH))
    rows, columns = -(-height // cell), -(-width // cell)
    y, x = np.nonzero(chosen)
    bins = np.minimum(values[y, x] * (_N_BINS / _HIGHEST), _N_BINS - 1).astype(np.intp)
    place = ((y // cell) * columns + x // cell) * _N_BINS + bins
    histograms = np.bincount(place, minlength=rows * columns * _N_BINS).astype(np.float32)
    histograms = histograms.reshape(rows, columns, _N_BINS)
    around = histograms
    for axis in (0, 1):
        window = np.ones(2 * _CELLS_A_REACH + 1, np.float32)
        around = ndimage.convolve1d(around, window, axis=axis, mode="constant")
    around[around.sum(axis=2) < 0.5] = histograms.sum(axis=(0, 1))
    found = _quantile_of(around, quantile)
    at_y = (np.arange(height) + 0.5) / cell - 0.5
    at_x = (np.arange(width) + 0.5) / cell - 0.5
    places = np.meshgrid(at_y, at_x, indexing="ij")
    return np.asarray(ndimage.map_coordinates(found, places, order=1, mode="nearest"), np.float32)


def _quantile_of(histograms: Floats, quantile: float) -> Floats:
    """Quantile of histograms (..., n_bins), exact to within a bin."""
    below = histograms.cumsum(axis=-1)
    first = np.argmax(below >= quantile * below[..., -1:], axis=-1)
    return np.asarray((first + 0.5) * (_HIGHEST / _N_BINS), np.float32)
