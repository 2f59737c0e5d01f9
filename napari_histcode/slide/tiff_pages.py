"""Which pages of a TIFF are pyramid levels, and what their samples mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from napari_histcode.errors import NotASlideError
from napari_histcode.slide.backend import OtherReaderError
from napari_histcode.slide.pixels import PixelForm
from napari_histcode.slide.tiff_segments import SampleGrid

MAX_SEGMENT_BYTES = 64 * 2**20
"""Largest decoded tile or strip: beyond it, reading a corner of a slide would decode too much of it."""

_MIN_IS_WHITE, _MIN_IS_BLACK, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_APERIO_JPEG_2000_YCBCR = 33003
_CODECS_GIVING_RGB = {6, 7, 34892, 33007, 34712, 50001}  # JPEG variants, JPEG 2000, WebP
_PREMULTIPLIED, _STRAIGHT = 1, 2


def level_pages(tiff: Any, series_index: int) -> list[list[Any]]:
    """Return the pages of every level, the finest first; more than one page where channels are pages.

    tifffile recognises pyramids whose levels all differ by one factor of 2, 3 or 4. Further pages that are
    marked as reduced copies and have the slide's shape count too.

    Parameters
    ----------
    tiff : tifffile.TiffFile
        The open file.
    series_index : int
        The series that is the slide.

    Raises
    ------
    OtherReaderError
        If the pages are not of this file.
    """
    series = tiff.series[series_index]
    levels = [list(level) for level in series.levels]
    if any(page is None or page.parent is not tiff for pages in levels for page in pages):
        raise OtherReaderError("its pages are in several files")
    base = levels[0][0].keyframe
    known = {pages[0].keyframe.imagewidth for pages in levels}
    if not tiff.is_svs and len(levels[0]) == 1:
        for other in tiff.series:
            page = other.keyframe
            if other is series or len(other) != 1 or page.imagewidth in known:
                continue
            if page.is_reduced and page.is_tiled and _is_smaller_copy(base, page):
                known.add(page.imagewidth)
                levels.append([other[0]])
    return sorted(levels, key=lambda pages: -int(pages[0].keyframe.imagewidth))


def _is_smaller_copy(base: Any, page: Any) -> bool:
    """Whether both have the same kind of pixels and, to within a rounded pixel, the same shape."""
    has_same_pixels = (base.dtype, base.samplesperpixel, base.photometric) == (
        page.dtype,
        page.samplesperpixel,
        page.photometric,
    )
    width, height = base.imagewidth, base.imagelength
    misfit = abs(page.imagewidth * height - page.imagelength * width)
    return has_same_pixels and page.imagewidth < width and misfit <= width + height


def segment_size(page: Any) -> tuple[int, int]:
    """Return width and height of a page's native tiles, or of its strips.

    Raises
    ------
    OtherReaderError
        If one is too large to decode for a small read.
    """
    if page.is_tiled:
        size = int(page.tilewidth), int(page.tilelength)
    else:
        size = int(page.imagewidth), min(int(page.rowsperstrip), int(page.imagelength))
    n_bytes = math.prod(size) * page.samplesperpixel * page.dtype.itemsize
    if not 0 < n_bytes <= MAX_SEGMENT_BYTES:
        raise OtherReaderError(f"its tiles or strips are of {size[0]} x {size[1]} px")
    return size


def sample_grids(pages: list[Any]) -> list[SampleGrid]:
    """Return where the samples of a level are: together, in planes of one page, or in a page a channel."""
    grids = []
    for page in pages:
        keyframe = page.keyframe
        keyframe.init_decode()  # building the decoder is not thread-safe
        width, height = segment_size(keyframe)
        n_segments = math.ceil(keyframe.imagewidth / width) * math.ceil(keyframe.imagelength / height)
        n_planes = keyframe.samplesperpixel if keyframe.planarconfig == 2 else 1
        if min(len(page.dataoffsets), len(page.databytecounts)) < n_segments * n_planes:
            raise OtherReaderError("its list of tiles is incomplete")
        grids += [
            SampleGrid(
                page=keyframe,
                offsets=page.dataoffsets,
                byte_counts=page.databytecounts,
                first=plane * n_segments,
                jpeg_tables=page.jpegtables,
            )
            for plane in range(n_planes)
        ]
    return grids


def form_of(pages: list[Any]) -> PixelForm:
    """Return what the samples of a level mean.

    Grey, palette and RGB pages of 1 to 16 bits are read, with or without opacity, as are three grey pages or
    planes, which are taken as red, green and blue. Channels of fluorescence never come here (see
    `tiff_channels`); floating point is refused.

    Raises
    ------
    NotASlideError
        If they cannot be shown as RGB.
    OtherReaderError
        If another library may know how.
    """
    page = pages[0].keyframe
    samples, photometric = int(page.samplesperpixel), int(page.photometric)
    if page.dtype is None or page.dtype.kind not in "ub" or page.imagedepth != 1:
        raise NotASlideError(f"its pixels are of type {page.dtype}")
    bits = page.bitspersample
    if not isinstance(bits, int) or bits > 16:
        raise NotASlideError(f"its samples are of {bits} bits")
    if int(page.compression) == _APERIO_JPEG_2000_YCBCR:
        raise OtherReaderError("left to openslide: JPEG 2000 in YCbCr")
    extra = [int(kind) for kind in page.extrasamples] if len(pages) == 1 else []
    kinds: dict[tuple[int, ...], Any] = {(_PREMULTIPLIED,): "premultiplied", (_STRAIGHT,): "straight"}
    alpha = kinds.get(tuple(extra))
    n_colours = (
        samples - len(extra) if len(pages) == 1 else len(pages)
    )  # an unspecified fourth sample is unused
    if photometric == _PALETTE and n_colours == 1 and page.colormap is not None:
        palette = (np.asarray(page.colormap).T >> 8).astype(np.uint8)
        return PixelForm(colours="palette", bits=bits, palette=palette)
    if n_colours == 1 and photometric in (_MIN_IS_WHITE, _MIN_IS_BLACK):
        colours: Any = "grey" if photometric == _MIN_IS_BLACK else "inverted grey"
        return PixelForm(colours=colours, bits=bits, alpha=alpha)
    is_rgb = photometric in (_RGB, _MIN_IS_BLACK) or (
        photometric == _YCBCR and int(page.compression) in _CODECS_GIVING_RGB
    )
    if n_colours == 3 and is_rgb:
        return PixelForm(colours="rgb", bits=bits, alpha=alpha)
    if photometric in (_RGB, _MIN_IS_WHITE, _MIN_IS_BLACK):
        raise NotASlideError(
            f"it has {n_colours} channels",
            advice="Only bright-field RGB and grey slides can be analysed; export one as RGB.",
        )
    raise OtherReaderError(f"{n_colours} channels of photometric {photometric}")
