"""What a reading library has to offer so that a slide can be built on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from napari_histcode.errors import NotASlideError
from napari_histcode.slide.channels import Channel
from napari_histcode.slide.modality import Decision
from napari_histcode.slide.slide import ChannelImage, RgbImage


class OtherReaderError(NotASlideError):
    """One library cannot open the file, and another may: the message is the reason.

    A plain `NotASlideError` from a reader is final: the file was understood and cannot be shown.
    """


@dataclass(frozen=True, kw_only=True)
class StatedMpp:
    """Resolution as the file states it, not yet judged."""

    x: float
    """Micrometres per level-0 pixel along x."""
    y: float
    """Micrometres per level-0 pixel along y."""
    source: str
    """"file" (the scanner's own metadata), "OME-XML" or "TIFF resolution"."""


@dataclass(frozen=True, kw_only=True)
class SlideFacts:
    """The only metadata that leaves a reader; nothing here can name a patient or a file."""

    vendor: str | None = None
    """Scanner maker or file family, from a fixed list of words."""
    objective: float | None = None
    """Nominal magnification."""
    mpp: StatedMpp | None = None
    """Resolution that the file states."""
    bounds_px0: tuple[int, int, int, int] | None = None
    """x, y, width and height of the scanned area in level-0 pixels."""
    ndp_offset_nm: tuple[float, float] | None = None
    """Hamamatsu: centre of the image from the centre of the glass along x and y, in nanometres."""
    decision: Decision = field(default_factory=Decision)
    """Bright field or fluorescence."""
    channels: tuple[Channel, ...] = ()
    """Channels of a fluorescence slide."""


class Backend(Protocol):
    """One open file behind one library. Everything but `close` may be called from many threads at once."""

    @property
    def reader(self) -> str:
        """Library and version."""
        ...

    @property
    def level_dimensions(self) -> tuple[tuple[int, int], ...]:
        """Width and height of every level, the finest first."""
        ...

    @property
    def facts(self) -> SlideFacts:
        """Metadata by whitelist."""
        ...

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> RgbImage:
        """Read a rectangle that lies wholly inside a level.

        Returns
        -------
        ndarray of uint8, (height, width, 3)
            A new array in sRGB, white where nothing was scanned; black there in fluorescence.

        Raises
        ------
        CorruptTileError
            If the file cannot be decoded there.
        """
        ...

    def read_channel(
        self, channel: int, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]
    ) -> ChannelImage:
        """Read a channel as stored, (height, width), like `read`; never called where there are none."""
        ...

    def channel_limits(self, channel: int) -> tuple[float, float]:
        """Return the samples to show as black and as full colour; never called without channels."""
        ...

    @property
    def associated_image_names(self) -> tuple[str, ...]:
        """Names of label, macro and the like."""
        ...

    def read_associated_image(self, name: str) -> RgbImage:
        """Read one of them."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...
