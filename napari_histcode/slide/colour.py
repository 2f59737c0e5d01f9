"""Embedded ICC profiles -> sRGB, the colour space of everything after this folder."""

from __future__ import annotations

import hashlib
import io
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from napari_histcode.slide.slide import RgbImage

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

logger = logging.getLogger(__name__)

ColourConverter = Callable[[RgbImage], RgbImage]
"""Returns a new array in sRGB."""

_converters: dict[str, ColourConverter | None] = {}
_converters_lock = threading.Lock()


def srgb_converter(profile: bytes | None) -> ColourConverter | None:
    """Return the function that takes pixels from this ICC profile to sRGB.

    Building the transform takes milliseconds, so it is kept for every slide with the same profile.

    Parameters
    ----------
    profile : bytes or None
        ICC profile as embedded in the file.

    Returns
    -------
    callable or None
        None where there is nothing to convert: no profile, a profile that is sRGB to within one of 255
        levels, or one that is damaged or not for RGB (logged).
    """
    if not profile:
        return None
    key = hashlib.sha256(profile).hexdigest()
    with _converters_lock:
        if key not in _converters:
            _converters[key] = _make_converter(profile)
        return _converters[key]


def _make_converter(profile: bytes) -> ColourConverter | None:
    try:
        transform = _make_transform(profile)
    except Exception as error:  # the CMS library names no types for damaged profiles
        logger.warning("An embedded colour profile cannot be used and is ignored: %s", error)
        return None

    def convert(rgb: RgbImage) -> RgbImage:
        return _apply(transform, rgb)

    steps = np.linspace(0, 255, 18).astype(np.uint8)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 18, 3)
    if np.abs(convert(lattice).astype(int) - lattice).max() <= 1:
        return None
    return convert


def _make_transform(profile: bytes) -> ImageCmsTransform:
    from PIL import ImageCms

    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if source.profile.xcolor_space.strip() != "RGB":
        raise ValueError(f"it is for {source.profile.xcolor_space.strip()}, not RGB")
    intent = ImageCms.Intent(ImageCms.getDefaultIntent(source))
    if intent == ImageCms.Intent.ABSOLUTE_COLORIMETRIC:  # would tint the white of the glass
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        renderingIntent=intent,
        flags=ImageCms.Flags.NOCACHE,  # the library's one-pixel cache is not for threads
    )


def _apply(transform: ImageCmsTransform, rgb: RgbImage) -> RgbImage:
    from PIL import Image

    image = Image.fromarray(rgb)
    transform.apply_in_place(image)
    return np.array(image)
