"""Find tissue out of focus: read it block by block at about 1 um/px and measure blur square by square."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.morphology import remove_small_objects

from napari_histcode.progress import CancelToken, Progress, ProgressCallback
from napari_histcode.slide import Slide
from napari_histcode.slide.damage import read_around_damage
from napari_histcode.tissue.mask import TissueMask
from napari_histcode.tissue.quality import FocusConfig
from napari_histcode.tissue.quality_blur import Floats, cell_blur, margin_px

STAGE = "checking focus"
"""What progress calls it."""
CELLS_A_BLOCK = 8
"""Squares along each side of what is read at once: bounds the memory whatever the slide."""
_MAX_THREADS = 4
_BLOCKS_AHEAD = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class BlurMap:
    """Blur of each square of a slide."""

    blur_um: Floats
    """(rows, columns) standard deviation of a Gaussian in micrometres; NaN where it was not judged."""
    cell_px0: tuple[float, float]
    """Width and height of a square in level-0 pixels; the first corner is the slide's."""


def measure_blur(
    slide: Slide,
    tissue: TissueMask,
    config: FocusConfig,
    *,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> BlurMap:
    """Measure the blur of the tissue of a slide.

    Parameters
    ----------
    slide : Slide
        The slide, no coarser than ``config.coarsest_mpp``.
    tissue : TissueMask
        Where to look.
    config : FocusConfig
        Resolution, squares and least contrast.
    progress : callable
        Called after each block.
    cancel : CancelToken
        Looked at before each block.

    Raises
    ------
    AnalysisCancelledError
        If `cancel` was set.
    """
    mpp = slide.require_mpp()
    reading_mpp = max(config.mpp, mpp.mean)
    cell_px = max(1, round(config.cell_um / reading_mpp))
    cell_px0 = (cell_px * reading_mpp / mpp.x, cell_px * reading_mpp / mpp.y)
    shape = (
        math.ceil(slide.dimensions[1] / cell_px0[1]),
        math.ceil(slide.dimensions[0] / cell_px0[0]),
    )
    judged = _cell_share(tissue, cell_px0, shape) >= config.least_tissue
    blur = np.full(shape, np.nan, np.float32)
    blocks = list(_blocks(judged))
    start = time.monotonic()
    measure = partial(_measure_block, slide, cell_px=cell_px, cell_px0=cell_px0, config=config)
    n_threads = min(_MAX_THREADS, os.cpu_count() or 1)
    step = n_threads * _BLOCKS_AHEAD
    with ThreadPoolExecutor(n_threads, thread_name_prefix="focus") as threads:
        for first in range(0, len(blocks), step):
            cancel.raise_if_cancelled()
            some = blocks[first : first + step]
            for place, found in zip(some, threads.map(measure, some), strict=True):
                blur[place] = found
            elapsed = time.monotonic() - start
            done = min(first + step, len(blocks))
            progress(Progress(stage=STAGE, done=done, total=len(blocks), unit="blocks", elapsed_s=elapsed))
    blur[~judged] = np.nan
    return BlurMap(blur_um=blur * reading_mpp, cell_px0=cell_px0)


def find_blur(blur: BlurMap, tissue: TissueMask, config: FocusConfig) -> NDArray[np.bool_]:
    """Return where the tissue mask's pixels are out of focus, (height, width)."""
    mpp = tissue.slide.mpp
    if mpp is None:
        raise ValueError("A blur map needs the slide's resolution.")
    cell_mm2 = blur.cell_px0[0] * mpp.x * blur.cell_px0[1] * mpp.y / 1e6
    is_blurred = np.nan_to_num(blur.blur_um, nan=0.0) > config.most_blur_um
    n_least = math.ceil(config.min_area_mm2 / cell_mm2)
    is_blurred = remove_small_objects(is_blurred, max_size=max(0, n_least - 1), connectivity=2)
    height, width = tissue.mask.shape
    row = ((np.arange(height) + 0.5) * tissue.scale_px0[1] / blur.cell_px0[1]).astype(np.intp)
    column = ((np.arange(width) + 0.5) * tissue.scale_px0[0] / blur.cell_px0[0]).astype(np.intp)
    row, column = np.minimum(row, len(is_blurred) - 1), np.minimum(column, is_blurred.shape[1] - 1)
    return np.asarray(is_blurred[np.ix_(row, column)] & tissue.mask)


def _blocks(judged: NDArray[np.bool_]) -> Iterator[tuple[slice, slice]]:
    """List the blocks of squares that hold one to judge."""
    for row in range(0, judged.shape[0], CELLS_A_BLOCK):
        for column in range(0, judged.shape[1], CELLS_A_BLOCK):
            place = (
                slice(row, min(row + CELLS_A_BLOCK, judged.shape[0])),
                slice(column, min(column + CELLS_A_BLOCK, judged.shape[1])),
            )
            if judged[place].any():
                yield place


def _measure_block(
    slide: Slide,
    place: tuple[slice, slice],
    *,
    cell_px: int,
    cell_px0: tuple[float, float],
    config: FocusConfig,
) -> Floats:
    """Read a block with its margin and measure its squares; those beyond the slide's edge stay NaN."""
    rows, columns = place
    margin = margin_px(1.0)
    per_px = (cell_px0[0] / cell_px, cell_px0[1] / cell_px)
    top, left = rows.start * cell_px, columns.start * cell_px
    before = (min(margin, top), min(margin, left))
    # The last squares may reach beyond the slide: what is not there is not read, and they are cut.
    ends = [math.floor(extent / step) for extent, step in zip(slide.dimensions, per_px, strict=True)]
    bottom = min(rows.stop * cell_px + margin, ends[1])
    right = min(columns.stop * cell_px + margin, ends[0])
    grey = _read_grey(slide, (left - before[1], top - before[0], right, bottom), per_px)
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    found = np.full(shape, np.nan, np.float32)
    if min(grey.shape) < cell_px:
        return found
    blur = cell_blur(grey, cell_px, scale_px=1.0, least_contrast=config.least_contrast, before=before)
    n_rows, n_columns = min(shape[0], blur.shape[0]), min(shape[1], blur.shape[1])
    found[:n_rows, :n_columns] = blur[:n_rows, :n_columns]
    return found


def _read_grey(slide: Slide, box: tuple[int, int, int, int], per_px: tuple[float, float]) -> Floats:
    """Read left, top, right, bottom, in pixels of ``per_px`` level-0 pixels, as grey; damage is white."""
    left, top, right, bottom = box
    level = _level_for(slide, max(per_px))
    scale = [px / downsample for px, downsample in zip(per_px, slide.level_downsamples[level], strict=True)]
    exact = (left * scale[0], top * scale[1], right * scale[0], bottom * scale[1])
    x0, y0 = math.floor(exact[0] + 1e-6), math.floor(exact[1] + 1e-6)
    x1, y1 = math.ceil(exact[2] - 1e-6), math.ceil(exact[3] - 1e-6)
    pixels, _ = read_around_damage(slide, level, (x0, y0), (x1 - x0, y1 - y0))
    grey = pixels.mean(axis=2, dtype=np.float32)
    size = (right - left, bottom - top)
    inner = (exact[0] - x0, exact[1] - y0, min(exact[2] - x0, x1 - x0), min(exact[3] - y0, y1 - y0))
    resized = Image.fromarray(grey).resize(size, Image.Resampling.BOX, box=inner)
    return np.asarray(resized, np.float32)


def _level_for(slide: Slide, downsample: float) -> int:
    """Return the coarsest level that is as fine as asked, to 2 %."""
    fine = [level for level, scales in enumerate(slide.level_downsamples) if max(scales) <= 1.02 * downsample]
    return max(fine, key=lambda level: max(slide.level_downsamples[level]), default=0)


def _cell_share(tissue: TissueMask, cell_px0: tuple[float, float], shape: tuple[int, int]) -> Floats:
    """Share of tissue of each square, by the pixels of the mask whose centres lie in it."""
    height, width = tissue.mask.shape
    row = ((np.arange(height) + 0.5) * tissue.scale_px0[1] / cell_px0[1]).astype(np.intp)
    column = ((np.arange(width) + 0.5) * tissue.scale_px0[0] / cell_px0[0]).astype(np.intp)
    row, column = np.minimum(row, shape[0] - 1), np.minimum(column, shape[1] - 1)
    place = (row[:, None] * shape[1] + column).ravel()
    n_cells = shape[0] * shape[1]
    n_pixels = np.bincount(place, minlength=n_cells)
    n_tissue = np.bincount(place, weights=tissue.mask.ravel(), minlength=n_cells)
    return (n_tissue / np.maximum(n_pixels, 1)).reshape(shape).astype(np.float32)
