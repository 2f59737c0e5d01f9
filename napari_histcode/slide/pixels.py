"""Samples as a file stores them -> 8-bit RGB, by fixed rules.

The rules depend on the file's format alone and never on the pixels around, so that every tile of a slide is
treated alike: integers of n bits are scaled by 255 / (2**n - 1) (no stretching to the image's own range),
grey becomes three equal channels, an alpha channel is flattened on white.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.slide.slide import RgbImage


@dataclass(frozen=True, kw_only=True, eq=False)
class PixelForm:
    """How the samples of a page are to be understood."""

    colours: Literal["rgb", "grey", "inverted grey", "palette"]
    """What the colour samples mean; "inverted grey" has 0 for white."""
    bits: int
    """Bits per sample, 1 to 16."""
    alpha: Literal["straight", "premultiplied"] | None = None
    """Whether the last sample is opacity, and whether the colours were multiplied by it."""
    palette: NDArray[np.uint8] | None = None
    """(n_colours, 3) for "palette"."""


def to_8_bit(samples: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Scale samples of `bits` bits to 0 .. 255, rounded to nearest."""
    if bits == 8:
        eight: NDArray[np.uint8] = samples.astype(np.uint8, copy=False)
        return eight
    highest = 2**bits - 1
    scaled: NDArray[np.uint8] = ((samples.astype(np.uint32) * 255 + highest // 2) // highest).astype(np.uint8)
    return scaled


def to_rgb(samples: NDArray[Any], form: PixelForm) -> RgbImage:
    """Convert stored samples to RGB.

    Parameters
    ----------
    samples : ndarray of bool, uint8 or uint16, (height, width, n_samples)
        As decoded.
    form : PixelForm
        Their meaning.

    Returns
    -------
    ndarray of uint8, (height, width, 3)
        The samples themselves where they are 8-bit RGB already.
    """
    if form.palette is not None:
        colours: RgbImage = form.palette[samples[..., 0]]
        return colours
    colours = to_8_bit(samples, form.bits)
    alpha = None
    if form.alpha is not None:
        colours, alpha = colours[..., :-1], colours[..., -1:]
    if form.colours == "inverted grey":
        colours = 255 - colours
    if form.colours == "rgb":
        colours = np.ascontiguousarray(colours[..., :3])
    else:
        colours = np.repeat(colours[..., :1], 3, axis=2)
    if alpha is not None:
        colours = flatten(colours, alpha, is_premultiplied=form.alpha == "premultiplied")
    return colours


def flatten(rgb: RgbImage, alpha: NDArray[np.uint8], *, is_premultiplied: bool = False) -> RgbImage:
    """Lay an image with opacity `alpha`, (height, width, 1), on white."""
    if alpha.min(initial=255) == 255:
        return rgb
    opacity = alpha.astype(np.uint16)
    light = rgb.astype(np.uint16)
    if not is_premultiplied:
        light = (light * opacity + 127) // 255
    flat: RgbImage = np.minimum(light + (255 - opacity), 255).astype(np.uint8)
    return flat
