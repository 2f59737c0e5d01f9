r"""Measure blur from how fast detail vanishes towards fine scales, whatever the amount of detail.

Gaussians of widths :math:`s_j` (doubling) cut an image into bands; :math:`E_j` is the mean square of the band
between :math:`s_j` and :math:`s_{j+1}`. An image of step edges under a Gaussian blur of width :math:`b` has

.. math:: E_j \propto 2\sqrt{\frac{s_j^2 + s_{j+1}^2}{2} + b^2} - \sqrt{s_j^2 + b^2} - \sqrt{s_{j+1}^2 + b^2},

(the power spectrum of edges falls with the cube of frequency in two dimensions, and
:math:`\int_0^\infty k^{-2} \sum_i a_i e^{-c_i k^2} dk = -\sqrt{\pi} \sum_i a_i \sqrt{c_i}` for
:math:`\sum_i a_i = 0`). The ratio of two bands does not depend on contrast or on the number of edges, only on
:math:`b`: stroma with few nuclei is as sharp as dense tumour. The variance of the Laplacian, which is usually
taken, calls such stroma blurred. Tissue is rougher than step edges, so that a sharp image reads 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]

N_SCALES = 4
"""Widths of the Gaussians: 1, 2, 4 and 8 times the finest."""
TRUNCATE = 3.0
"""Gaussians end at this multiple of their width."""
_LARGEST_BLUR = 40.0
"""In units of the finest width."""


def margin_px(scale_px: float) -> int:
    """Return how many pixels around a square have a part in its blur."""
    return int(np.ceil(TRUNCATE * scale_px * 2 ** (N_SCALES - 1)))


def cell_blur(
    grey: Floats, cell_px: int, *, scale_px: float, least_contrast: float, before: tuple[int, int] = (0, 0)
) -> Floats:
    """Measure the blur of each square of an image.

    Parameters
    ----------
    grey : ndarray of float32, (height, width)
        Grey levels, 0 to 255; best with a margin (`margin_px`) around the squares.
    cell_px : int
        Width of a square.
    scale_px : float
        Width of the finest Gaussian, at least 1.
    least_contrast : float
        Least standard deviation of the coarser of two bands.
    before : tuple of int
        Rows and columns of margin before the first square.

    Returns
    -------
    ndarray of float32, (n_rows, n_columns)
        All whole squares after the margin. Blur in pixels; NaN where there is too little contrast to say.
    """
    energies = _band_energies(grey, cell_px, scale_px, before)
    blur = np.full(energies[0].shape, np.nan, np.float32)
    # The finest pair of bands that has contrast decides; strong blur leaves only the coarse pair.
    for finer in reversed(range(N_SCALES - 2)):
        has_contrast = energies[finer + 1] >= least_contrast**2
        ratio = energies[finer] / np.maximum(energies[finer + 1], 1e-6)
        width = blur_of_ratio(ratio, finest=scale_px * 2**finer)
        blur[has_contrast] = width[has_contrast]
    return blur


def band_ratio(blur: NDArray[np.floating], *, finest: float) -> NDArray[np.float64]:
    """Ratio of the energies of two neighbouring bands in an image of step edges.

    Parameters
    ----------
    blur : ndarray
        Width of the Gaussian blur.
    finest : float
        Width of the finest Gaussian of the finer band, in the same unit.
    """
    finer = _edge_energy(finest, 2 * finest, blur)
    return np.asarray(finer / _edge_energy(2 * finest, 4 * finest, blur))


def blur_of_ratio(ratio: NDArray[np.floating], *, finest: float) -> Floats:
    """Invert `band_ratio`; 0 where an image is sharper than step edges."""
    widths = np.linspace(0, _LARGEST_BLUR * finest, 2001)
    ratios = band_ratio(widths, finest=finest)  # falls with the width
    return np.interp(-np.asarray(ratio, np.float64), -ratios, widths).astype(np.float32)


def _edge_energy(narrow: float, wide: float, blur: NDArray[np.floating]) -> NDArray[np.float64]:
    square = np.square(np.asarray(blur, np.float64))
    middle = np.sqrt((narrow**2 + wide**2) / 2 + square)
    return np.asarray(2 * middle - np.sqrt(narrow**2 + square) - np.sqrt(wide**2 + square))


def _band_energies(grey: Floats, cell_px: int, scale_px: float, before: tuple[int, int]) -> list[Floats]:
    """Mean square of each band in each square."""
    top, left = before
    rows, columns = ((side - skip) // cell_px for side, skip in zip(grey.shape, before, strict=True))
    energies = []
    narrow: Floats | None = None
    for j in range(N_SCALES):
        wide = ndimage.gaussian_filter(grey, scale_px * 2**j, mode="nearest", truncate=TRUNCATE)
        if narrow is not None:
            band = np.square(narrow - wide)[top : top + rows * cell_px, left : left + columns * cell_px]
            energies.append(band.reshape(rows, cell_px, columns, cell_px).mean(axis=(1, 3)))
        narrow = wide
    return energies
