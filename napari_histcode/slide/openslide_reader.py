"""Slides through openslide: DICOM, MIRAX, NDPI, VMS, SCN, BIF and whatever else tiffslide leaves."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_histcode.errors import CorruptTileError, NotASlideError
from napari_histcode.slide.backend import OtherReaderError, SlideFacts, StatedMpp
from napari_histcode.slide.channel_view import ChannelLimits, sample_pixels
from napari_histcode.slide.colour import srgb_converter
from napari_histcode.slide.dicom_series import series_in
from napari_histcode.slide.illumination import FluorescenceWords, fluorescence_words, rgb_channels
from napari_histcode.slide.modality import Decision, has_dark_ground, lit_channels
from napari_histcode.slide.pixels import flatten
from napari_histcode.slide.record import FLUORESCENCE
from napari_histcode.slide.slide import ChannelImage, RgbImage

logger = logging.getLogger(__name__)

TILE_CACHE_BYTES = 64 * 2**20
"""Decoded native tiles that openslide keeps for one slide."""


class OpenslideReader:
    """A slide behind openslide, whose handles many threads may use at once.

    An openslide handle is spent once anything went wrong in it. A failed read is therefore tried again on a
    fresh handle, which takes the place of the spent one, so that one corrupt tile does not end the slide.

    Parameters
    ----------
    path : Path
        Slide file, or a folder with the files of one DICOM series.

    Raises
    ------
    OtherReaderError
        If openslide cannot open it.
    NotASlideError
        If a folder holds no or several DICOM slides.
    """

    def __init__(self, path: Path) -> None:
        import openslide

        self.reader = f"openslide {openslide.__library_version__}"
        self._path = _file_in(path) if path.is_dir() else path
        self._lock = threading.Lock()
        try:
            self._handle = self._open()
        except (openslide.OpenSlideError, OSError) as error:
            raise OtherReaderError(str(error)) from error
        self.level_dimensions = tuple((int(w), int(h)) for w, h in self._handle.level_dimensions)
        self._downsamples = tuple(float(d) for d in self._handle.level_downsamples)
        self.facts = _facts_of(self._handle.properties)
        self._to_srgb = srgb_converter(_profile_of(self._handle))
        self._lit: tuple[int, ...] = ()
        self._see_fluorescence(fluorescence_words(self._handle.properties))

    def _open(self) -> Any:
        import openslide

        handle = openslide.OpenSlide(self._path)
        handle.set_cache(openslide.OpenSlideCache(TILE_CACHE_BYTES))
        return handle

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> RgbImage:
        """See `Backend.read`.

        openslide addresses every level in whole level-0 pixels. Where a downsample is not a whole number,
        positions are therefore off by up to half a level-0 pixel.
        """
        import openslide

        downsample = self._downsamples[level]
        xy_px0 = round(xy_px[0] * downsample), round(xy_px[1] * downsample)
        try:
            rgba = self._handle.read_region(xy_px0, level, size_px)
        except openslide.OpenSlideError:
            rgba = self._read_afresh(xy_px0, level, size_px)
        samples = np.asarray(rgba)
        rgb = np.ascontiguousarray(samples[..., :3])
        if self._lit:  # fluorescence: nothing is black, and a profile would mix its channels
            return rgb * (samples[..., 3:] > 0)
        if self._to_srgb is not None:
            rgb = self._to_srgb(rgb)
        return flatten(rgb, samples[..., 3:])

    def _see_fluorescence(self, words: FluorescenceWords | None) -> None:
        """Decide whether the slide is fluorescence, and which of its three channels are to be shown.

        The pixels are asked where Hamamatsu's scanner, which stores both kinds in the same way, does not say.
        """
        if words is None and self.facts.vendor != "hamamatsu":
            return
        samples = sample_pixels(self.read, self.level_dimensions)
        if samples.shape[1] != 3 or (words is None and not has_dark_ground(samples)):
            return
        lit = words.lit if words is not None and words.lit is not None else lit_channels(samples)
        self._lit = tuple(i for i in range(3) if lit[i]) or (0, 1, 2)
        self.facts = replace(
            self.facts,
            decision=Decision(modality=FLUORESCENCE, source="pixels" if words is None else "file"),
            channels=rgb_channels(self._lit, words or FluorescenceWords()),
        )
        self._limits = ChannelLimits(self.facts.channels, self.read_channel, self.level_dimensions)

    def read_channel(
        self, channel: int, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]
    ) -> ChannelImage:
        """See `Backend.read_channel`."""
        return self.read(level, xy_px, size_px)[..., self._lit[channel]]

    def channel_limits(self, channel: int) -> tuple[float, float]:
        """See `Backend.channel_limits`."""
        return self._limits.of(channel)

    def _read_afresh(self, xy_px0: tuple[int, int], level: int, size_px: tuple[int, int]) -> Any:
        import openslide

        try:
            fresh = self._open()
            rgba = fresh.read_region(xy_px0, level, size_px)
        except (openslide.OpenSlideError, OSError) as error:
            with contextlib.suppress(openslide.OpenSlideError, OSError):  # else the next read tries again
                self._replace_handle(self._open())
            raise CorruptTileError(
                f"The {size_px[0]} x {size_px[1]} px of level {level} at level-0 x = {xy_px0[0]}, "
                f"y = {xy_px0[1]} cannot be decoded: {error!s:.200}."
            ) from error
        self._replace_handle(fresh)
        return rgba

    def _replace_handle(self, handle: Any) -> None:
        """Use `handle` from now on; the spent one closes when the last thread has let go of it."""
        with self._lock:
            self._handle = handle

    @property
    def associated_image_names(self) -> tuple[str, ...]:
        """See `Backend`."""
        return tuple(self._handle.associated_images)

    def read_associated_image(self, name: str) -> RgbImage:
        """See `Backend`."""
        samples = np.asarray(self._handle.associated_images[name].convert("RGBA"))
        return flatten(np.ascontiguousarray(samples[..., :3]), samples[..., 3:])

    def close(self) -> None:
        """See `Backend`."""
        with self._lock:
            self._handle.close()


def _file_in(folder: Path) -> Path:
    """Return a file of the one DICOM slide in a folder."""
    import openslide

    slides = [series[0] for series in series_in(folder) if openslide.OpenSlide.detect_format(series[0])]
    if not slides:
        raise NotASlideError(
            "the folder holds no DICOM slide",
            advice="Give the slide's own file; of folders only those of a DICOM series can be opened.",
        )
    if len(slides) > 1:
        raise NotASlideError(
            f"the folder holds {len(slides)} DICOM slides",
            advice="Give one .dcm file of the slide that you mean.",
        )
    return slides[0]


def _profile_of(handle: Any) -> bytes | None:
    from PIL.ImageCms import PyCMSError

    try:
        profile = handle.color_profile
    except (PyCMSError, OSError) as error:
        logger.warning("An embedded colour profile cannot be used and is ignored: %s", error)
        return None
    return None if profile is None else bytes(profile.tobytes())


def _facts_of(properties: Mapping[str, str]) -> SlideFacts:
    vendor = properties.get("openslide.vendor")
    x, y = (_positive(properties.get(f"openslide.mpp-{axis}")) for axis in "xy")
    mpp = None
    if x is not None and y is not None:
        # openslide takes a generic TIFF's resolution tags at their word, even a screen's 72 dpi
        source = "TIFF resolution" if vendor == "generic-tiff" else "file"
        mpp = StatedMpp(x=x, y=y, source=source)
    bounds = [properties.get(f"openslide.bounds-{name}") for name in ("x", "y", "width", "height")]
    return SlideFacts(
        vendor=vendor,
        objective=_positive(properties.get("openslide.objective-power")),
        mpp=mpp,
        bounds_px0=None if None in bounds else tuple(int(b) for b in bounds),  # type: ignore[arg-type]
        ndp_offset_nm=_ndp_offset(properties),
    )


def _ndp_offset(properties: Mapping[str, str]) -> tuple[float, float] | None:
    try:
        x, y = (float(properties[f"hamamatsu.{axis}OffsetFromSlideCentre"]) for axis in "XY")
    except (KeyError, ValueError):
        return None
    return x, y


def _positive(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None
