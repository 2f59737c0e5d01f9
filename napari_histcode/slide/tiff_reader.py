"""TIFF slides through tiffslide: SVS, Philips, OME-TIFF, generic pyramids, and plain tiled or striped TIFF.

tiffslide tells formats, levels and metadata apart; pixels come from `tiff_segments`. What tiffslide would
show wrongly is refused here and left to openslide: Hamamatsu NDPI (metadata and levels in part only), Ventana
BIF and Trestle (tiles that have to be stitched), Leica SCN (black between the scanned areas), and Aperio's
JPEG 2000 in YCbCr (colours left unconverted).
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from napari_histcode.errors import NotASlideError
from napari_histcode.slide import ome_xml
from napari_histcode.slide.backend import OtherReaderError, SlideFacts, StatedMpp
from napari_histcode.slide.colour import ColourConverter, srgb_converter
from napari_histcode.slide.file_bytes import FileBytes
from napari_histcode.slide.modality import Decision
from napari_histcode.slide.pixels import PixelForm, to_rgb
from napari_histcode.slide.slide import ChannelImage, RgbImage
from napari_histcode.slide.tiff_channels import ChannelStack, check_axes, stack_of
from napari_histcode.slide.tiff_pages import form_of, level_pages, sample_grids, segment_size
from napari_histcode.slide.tiff_segments import SampleConverter, SegmentedLevel
from napari_histcode.slide.tile_cache import TileCache

TILE_CACHE_BYTES = 64 * 2**20
"""Decoded native tiles kept for one slide."""

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_ASSOCIATED = ("label", "macro", "thumbnail", "map")
_ICC_PROFILE_TAG = 34675


class TiffReader:
    """A TIFF slide.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    OtherReaderError
        If it is no TIFF or one that is not for this reader.
    NotASlideError
        If its pixels are nothing that can be shown as RGB.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            if file.read(4) not in _MAGIC:
                raise OtherReaderError("not a TIFF file")
        import tiffslide

        self.reader = f"tiffslide {tiffslide.__version__}"
        self._lock = threading.Lock()
        with contextlib.ExitStack() as undo:
            try:
                self._slide = tiffslide.TiffSlide(path)
                undo.callback(self._slide.close)
                self._read_structure(path)
            except (NotASlideError, MemoryError):
                raise
            except Exception as error:  # tifffile and tiffslide raise whatever a broken header leads to
                raise OtherReaderError(f"{type(error).__name__}: {error}") from error
            undo.pop_all()

    def _read_structure(self, path: Path) -> None:
        tiff = self._slide.ts_tifffile
        _refuse_for_openslide(tiff)
        properties = self._properties(tiff)
        if "tiffslide.series-composition" in properties:
            _refuse("several scanned areas")
        pages = level_pages(tiff, properties["tiffslide.series-index"])
        base = pages[0][0].keyframe
        dimensions = int(base.imagewidth), int(base.imagelength)
        words = ome_xml.channel_words(tiff.ome_metadata, dimensions) if tiff.is_ome else ()
        self._file = FileBytes(path)
        try:
            cache = TileCache(TILE_CACHE_BYTES)
            found = stack_of(pages, words, self._file, cache)
            self._stack: ChannelStack | None = found[0] if found is not None else None
            decision = found[1] if found is not None else Decision()
            self._levels = _rgb_levels(pages, self._file, cache) if found is None else []
        except BaseException:
            self._file.close()
            raise
        self.level_dimensions = tuple(
            (int(group[0].keyframe.imagewidth), int(group[0].keyframe.imagelength)) for group in pages
        )
        self.facts = SlideFacts(
            vendor=_vendor(tiff),
            objective=_positive(properties.get("tiffslide.objective-power")),
            mpp=_stated_mpp(tiff, properties, self.level_dimensions[0]),
            decision=decision,
            channels=self._stack.channels if self._stack is not None else (),
        )

    def _properties(self, tiff: Any) -> dict[str, Any]:
        """Return tiffslide's properties, or what is left of them for channels in planes, which it refuses."""
        if not tiff.is_ome:
            return dict(self._slide.properties)
        axes = tiff.series[0].axes
        check_axes(axes)
        return {"tiffslide.series-index": 0} if axes == "SYX" else dict(self._slide.properties)

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> RgbImage:
        """See `Backend.read`."""
        if self._stack is not None:
            return self._stack.read(level, xy_px, size_px)
        return self._levels[level].read(xy_px, size_px)

    def read_channel(
        self, channel: int, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]
    ) -> ChannelImage:
        """See `Backend.read_channel`."""
        return self._channels().read_channel(channel, level, xy_px, size_px)

    def channel_limits(self, channel: int) -> tuple[float, float]:
        """See `Backend.channel_limits`."""
        return self._channels().limits_of(channel)

    def _channels(self) -> ChannelStack:
        if self._stack is None:
            raise IndexError("A bright-field slide has no channels.")
        return self._stack

    @property
    def associated_image_names(self) -> tuple[str, ...]:
        """See `Backend`; only names from a fixed list, because in some formats they are free text."""
        return tuple(name for name in self._slide.associated_images if name in _ASSOCIATED)

    def read_associated_image(self, name: str) -> RgbImage:
        """See `Backend`."""
        with self._lock:  # unlike the levels, these go through tifffile's one file position
            return np.array(self._slide.associated_images[name].convert("RGB"))

    def close(self) -> None:
        """See `Backend`."""
        self._slide.close()
        self._file.close()


def _rgb_levels(pages: list[list[Any]], file: FileBytes, cache: TileCache) -> list[SegmentedLevel]:
    profile = pages[0][0].keyframe.tags.valueof(_ICC_PROFILE_TAG)
    to_srgb = srgb_converter(profile if isinstance(profile, bytes) else None)
    return [
        SegmentedLevel(
            level=level,
            dimensions=(int(group[0].keyframe.imagewidth), int(group[0].keyframe.imagelength)),
            segment_px=segment_size(group[0].keyframe),
            grids=sample_grids(group),
            convert=_rgb_converter(form_of(group), to_srgb),
            file=file,
            cache=cache,
        )
        for level, group in enumerate(pages)
    ]


def _rgb_converter(form: PixelForm, to_srgb: ColourConverter | None) -> SampleConverter:
    if to_srgb is None:
        return lambda samples: to_rgb(samples, form)
    return lambda samples: to_srgb(to_rgb(samples, form))


def _refuse(reason: str) -> NoReturn:
    raise OtherReaderError(f"left to openslide: {reason}")


def _refuse_for_openslide(tiff: Any) -> None:
    if tiff.is_ndpi:
        _refuse("Hamamatsu NDPI")
    if tiff.is_bif:
        _refuse("Ventana BIF")
    if tiff.is_scn:
        _refuse("Leica SCN")
    if tiff.pages.first.software.startswith("MedScan"):
        _refuse("Trestle")


def _vendor(tiff: Any) -> str:
    if tiff.is_svs:
        return "aperio"
    if tiff.is_philips:
        return "philips"
    return "ome-tiff" if tiff.is_ome else "generic-tiff"


def _stated_mpp(tiff: Any, properties: dict[str, Any], dimensions: tuple[int, int]) -> StatedMpp | None:
    if tiff.is_ome and (stated := ome_xml.stated_mpp(tiff.ome_metadata, dimensions)) is not None:
        return stated
    x, y = (_positive(properties.get(f"tiffslide.mpp-{axis}")) for axis in "xy")
    if x is None or y is None:
        return None
    if tiff.is_philips or properties.get("aperio.MPP") is not None:
        return StatedMpp(x=x, y=y, source="file")
    if properties.get("tiff.ResolutionUnit") not in ("CENTIMETER", "INCH"):
        return None
    return StatedMpp(x=x, y=y, source="TIFF resolution")


def _positive(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < float("inf") else None
