"""A slide with a heatmap over it as a pyramid whose tiles are made when they are asked for.

Level ``k`` has pixels of ``2^k`` times the finest one's size, and every level begins at the same corner. The
finest level's sides are made whole multiples of the coarsest one's (white beyond the slide), so that the
ratio of their shapes, which readers take for the scale, is exact.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from napari_histcode.export.figures.blend import Paint
from napari_histcode.export.figures.view import Box, View, read_view
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.slide import Slide

TILE_PX = 512
"""Width and height of a tile."""

STAGE = "rendering the overlay"
"""What progress calls it."""

_COARSEST_PX = 512
_MOST_THREADS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class OverlayPyramid:
    """What is to be rendered: a slide, the paint over it, a region and a resolution."""

    slide: Slide
    """Where the pixels come from."""
    paint: Paint
    """What is laid over them."""
    box_px0: Box
    """The region in level-0 pixels."""
    mpp: float
    """Micrometres per pixel of the finest level, along x and y alike."""

    @property
    def px0_per_px(self) -> tuple[float, float]:
        """Level-0 pixels per pixel of the finest level along x and y."""
        mpp = self.slide.require_mpp()
        return self.mpp / mpp.x, self.mpp / mpp.y

    @property
    def n_levels(self) -> int:
        """Levels, each half as wide and high as the one before, until one tile holds the last."""
        longest = max(self._least_size)
        return 1 + max(0, ceil(log2(longest / _COARSEST_PX)))

    @property
    def _least_size(self) -> tuple[int, int]:
        across, down = (side / step for side, step in zip(self.box_px0[2:], self.px0_per_px, strict=True))
        return max(1, ceil(across - 1e-6)), max(1, ceil(down - 1e-6))

    def size_px(self, level: int) -> tuple[int, int]:
        """Width and height of a level in pixels."""
        unit = 2 ** (self.n_levels - 1)
        width, height = (ceil(side / unit) * unit >> level for side in self._least_size)
        return width, height

    def n_tiles(self, level: int) -> tuple[int, int]:
        """Columns and rows of tiles of a level."""
        width, height = self.size_px(level)
        return ceil(width / TILE_PX), ceil(height / TILE_PX)

    def tile(self, level: int, column: int, row: int) -> NDArray[np.uint8]:
        """Render a tile: (512, 512, 3), or less at the right and lower edge."""
        width, height = self.size_px(level)
        step = tuple(2**level * side for side in self.px0_per_px)
        x, y = column * TILE_PX, row * TILE_PX
        size = min(TILE_PX, width - x), min(TILE_PX, height - y)
        box = (
            self.box_px0[0] + x * step[0],
            self.box_px0[1] + y * step[1],
            size[0] * step[0],
            size[1] * step[1],
        )  # fmt: skip
        return self.paint.over(read_view(self.slide, View(box_px0=box, size_px=size)), box)


def make_tiles(
    pyramid: OverlayPyramid,
    level: int,
    *,
    done: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
    """Render the tiles of a level row by row, on up to four threads.

    No more than a row of tiles is in memory.

    Parameters
    ----------
    pyramid : OverlayPyramid
        What to render.
    level : int
        Which level.
    done : int
        Tiles of other levels that are finished, for the progress.
    progress : callable
        Called after every row.
    cancel : CancelToken, optional
        Looked at before every tile.

    Yields
    ------
    column, row : int
        Place of the tile.
    rgb : ndarray of uint8, (height, width, 3)
        The tile.

    Raises
    ------
    AnalysisCancelledError
        If it was cancelled.
    """
    cancel = cancel or CancelToken()
    n_columns, n_rows = pyramid.n_tiles(level)
    total = count_tiles(pyramid)
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1), thread_name_prefix="overlay") as threads:
        for row in range(n_rows):

            def render(column: int, row: int = row) -> NDArray[np.uint8]:
                cancel.raise_if_cancelled()
                return pyramid.tile(level, column, row)

            rendered = list(threads.map(render, range(n_columns)))
            # told before they are handed out: whoever takes the last tile may never ask again
            finished = done + (row + 1) * n_columns
            progress(Progress(stage=STAGE, done=finished, total=total, unit="tiles"))
            for column, rgb in enumerate(rendered):
                yield column, row, rgb


def count_tiles(pyramid: OverlayPyramid, *, below: int | None = None) -> int:
    """Count the tiles of all levels, or of those before one."""
    counts = [pyramid.n_tiles(level) for level in range(pyramid.n_levels if below is None else below)]
    return sum(columns * rows for columns, rows in counts)


def default_mpp(slide: Slide) -> float:
    """Choose the resolution of a rendered overlay: 1 um/px, or the slide's own where that is coarser."""
    mpp = slide.require_mpp()
    return max(1.0, mpp.x, mpp.y)
