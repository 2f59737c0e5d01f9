"""Flat images (JPEG, PNG, BMP, WebP, JPEG 2000, odd TIFFs) as slides of one level, through Pillow.

They are decoded whole into memory, so their number of pixels is limited. They state no resolution: what a
camera or a program writes there is a screen's or a printer's. Rows and columns are those stored in the file;
a camera's orientation mark is not applied, so that coordinates measured on the file stay valid.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_histcode.errors import NotASlideError
from napari_histcode.slide.backend import OtherReaderError, SlideFacts
from napari_histcode.slide.colour import srgb_converter
from napari_histcode.slide.pixels import PixelForm, flatten, to_rgb
from napari_histcode.slide.slide import ChannelImage, RgbImage

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

MAX_FLAT_PIXELS = 400_000_000
"""Largest flat image, in pixels (20,000 x 20,000): 1.2 GB in memory, 3 GB while it is being opened."""

_FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "JPEG2000")
_SLIDE_SUFFIXES = {
    ".svs",
    ".mrxs",
    ".ndpi",
    ".ndpis",
    ".vms",
    ".vmu",
    ".scn",
    ".bif",
    ".svslide",
    ".czi",
    ".dcm",
}
_BAND_ROWS = 1024


class FlatReader:
    """An image file without a pyramid.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    OtherReaderError
        If it is no image, or the preview file of a slide whose other files are missing.
    NotASlideError
        If it is too large.
    """

    facts = SlideFacts()
    associated_image_names: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        import PIL

        self.reader = f"pillow {PIL.__version__}"
        if path.suffix.lower() in _SLIDE_SUFFIXES:  # such a file may well begin with a small preview
            raise OtherReaderError("not a flat image")
        try:
            self._image = _decode(path)
        except (NotASlideError, MemoryError):
            raise
        except Exception as error:  # Pillow raises whatever a damaged file leads to
            raise OtherReaderError(f"{type(error).__name__}: {error}") from error
        height, width = self._image.shape[:2]
        self.level_dimensions = ((width, height),)

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> RgbImage:  # noqa: ARG002
        """See `Backend.read`."""
        (x, y), (width, height) = xy_px, size_px
        return self._image[y : y + height, x : x + width].copy()

    def read_channel(
        self, channel: int, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]
    ) -> ChannelImage:
        """See `Backend`; a flat image is always taken for bright field."""
        raise IndexError(f"No channel {channel} at level {level}, {xy_px}, {size_px}: a flat image has none.")

    def channel_limits(self, channel: int) -> tuple[float, float]:
        """See `Backend`."""
        raise IndexError(channel)

    def read_associated_image(self, name: str) -> RgbImage:
        """See `Backend`."""
        raise KeyError(name)

    def close(self) -> None:
        """See `Backend`."""
        self._image = np.empty((0, 0, 3), np.uint8)


def _decode(path: Path) -> RgbImage:
    with path.open("rb") as file, _open_with_pillow(file) as image:
        width, height = image.size
        if width * height > MAX_FLAT_PIXELS:
            raise NotASlideError(
                f"{width} x {height} px is too large for an image without tiles "
                f"(at most {MAX_FLAT_PIXELS / 1e6:.0f} million pixels)",
                advice="Convert it to a tiled pyramid, for example with vips: vips tiffsave in out.tif "
                "--tile --pyramid --compression jpeg.",
            )
        to_srgb = srgb_converter(image.info.get("icc_profile")) if image.mode in ("RGB", "RGBA") else None
        rgb = np.empty((height, width, 3), np.uint8)
        for top in range(0, height, _BAND_ROWS):  # in bands, for the sake of memory
            band = _band_as_rgb(image.crop((0, top, width, min(height, top + _BAND_ROWS))), to_srgb)
            rgb[top : top + _BAND_ROWS] = band
        return rgb


def _open_with_pillow(file: Any) -> PilImage:
    """Open without decoding, by Pillow's own format plugins.

    `PIL.Image.open` would apply a limit that can only be changed for the whole process; ours is checked by
    the caller.
    """
    from PIL import Image

    Image.preinit()
    Image.init()
    start = file.read(16)
    for name in _FORMATS:
        factory, accepts = Image.OPEN[name]
        if accepts is None or accepts(start) is True:
            file.seek(0)
            return factory(file, "")
    raise OtherReaderError("not a JPEG, PNG, BMP, TIFF, WebP or JPEG 2000 image")


def _band_as_rgb(band: PilImage, to_srgb: Any) -> RgbImage:
    if band.mode.startswith("I;16"):
        return to_rgb(np.asarray(band)[..., np.newaxis], PixelForm(colours="grey", bits=16))
    if band.mode in ("I", "F"):
        raise NotASlideError(f"its pixels are of type {band.mode}")
    if not band.has_transparency_data:
        rgb = np.array(band.convert("RGB"))
        return rgb if to_srgb is None else to_srgb(rgb)
    samples = np.array(band.convert("RGBA"))
    rgb = np.ascontiguousarray(samples[..., :3])
    return flatten(rgb if to_srgb is None else to_srgb(rgb), samples[..., 3:])
