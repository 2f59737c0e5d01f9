"""A slide whose pixels are an array: the planted truth that stages are tested against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from napari_histcode.errors import CorruptTileError, MissingMppError
from napari_histcode.slide.record import Mpp, SlideRecord

TISSUE = (190, 90, 160)
GLASS = (244, 244, 244)


class ArraySlide:
    """Levels are resized copies of one image; a region may be declared corrupt."""

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        *,
        mpp: float | tuple[float, float] | None = 1.0,
        downsamples: Sequence[float] = (1.0,),
        corrupt_px0: tuple[int, int, int, int] | None = None,
        digest: str = "ab" * 32,
    ) -> None:
        height, width = pixels.shape[:2]
        sizes = [(max(1, int(width / d)), max(1, int(height / d))) for d in downsamples]
        self._levels = [
            pixels
            if size == (width, height)
            else np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))
            for size in sizes
        ]
        xy = (mpp, mpp) if isinstance(mpp, int | float) else mpp
        self.record = SlideRecord(
            alias=f"slide-{digest[:8]}",
            digest=digest,
            dimensions=(width, height),
            level_dimensions=tuple(sizes),
            mpp=Mpp(x=xy[0], y=xy[1], source="file") if xy else None,
            objective=None,
            vendor=None,
            reader="array",
        )
        self.corrupt_px0 = corrupt_px0
        self.n_reads = 0
        self.path = Path("nowhere")
        self.bounds_px0: tuple[int, int, int, int] | None = None
        self.ndp_offset_nm: tuple[float, float] | None = None
        self.mpp = self.record.mpp
        self.dimensions = self.record.dimensions
        self.level_dimensions = self.record.level_dimensions
        self.level_downsamples = self.record.level_downsamples
        self.level_count = len(sizes)
        self.associated_image_names: tuple[str, ...] = ()

    def require_mpp(self) -> Mpp:
        if self.mpp is None:
            raise MissingMppError("The slide does not say its resolution.", advice="Give --mpp.")
        return self.mpp

    def read_level(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> NDArray[np.uint8]:
        self.n_reads += 1
        self._raise_if_corrupt(level, xy_px, size_px)
        source = self._levels[level]
        result = np.full((size_px[1], size_px[0], 3), 255, dtype=np.uint8)
        x0, y0 = max(0, xy_px[0]), max(0, xy_px[1])
        x1 = min(source.shape[1], xy_px[0] + size_px[0])
        y1 = min(source.shape[0], xy_px[1] + size_px[1])
        if x1 > x0 and y1 > y0:
            result[y0 - xy_px[1] : y1 - xy_px[1], x0 - xy_px[0] : x1 - xy_px[0]] = source[y0:y1, x0:x1]
        return result

    def read_region(self, xy_px0: tuple[int, int], level: int, size_px: tuple[int, int]) -> NDArray[np.uint8]:
        sx, sy = self.level_downsamples[level]
        return self.read_level(level, (round(xy_px0[0] / sx), round(xy_px0[1] / sy)), size_px)

    def _raise_if_corrupt(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> None:
        if self.corrupt_px0 is None:
            return
        sx, sy = self.level_downsamples[level]
        left, top = xy_px[0] * sx, xy_px[1] * sy
        right, bottom = left + size_px[0] * sx, top + size_px[1] * sy
        x0, y0, x1, y1 = self.corrupt_px0
        if left < x1 and x0 < right and top < y1 and y0 < bottom:
            raise CorruptTileError(f"Level {level} cannot be decoded at ({left:.0f}, {top:.0f}).")

    def close(self) -> None:
        """Nothing is open."""


def glass(width: int, height: int) -> NDArray[np.uint8]:
    """An empty slide."""
    return np.full((height, width, 3), GLASS, dtype=np.uint8)


def with_tissue(pixels: NDArray[np.uint8], x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
    """Plant a rectangle of tissue."""
    planted = pixels.copy()
    planted[y0:y1, x0:x1] = TISSUE
    return planted
