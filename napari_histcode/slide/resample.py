"""Area averaging between rasters whose scales need not be whole numbers."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Sample = TypeVar("Sample", np.uint8, np.uint16)


def area_average(
    image: NDArray[Sample], box_px: tuple[float, float, float, float], size_px: tuple[int, int]
) -> NDArray[Sample]:
    """Average a box of an image down to a size.

    Output pixel (column, row) is the mean, rounded to nearest, of the image pixels whose centres lie in its
    share of the box. Shares are laid out over the whole box at once, so that positions never drift, whatever
    the ratio. A share without a centre, where the box is enlarged, takes the nearest pixel after it.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, (height, width, n_samples)
        Source.
    box_px : tuple of float
        Left, top, right, bottom of the box in pixels of `image`, fractions allowed.
    size_px : tuple of int
        Width and height of the result.

    Returns
    -------
    ndarray of the same type, (height, width, n_samples)
        A new array.
    """
    left, top, right, bottom = box_px
    row_starts, row_counts = _shares(top, bottom, size_px[1], image.shape[0])
    column_starts, column_counts = _shares(left, right, size_px[0], image.shape[1])
    first, last = column_starts[0], column_starts[-1] + column_counts[-1]
    # rows first: whole rows add up several times faster than any other order
    highest = int(np.iinfo(image.dtype).max)
    small = np.min_scalar_type(highest * max(257, int(row_counts.max())))
    rows = np.empty((size_px[1], last - first, image.shape[2]), small)
    for row, (start, count) in enumerate(zip(row_starts, row_counts, strict=True)):
        np.add.reduce(image[start : start + count, first:last], axis=0, dtype=small, out=rows[row])
    n_pixels = (row_counts[:, np.newaxis] * column_counts)[..., np.newaxis]
    large = np.min_scalar_type((highest + 1) * max(2**20, int(n_pixels.max())))
    sums = np.add.reduceat(rows, column_starts - first, axis=1, dtype=large)
    n_pixels = n_pixels.astype(large)
    average: NDArray[Sample] = ((sums + n_pixels // 2) // n_pixels).astype(image.dtype)
    return average


def _shares(start: float, stop: float, n: int, length: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first pixel and the number of pixels (at least 1) of each of `n` equal shares."""
    edges = np.ceil(np.linspace(start, stop, n + 1) - 0.5).astype(np.intp)
    starts = np.clip(edges[:-1], 0, length - 1)
    return starts, np.maximum(1, np.clip(edges[1:], 0, length) - starts)
