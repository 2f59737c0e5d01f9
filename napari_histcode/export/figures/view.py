"""A rectangle of a slide at a chosen size: read from the slide, or cut out of its overview."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_histcode.errors import RegionError
from napari_histcode.progress import CancelToken
from napari_histcode.slide import Slide
from napari_histcode.slide.damage import read_around_damage
from napari_histcode.slide.record import SlideRecord
from napari_histcode.tiling.read import choose_level

Box = tuple[float, float, float, float]
"""Left, top, width and height in level-0 pixels."""

_BAND_BYTES = 32 * 2**20
_EDGE = 1e-6  # of a pixel


@dataclass(frozen=True, kw_only=True)
class View:
    """A rectangle of a slide and the number of pixels that show it.

    Pixel ``i`` of a row covers level-0 ``left + i * width / size`` onwards; nothing is rounded.
    """

    box_px0: Box
    """Left, top, width and height in level-0 pixels; may reach over the slide's edge."""
    size_px: tuple[int, int]
    """Width and height of the picture in pixels."""

    @property
    def px0_per_px(self) -> tuple[float, float]:
        """Level-0 pixels per pixel of the picture along x and y."""
        return self.box_px0[2] / self.size_px[0], self.box_px0[3] / self.size_px[1]


def whole_box(record: SlideRecord) -> Box:
    """Return the box of the whole slide."""
    return 0.0, 0.0, float(record.dimensions[0]), float(record.dimensions[1])


def clipped_box(box_px0: Box, record: SlideRecord) -> Box:
    """Return the part of a box that lies on the slide.

    Raises
    ------
    RegionError
        If none of it does.
    """
    left, top, width, height = box_px0
    right, bottom = (
        min(a + b, c) for a, b, c in zip((left, top), (width, height), record.dimensions, strict=True)
    )
    left, top = max(0.0, left), max(0.0, top)
    if not (right > left and bottom > top):
        across, down = record.dimensions
        raise RegionError(
            f"The region {', '.join(f'{value:g}' for value in box_px0)} (x, y, width, height) shows nothing "
            f"of the slide of {across:,} x {down:,} px.",
            advice="Give it in level-0 pixels from the slide's top-left corner.",
        )
    return left, top, right - left, bottom - top


def read_view(slide: Slide, view: View, *, cancel: CancelToken | None = None) -> NDArray[np.uint8]:
    """Read a view from a slide.

    The coarsest level that is fine enough is read in bands of at most 32 MB and resampled from the exact
    sub-pixel box with a triangle filter; neighbouring views fit together without a seam. Damaged places and
    what lies beyond the slide are white.

    Parameters
    ----------
    slide : Slide
        The slide.
    view : View
        What to read.
    cancel : CancelToken, optional
        Looked at before every band.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        sRGB.

    Raises
    ------
    AnalysisCancelledError
        If it was cancelled.
    """
    width, height = view.size_px
    level = choose_level(slide.level_downsamples, min(view.px0_per_px))
    scale = slide.level_downsamples[level]
    left, top, across, down = (
        value / scale[axis % 2] for axis, value in enumerate(view.box_px0)
    )  # in pixels of the level
    step = down / height
    rows_a_band = max(1, floor(_BAND_BYTES / (3 * (across + 4)) / step))
    bands = []
    for first in range(0, height, rows_a_band):
        if cancel is not None:
            cancel.raise_if_cancelled()
        n_rows = min(rows_a_band, height - first)
        box = (left, top + first * step, across, n_rows * step)
        bands.append(_read_box(slide, level, box, (width, n_rows)))
    return bands[0] if len(bands) == 1 else np.concatenate(bands)


def _read_box(
    slide: Slide, level: int, box: tuple[float, float, float, float], size_px: tuple[int, int]
) -> NDArray[np.uint8]:
    """Read a box in pixels of a level, with as much around it as the filter reaches."""
    limits = slide.level_dimensions[level]
    starts, stops = [], []
    for axis in (0, 1):
        start, stop = box[axis], box[axis] + box[axis + 2]
        reach = ceil(max(1.0, box[axis + 2] / size_px[axis])) + 1
        first, last = floor(start + _EDGE) - reach, ceil(stop - _EDGE) + reach
        # the slide's own edge is no neighbour: nothing white shall bleed in over it
        starts.append(max(0, first) if start >= -_EDGE else first)
        stops.append(min(limits[axis], last) if stop <= limits[axis] + _EDGE else last)
    size = stops[0] - starts[0], stops[1] - starts[1]
    pixels, _ = read_around_damage(slide, level, (starts[0], starts[1]), size)
    x, y = box[0] - starts[0], box[1] - starts[1]
    is_whole = x.is_integer() and y.is_integer()
    if is_whole and size_px[0] == box[2] and size_px[1] == box[3]:
        column, row = int(x), int(y)
        return np.ascontiguousarray(pixels[row : row + size_px[1], column : column + size_px[0]])
    exact = max(0.0, x), max(0.0, y), min(size[0], x + box[2]), min(size[1], y + box[3])
    return np.asarray(Image.fromarray(pixels).resize(size_px, Image.Resampling.BILINEAR, box=exact))


def cut_view(overview_rgb: NDArray[np.uint8], record: SlideRecord, view: View) -> NDArray[np.uint8]:
    """Cut a view out of a picture of the whole slide, enlarged where it has too few pixels.

    Parameters
    ----------
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide, in whatever resolution.
    record : SlideRecord
        The slide.
    view : View
        What to cut out; on the slide.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        The view.
    """
    shape = overview_rgb.shape[1], overview_rgb.shape[0]
    factor = shape[0] / record.dimensions[0], shape[1] / record.dimensions[1]
    left, top, width, height = (value * factor[axis % 2] for axis, value in enumerate(view.box_px0))
    if (left, top, width, height) == (0, 0, *shape) and view.size_px == shape:
        return overview_rgb
    box = left, top, min(shape[0], left + width), min(shape[1], top + height)
    image = Image.fromarray(overview_rgb)
    return np.asarray(image.resize(view.size_px, Image.Resampling.LANCZOS, box=box))
