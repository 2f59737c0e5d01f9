"""The one way the package sees a slide, in openslide's words."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from napari_histcode.slide.record import Mpp, SlideRecord

if TYPE_CHECKING:
    from napari_histcode.slide.channels import Channel

RgbImage = NDArray[np.uint8]
"""uint8 array (height, width, 3)."""

RgbColour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

ChannelImage = NDArray[np.uint8] | NDArray[np.uint16]
"""One channel's samples as stored, (height, width)."""


class Slide(Protocol):
    """An open slide. Thread-safe: many threads may read from one slide at once."""

    @property
    def path(self) -> Path:
        """Where the file is; stays in memory, never in a result."""
        ...

    @property
    def record(self) -> SlideRecord:
        """Identity and geometry, safe to write into results."""
        ...

    @property
    def mpp(self) -> Mpp | None:
        """Micrometres per level-0 pixel with its source, or None where nobody knows."""
        ...

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height at level 0 in pixels."""
        ...

    @property
    def level_count(self) -> int:
        """Number of pyramid levels, at least 1."""
        ...

    @property
    def level_dimensions(self) -> tuple[tuple[int, int], ...]:
        """Width and height of every level."""
        ...

    @property
    def level_downsamples(self) -> tuple[tuple[float, float], ...]:
        """Level-0 pixels per level pixel along x and y."""
        ...

    @property
    def bounds_px0(self) -> tuple[int, int, int, int] | None:
        """x, y, width and height of the scanned area in level-0 pixels, where the scanner says so."""
        ...

    @property
    def ndp_offset_nm(self) -> tuple[float, float] | None:
        """Hamamatsu: centre of the image from the centre of the glass, in nanometres."""
        ...

    @property
    def n_corrupt_blocks(self) -> int:
        """Blocks of the pyramid found damaged so far; they are white where they cannot be decoded."""
        ...

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Channels of a fluorescence slide; empty for bright field, which is one RGB picture."""
        ...

    def read_channel(
        self, channel: int, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]
    ) -> ChannelImage:
        """Read one channel like `read_level`, as (height, width) of its own type; 0 outside the slide."""
        ...

    def channel_pyramid(self, channel: int) -> list[Any]:
        """Lazy dask arrays (height, width) of one channel, laid out like `pyramid`."""
        ...

    def channel_limits(self, channel: int) -> tuple[float, float]:
        """Return the samples to show as black and as full colour: percentiles of a coarse level."""
        ...

    @property
    def associated_image_names(self) -> tuple[str, ...]:
        """Names of the pictures beside the slide, such as "label" and "macro".

        They may show the patient's name: read one only on a user's explicit wish, and put none into a result.
        """
        ...

    def read_associated_image(self, name: str) -> RgbImage:
        """Read a picture beside the slide (see the rule above); ``KeyError`` if it has no such picture."""
        ...

    def require_mpp(self) -> Mpp:
        """Return the resolution, or raise `MissingMppError` with advice."""
        ...

    def read_region(self, xy_px0: tuple[int, int], level: int, size_px: tuple[int, int]) -> RgbImage:
        """Read pixels of one level.

        Parameters
        ----------
        xy_px0 : tuple of int
            Top-left corner in level-0 pixels.
        level : int
            Pyramid level, 0 the finest.
        size_px : tuple of int
            Width and height in pixels of that level.

        Returns
        -------
        ndarray of uint8, (height, width, 3)
            A new array in sRGB (an embedded ICC profile is applied); white outside the slide and where
            nothing was scanned. Of a fluorescence slide, its channels on top of one another in their colours,
            black where there is nothing.

        Raises
        ------
        CorruptTileError
            If the file cannot be decoded there.
        """
        ...

    def read_level(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> RgbImage:
        """Like `read_region`, with the corner in pixels of that level (exact, no rounding)."""
        ...

    def pyramid(self) -> list[Any]:
        """Lazy dask arrays (height, width, 3) in square chunks, for display.

        One a level, and coarser computed ones where the file's coarsest level is still large; what cannot be
        decoded is white there, counted and logged instead of raised.
        """
        ...

    def close(self) -> None:
        """Release the file; reading afterwards raises ``ValueError``."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
