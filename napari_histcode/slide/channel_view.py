"""How channels are shown: from which sample to which, and all of them on top of one another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import CorruptTileError
from napari_histcode.slide.channels import COLOURS, Channel
from napari_histcode.slide.slide import ChannelImage, RgbImage

MOST_COMPOSED = 4
"""So many channels, the first ones, are shown together; more would hide one another."""

_DARKEST, _BRIGHTEST = 1.0, 99.9
"""Percentiles of a coarse level that are shown as black and as full colour."""
_MOST_PIXELS = 2**20
_WINDOW_PX = 256
_WINDOWS_A_SIDE = 4

ReadLevel = Callable[[int, tuple[int, int], tuple[int, int]], NDArray[Any]]
"""(level, xy_px, size_px) -> (height, width) or (height, width, n_channels)."""
ReadChannel = Callable[[int, int, tuple[int, int], tuple[int, int]], ChannelImage]
"""(channel, level, xy_px, size_px) -> samples (height, width)."""


def sample_pixels(read: ReadLevel, level_dimensions: Sequence[tuple[int, int]]) -> NDArray[Any]:
    """Read pixels from all over a slide, without reading much.

    Its coarsest level if that has at most a million pixels, else windows of it in even rows and columns;
    what cannot be decoded is left out.

    Returns
    -------
    ndarray, (n_pixels, n_channels)
        None at all where nothing can be decoded.
    """
    level = len(level_dimensions) - 1
    width, height = level_dimensions[level]
    places: list[tuple[tuple[int, int], tuple[int, int]]] = [((0, 0), (width, height))]
    if width * height > _MOST_PIXELS:
        size = min(width, _WINDOW_PX), min(height, _WINDOW_PX)
        x, y = (
            np.linspace(0, whole - part, _WINDOWS_A_SIDE).astype(int)
            for whole, part in zip((width, height), size, strict=True)
        )
        places = [((int(left), int(top)), size) for top in y for left in x]
    parts = []
    for xy_px, size_px in places:
        try:
            part = read(level, xy_px, size_px)
        except CorruptTileError:
            continue
        parts.append(part.reshape(size_px[0] * size_px[1], -1))
    return np.concatenate(parts) if parts else np.empty((0, 1), np.uint8)


class ChannelLimits:
    """Limits of each channel, read when they are first wanted and then kept; for many threads.

    Parameters
    ----------
    channels : sequence of Channel
        The channels.
    read : callable
        Reads one of them.
    level_dimensions : sequence of tuple of int
        Width and height of every level.
    """

    def __init__(
        self, channels: Sequence[Channel], read: ReadChannel, level_dimensions: Sequence[tuple[int, int]]
    ) -> None:
        self._channels = channels
        self._read = read
        self._level_dimensions = level_dimensions
        self._known: dict[int, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def of(self, channel: int) -> tuple[float, float]:
        """Return the samples to show as black and as full colour; the second is always larger."""
        with self._lock:
            if channel not in self._known:
                self._known[channel] = self._measure(channel)
            return self._known[channel]

    def _measure(self, channel: int) -> tuple[float, float]:
        samples = sample_pixels(
            lambda level, xy_px, size_px: self._read(channel, level, xy_px, size_px), self._level_dimensions
        )
        if samples.size == 0:
            return 0.0, float(np.iinfo(self._channels[channel].dtype).max)
        low, high = (float(each) for each in np.percentile(samples, (_DARKEST, _BRIGHTEST)))
        return low, max(high, low + 1)


def compose(
    images: Sequence[ChannelImage], colours: Sequence[str], limits: Sequence[tuple[float, float]]
) -> RgbImage:
    """Add channels up in their colours, as lamps of these colours would.

    Parameters
    ----------
    images : sequence of ndarray, (height, width)
        Samples of each channel; at least one.
    colours : sequence of str
        Its colour, one of `COLOURS`.
    limits : sequence of (low, high)
        Samples that are black and full colour.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        A new array.
    """
    light = np.zeros((*images[0].shape, 3), np.float32)
    for image, colour, (low, high) in zip(images, colours, limits, strict=True):
        strength = np.clip((image.astype(np.float32) - low) / (high - low), 0, 1)
        light += strength[..., np.newaxis] * np.array(COLOURS[colour], np.float32)
    rgb: RgbImage = np.rint(np.minimum(light, 255)).astype(np.uint8)
    return rgb
