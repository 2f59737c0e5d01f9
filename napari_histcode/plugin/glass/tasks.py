"""Reading the pictures of the glass, off the GUI thread."""

from __future__ import annotations

import math

from napari_histcode.plugin.glass.state import GlassPicture
from napari_histcode.progress import CancelToken
from napari_histcode.slide import Slide
from napari_histcode.slide.resample import area_average
from napari_histcode.slide.slide import RgbImage

BLURRED_PX = 10
"""The longer side of a blurred picture: a line of writing is less than one pixel of it high."""


def read_glass(slide: Slide, names: tuple[str, ...], cancel: CancelToken) -> tuple[GlassPicture, ...]:
    """Read these pictures of a slide."""
    pictures = []
    for name in names:
        cancel.raise_if_cancelled()
        pixels = slide.read_associated_image(name)
        pictures.append(GlassPicture(name=name, pixels=pixels, blurred=blurred(pixels)))
    return tuple(pictures)


def blurred(pixels: RgbImage) -> RgbImage:
    """Average a picture down to so few pixels that nothing on it can be read; its shape stays."""
    height, width = pixels.shape[:2]
    share = min(1.0, BLURRED_PX / max(width, height))
    size = max(1, math.ceil(width * share)), max(1, math.ceil(height * share))
    return area_average(pixels, (0, 0, width, height), size)
