"""A slide as the rest of the package sees it, on top of any backend."""

from __future__ import annotations

import logging
import math
import operator
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import MissingMppError
from napari_histcode.slide.backend import Backend
from napari_histcode.slide.channels import Channel
from napari_histcode.slide.damage import around_damage, read_around_damage
from napari_histcode.slide.fingerprint import alias_of, digest_of
from napari_histcode.slide.pyramid import lazy_pyramid
from napari_histcode.slide.record import Mpp, SlideRecord
from napari_histcode.slide.resolution import judge, user_mpp
from napari_histcode.slide.slide import ChannelImage, RgbImage

logger = logging.getLogger(__name__)


class OpenedSlide:
    """An open slide: identity, resolution, clipping and lifetime; see `Slide` for what it promises.

    Pixels are sRGB wherever they are read, for display and for inference alike: an embedded ICC profile is
    applied as tiles are decoded, so that a model sees the colours that the viewer shows.

    Parameters
    ----------
    path : Path
        What was opened.
    backend : Backend
        The open file; closed together with the slide, or when the slide is no longer referenced.
    mpp : float or tuple of float, optional
        Resolution that the user gave; goes before the file's.

    Raises
    ------
    ImplausibleMppError
        If the user's resolution is not plausible.
    """

    def __init__(
        self, path: Path, backend: Backend, *, mpp: float | tuple[float, float] | None = None
    ) -> None:
        stated, self._complaint = judge(backend.facts.mpp)
        digest = digest_of(path)
        self._path = path
        self._backend = backend
        self._record = SlideRecord(
            alias=alias_of(digest),
            digest=digest,
            dimensions=backend.level_dimensions[0],
            level_dimensions=backend.level_dimensions,
            mpp=stated if mpp is None else user_mpp(mpp),
            objective=backend.facts.objective,
            vendor=backend.facts.vendor,
            reader=backend.reader,
            modality=backend.facts.decision.modality,
            modality_source=backend.facts.decision.source,
        )
        self._ground = 0 if self.channels else 255
        self._lock = threading.Lock()
        self._n_reading = 0
        self._is_closed = False
        self._damaged: set[tuple[int, int, int]] = set()
        self._close_backend = weakref.finalize(self, backend.close)

    @property
    def path(self) -> Path:
        """Where the file is; stays in memory, never in a result."""
        return self._path

    @property
    def record(self) -> SlideRecord:
        """Identity and geometry, safe to write into results."""
        return self._record

    @property
    def mpp(self) -> Mpp | None:
        """Micrometres per level-0 pixel with its source, or None where nobody knows."""
        return self._record.mpp

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height at level 0 in pixels."""
        return self._record.dimensions

    @property
    def level_count(self) -> int:
        """Number of pyramid levels in the file."""
        return len(self._record.level_dimensions)

    @property
    def level_dimensions(self) -> tuple[tuple[int, int], ...]:
        """Width and height of every level."""
        return self._record.level_dimensions

    @property
    def level_downsamples(self) -> tuple[tuple[float, float], ...]:
        """Level-0 pixels per level pixel along x and y."""
        return self._record.level_downsamples

    @property
    def bounds_px0(self) -> tuple[int, int, int, int] | None:
        """x, y, width and height of the scanned area in level-0 pixels, where the scanner says so."""
        return self._backend.facts.bounds_px0

    @property
    def ndp_offset_nm(self) -> tuple[float, float] | None:
        """Hamamatsu: centre of the image from the centre of the glass, in nanometres."""
        return self._backend.facts.ndp_offset_nm

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels of a fluorescence slide; empty for bright field, which is one RGB picture."""
        return self._backend.facts.channels

    @property
    def n_corrupt_blocks(self) -> int:
        """Blocks of the pyramid that were found damaged so far and are (partly) white."""
        with self._lock:
            return len(self._damaged)

    @property
    def associated_image_names(self) -> tuple[str, ...]:
        """Names of the pictures beside the slide, such as "label" and "macro".

        They may show the patient's name: nothing in this package reads one unless a user asks for it, and
        none goes into a result.
        """
        with self._reading():
            return self._backend.associated_image_names

    def read_associated_image(self, name: str) -> RgbImage:
        """Read a picture beside the slide; only on the user's explicit wish (see above).

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        with self._reading():
            if name not in (names := self._backend.associated_image_names):
                raise KeyError(f"No associated image {name!r}; there are: {', '.join(names) or 'none'}.")
            return self._backend.read_associated_image(name)

    def require_mpp(self) -> Mpp:
        """Return the resolution.

        Raises
        ------
        MissingMppError
            If the file does not state a plausible one and the user gave none.
        """
        if self.mpp is not None:
            return self.mpp
        raise MissingMppError(
            self._complaint or "The slide does not state its resolution.",
            advice="Give it in micrometres per pixel with --mpp (0.25 is usual for a 40x scan, 0.5 for 20x); "
            "it is never guessed.",
        )

    def read_region(self, xy_px0: tuple[int, int], level: int, size_px: tuple[int, int]) -> RgbImage:
        """Read pixels of one level from a corner in level-0 pixels (see `Slide.read_region`).

        The corner is the level's pixel nearest to it.
        """
        scale_x, scale_y = self.level_downsamples[self._checked_level(level)]
        xy_px = math.floor(xy_px0[0] / scale_x + 0.5), math.floor(xy_px0[1] / scale_y + 0.5)
        return self.read_level(level, xy_px, size_px)

    def read_level(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> RgbImage:
        """Read pixels of one level from a corner in pixels of that level (see `Slide.read_level`)."""
        blank = np.full(3, self._ground, np.uint8)
        return self._read_inside(self._backend.read, level, xy_px, size_px, blank)

    def read_channel(
        self, channel: int, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]
    ) -> ChannelImage:
        """Read one channel like `read_level`, as (height, width) of its own type; 0 outside the slide."""
        blank = np.zeros(1, self.channels[channel].dtype)

        def read(level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> NDArray[Any]:
            return self._backend.read_channel(channel, level, xy_px, size_px)[..., np.newaxis]

        image: ChannelImage = self._read_inside(read, level, xy_px, size_px, blank)[..., 0]
        return image

    def channel_limits(self, channel: int) -> tuple[float, float]:
        """Return the samples to show as black and as full colour: percentiles of a coarse level."""
        with self._reading():
            return self._backend.channel_limits(channel)

    def _read_inside(
        self,
        read: Callable[[int, tuple[int, int], tuple[int, int]], NDArray[Any]],
        level: int,
        xy_px: tuple[int, int],
        size_px: tuple[int, int],
        blank: NDArray[Any],
    ) -> NDArray[Any]:
        """Read what of a rectangle lies inside the level, and set it on a ground of blank pixels."""
        level_width, level_height = self.level_dimensions[self._checked_level(level)]
        x, y = operator.index(xy_px[0]), operator.index(xy_px[1])
        width, height = operator.index(size_px[0]), operator.index(size_px[1])
        if width < 1 or height < 1:
            raise ValueError(f"The size of a region is at least 1 x 1 px, not {width} x {height}.")
        left, top = max(0, x), max(0, y)
        right, bottom = min(level_width, x + width), min(level_height, y + height)
        with self._reading():
            if right <= left or bottom <= top:
                return np.full((height, width, len(blank)), blank[0], blank.dtype)
            inside = read(level, (left, top), (right - left, bottom - top))
        if inside.shape[:2] == (height, width):
            return inside
        image = np.full((height, width, len(blank)), blank[0], blank.dtype)
        image[top - y : bottom - y, left - x : right - x] = inside
        return image

    def pyramid(self) -> list[Any]:
        """Lazy dask arrays (height, width, 3) in chunks of 1024 x 1024 px, for display.

        One a level, and further computed ones where the file's coarsest level is wider or higher than 4096 px
        (see `lazy_pyramid`). Blocks that cannot be decoded are white there, counted in `n_corrupt_blocks` and
        logged once.
        """
        return lazy_pyramid(self.level_dimensions, self._read_block, self._record.alias)

    def channel_pyramid(self, channel: int) -> list[Any]:
        """Lazy dask arrays (height, width) of one channel, laid out like `pyramid`; 0 where it is damaged."""
        dtype = self.channels[channel].dtype

        def read(level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> NDArray[Any]:
            image, is_damaged = around_damage(
                lambda xy, size: self.read_channel(channel, level, xy, size)[..., np.newaxis],
                xy_px, size_px, blank=np.zeros(1, dtype),
            )  # fmt: skip
            self._note_damage(level, xy_px, is_damaged=is_damaged)
            return image

        return lazy_pyramid(
            self.level_dimensions, read, f"{self._record.alias}-{channel}", channel=np.dtype(dtype)
        )

    def _read_block(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> RgbImage:
        image, is_damaged = read_around_damage(self, level, xy_px, size_px)
        self._note_damage(level, xy_px, is_damaged=is_damaged)
        return image

    def _note_damage(self, level: int, xy_px: tuple[int, int], *, is_damaged: bool) -> None:
        """Count damaged blocks, and log the first."""
        if is_damaged:
            with self._lock:
                is_first = not self._damaged
                self._damaged.add((level, *xy_px))
            if is_first:
                logger.warning(
                    "%s: level %d cannot be decoded near x = %d, y = %d; such places are blank.",
                    self._record.alias,
                    level,
                    *xy_px,
                )

    def _checked_level(self, level: int) -> int:
        if not 0 <= level < self.level_count:
            raise ValueError(f"There is no level {level}: the slide has levels 0 to {self.level_count - 1}.")
        return level

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Keep the file open while somebody reads; the last reader of a closed slide closes the file."""
        with self._lock:
            if self._is_closed:
                raise ValueError("The slide is closed.")
            self._n_reading += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_reading -= 1
            self._close_when_idle()

    def close(self) -> None:
        """Release the file, once reads under way have finished; new reads raise ``ValueError``."""
        with self._lock:
            self._is_closed = True
        self._close_when_idle()

    def _close_when_idle(self) -> None:
        with self._lock:
            is_over = self._is_closed and self._n_reading == 0
        if is_over:
            self._close_backend()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
