"""The whole slide at a coarse scale, for finding tissue and for pictures of results."""

from __future__ import annotations

import logging
import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from napari_histcode.progress import CancelToken
from napari_histcode.slide.damage import read_around_damage
from napari_histcode.slide.resample import area_average
from napari_histcode.slide.slide import RgbImage, Slide

logger = logging.getLogger(__name__)

_BAND_BYTES = 32 * 2**20
_MAX_THREADS = 4
_LEVEL_TOLERANCE = 1.01
"""A level that is coarser than asked by up to 1 % will do: 16.01 for 16, where the next is 4."""


def read_overview(
    slide: Slide, downsample: tuple[float, float], *, cancel: CancelToken | None = None
) -> RgbImage:
    """Read the whole slide, area-averaged.

    Pixels come from the coarsest level that is fine enough, in horizontal bands of at most 32 MB on up to
    four threads, so that memory stays bounded even for a large slide with a single level. Damaged parts are
    white.

    Parameters
    ----------
    slide : Slide
        The slide.
    downsample : tuple of float
        Level-0 pixels per overview pixel along x and y, at least 1.
    cancel : CancelToken, optional
        Looked at before every band.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        ``width = max(1, round(slide_width / downsample[0]))``, height alike. The corners are the slide's, so
        the exact scale is slide width / overview width: overview pixel i covers level-0 pixels from i to i +
        1 times that.

    Raises
    ------
    AnalysisCancelledError
        If `cancel` was set.
    """
    if min(downsample) < 1:
        raise ValueError(f"downsample must be at least 1, not {downsample}.")
    width = max(1, round(slide.dimensions[0] / downsample[0]))
    height = max(1, round(slide.dimensions[1] / downsample[1]))
    level = _coarsest_level_for(slide, downsample)
    level_width, level_height = slide.level_dimensions[level]

    rows_per_band = max(1, _BAND_BYTES // (level_width * 3))  # of the level
    # a band holds whole rows of the overview, or a whole fraction of one
    n_parts = math.ceil(level_height / height / rows_per_band)
    n_fine_rows = height * n_parts
    fine_per_band = max(1, math.floor(rows_per_band * n_fine_rows / level_height))
    starts = range(0, n_fine_rows, fine_per_band)
    fine = np.empty((n_fine_rows, width, 3), np.uint8)
    scale = level_height / n_fine_rows

    def read_band(start: int) -> bool:
        if cancel is not None:
            cancel.raise_if_cancelled()
        stop = min(n_fine_rows, start + fine_per_band)
        top, bottom = start * scale, min(level_height, stop * scale)
        y0 = math.floor(top)
        band, is_damaged = read_around_damage(slide, level, (0, y0), (level_width, math.ceil(bottom) - y0))
        box = (0, top - y0, level_width, bottom - y0)
        fine[start:stop] = area_average(band, box, (width, stop - start))
        return is_damaged

    n_threads = min(_MAX_THREADS, os.cpu_count() or 1, len(starts))
    with ThreadPoolExecutor(n_threads, thread_name_prefix="overview") as threads:
        n_damaged = sum(threads.map(read_band, starts))
    if n_damaged:
        _warn_of_damage(slide.record.alias)
    return fine if n_parts == 1 else area_average(fine, (0, 0, width, n_fine_rows), (width, height))


@lru_cache(maxsize=1024)
def _warn_of_damage(alias: str) -> None:
    """Say once a slide that a part of it is missing, however often its overview is read."""
    logger.warning("%s: parts of the file cannot be decoded; they are white and count as glass.", alias)


def _coarsest_level_for(slide: Slide, downsample: tuple[float, float]) -> int:
    fine_enough = [
        level
        for level, (x, y) in enumerate(slide.level_downsamples)
        if x <= downsample[0] * _LEVEL_TOLERANCE and y <= downsample[1] * _LEVEL_TOLERANCE
    ]
    return max(fine_enough, key=lambda level: slide.level_downsamples[level][0], default=0)
