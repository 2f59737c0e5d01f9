"""TIFFs whose channels are pages, planes or samples of their own, instead of one RGB picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import NotASlideError
from napari_histcode.slide.channel_view import MOST_COMPOSED, ChannelLimits, compose, sample_pixels
from napari_histcode.slide.channels import Channel, channel_colour, channel_name
from napari_histcode.slide.file_bytes import FileBytes
from napari_histcode.slide.illumination import FluorescenceWords, rgb_channels
from napari_histcode.slide.modality import Decision, has_dark_ground
from napari_histcode.slide.ome_xml import ChannelWords
from napari_histcode.slide.record import FLUORESCENCE
from napari_histcode.slide.slide import ChannelImage, RgbImage
from napari_histcode.slide.tiff_pages import sample_grids, segment_size
from napari_histcode.slide.tiff_segments import SegmentedLevel
from napari_histcode.slide.tile_cache import TileCache

_MIN_IS_BLACK, _RGB = 1, 2
_UNSPECIFIED = 0
_SEPARATE_PLANES = 2


class ChannelStack:
    """The channels of a TIFF at every level, each read without the others where the file keeps them apart.

    Parameters
    ----------
    pages : sequence of list
        The pages of every level, the finest first.
    channels : sequence of Channel
        What they are.
    file : FileBytes
        Where the bytes are.
    cache : TileCache
        Decoded tiles.
    """

    def __init__(
        self, pages: Sequence[list[Any]], channels: Sequence[Channel], file: FileBytes, cache: TileCache
    ) -> None:
        self.channels = tuple(channels)
        self._planes = [
            [_level_of(level, group, plane, file, cache) for level, group in enumerate(pages)]
            for plane in range(len(channels) if _is_apart(pages[0]) else 1)
        ]
        self._dimensions = tuple(level.dimensions for level in self._planes[0])
        self._limits = ChannelLimits(self.channels, self.read_channel, self._dimensions)

    def read_channel(
        self, channel: int, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]
    ) -> ChannelImage:
        """See `Backend.read_channel`."""
        if len(self._planes) == 1:
            return self._planes[0][level].read(xy_px, size_px)[..., channel]
        return self._planes[channel][level].read(xy_px, size_px)[..., 0]

    def limits_of(self, channel: int) -> tuple[float, float]:
        """See `Backend.channel_limits`."""
        return self._limits.of(channel)

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> RgbImage:
        """Read the first channels on top of one another in their colours."""
        shown = range(min(MOST_COMPOSED, len(self.channels)))
        return compose(
            [self.read_channel(channel, level, xy_px, size_px) for channel in shown],
            [self.channels[channel].colour for channel in shown],
            [self.limits_of(channel) for channel in shown],
        )

    def sample(self) -> NDArray[Any]:
        """Read pixels (n_pixels, n_channels) from all over the slide."""

        def read(level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> NDArray[Any]:
            each = [self.read_channel(i, level, xy_px, size_px) for i in range(len(self.channels))]
            return np.stack(each, axis=-1)

        return sample_pixels(read, self._dimensions)


def stack_of(
    pages: Sequence[list[Any]],
    words: Sequence[ChannelWords],
    file: FileBytes,
    cache: TileCache,
) -> tuple[ChannelStack, Decision] | None:
    """Return the channels of a fluorescence slide.

    Channels are those of fluorescence if the OME-XML says so, if there are two or more than three of them, or
    if three carry signal on a dark ground.

    Parameters
    ----------
    pages : sequence of list
        The pages of every level, the finest first.
    words : sequence of ChannelWords
        What the OME-XML says of them; empty where there is none.
    file, cache
        For `ChannelStack`.

    Returns
    -------
    tuple of ChannelStack and Decision, or None
        None for bright field, which is one RGB or grey picture.

    Raises
    ------
    NotASlideError
        If the pages are no channels, or of a type that cannot be shown.
    """
    n_channels = _count(pages[0], words)
    is_said = any(each.is_fluorescence for each in words)
    if n_channels == 0 or (n_channels == 1 and not is_said):
        return None
    _check_samples(pages[0][0].keyframe)
    stack = ChannelStack(pages, _named(pages[0][0].keyframe, n_channels, words), file, cache)
    if is_said:
        return stack, Decision(modality=FLUORESCENCE, source="OME-XML")
    if n_channels != 3:
        return stack, Decision(modality=FLUORESCENCE, source="channels")
    if any(each.is_bright_field for each in words) or not has_dark_ground(stack.sample()):
        return None
    return stack, Decision(modality=FLUORESCENCE, source="pixels")


def check_axes(axes: str) -> None:
    """Refuse a stack of focal planes or times.

    Parameters
    ----------
    axes : str
        What the pages are, in tifffile's letters: "CYX" are channels.

    Raises
    ------
    NotASlideError
        If there are several planes or times.
    """
    if set(axes) & {"Z", "T"}:
        raise NotASlideError(
            "it has several focal planes or times",
            advice="Export one plane and one time of it, with all its channels.",
        )


def _count(group: list[Any], words: Sequence[ChannelWords]) -> int:
    """Count the channels that a level may consist of; 0 where its layout says that it is a plain picture."""
    page = group[0].keyframe
    samples = int(page.samplesperpixel)
    if len(group) > 1:
        if samples > 1:
            raise NotASlideError(f"it has {len(group)} RGB pictures in one", advice="Export one of them.")
        return len(group) if int(page.photometric) == _MIN_IS_BLACK else 0
    extra = [int(kind) for kind in page.extrasamples]
    if int(page.photometric) == _MIN_IS_BLACK and extra == [_UNSPECIFIED] * (samples - 1):
        return samples
    is_said = any(each.is_fluorescence for each in words)
    return 3 if is_said and samples == 3 and not extra and page.colormap is None else 0


def _check_samples(page: Any) -> None:
    bits = page.bitspersample
    if page.dtype is None or page.dtype.kind not in "ub" or not isinstance(bits, int) or bits > 16:
        raise NotASlideError(
            f"its channels are of type {page.dtype}", advice="Export it with 8 or 16 bits a channel."
        )


def _named(page: Any, n_channels: int, words: Sequence[ChannelWords]) -> tuple[Channel, ...]:
    if int(page.samplesperpixel) == 3 and int(page.photometric) != _MIN_IS_BLACK:
        return rgb_channels((0, 1, 2), FluorescenceWords())
    bits = 8 if page.bitspersample <= 8 else 16
    known = list(words) if len(words) == n_channels else [ChannelWords()] * n_channels
    channels: list[Channel] = []
    for number, each in enumerate(known, start=1):
        colour = channel_colour(each.emission_nm, {channel.colour for channel in channels})
        name = channel_name(each.name, each.emission_nm, number)
        channels.append(Channel(name=name, colour=colour, bits=bits))
    return tuple(channels)


def _is_apart(group: list[Any]) -> bool:
    """Whether a channel can be decoded without the others."""
    return len(group) > 1 or int(group[0].keyframe.planarconfig) == _SEPARATE_PLANES


def _level_of(level: int, group: list[Any], plane: int, file: FileBytes, cache: TileCache) -> SegmentedLevel:
    page = group[0].keyframe
    is_apart = _is_apart(group)
    grids = sample_grids([group[plane]]) if len(group) > 1 else sample_grids(group)
    if is_apart and len(group) == 1:
        grids = [grids[plane]]
    dtype = np.dtype(np.uint8 if page.bitspersample <= 8 else np.uint16)
    return SegmentedLevel(
        level=level,
        dimensions=(int(page.imagewidth), int(page.imagelength)),
        segment_px=segment_size(page),
        grids=grids,
        convert=lambda samples: np.array(samples, dtype=dtype),
        file=file,
        cache=cache,
        blank=np.zeros(1 if is_apart else int(page.samplesperpixel), dtype),
        plane=1 + plane,  # 0 is the RGB picture that it may turn out to be
    )
