"""What can be seen of a slide without a model: its resolution, and whether it could be H&E."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.slide.record import SlideRecord
from napari_histcode.tissue.quality_density import glass_colour

Stain = Literal["H&E", "other", "dark field", "unknown"]

LEAST_DENSITY = 0.4
"""Pixels with a lower sum of the three optical densities are too pale to have a stain."""
DARK_FIELD = 60
"""The median of the brightest channel, of 255, below which a picture is not of transmitted light."""
LEAST_MIXTURE = 0.6
"""Share of stained pixels that haematoxylin and eosin can mix, from which on a slide could be H&E."""
FEWEST_PIXELS = 100
"""With fewer stained pixels nothing is said."""


@dataclass(frozen=True, kw_only=True)
class SlideFacts:
    """Facts about a slide that a model's domain is compared with."""

    mpp: float | None
    """Micrometres per level-0 pixel, mean of both axes; None where nobody knows."""
    stain: Stain
    """What it could be by colour: "H&E" means that nothing speaks against it."""
    mixture_share: float | None
    """Share of stained pixels that haematoxylin and eosin can mix, 0 to 1; None without such pixels."""
    brightness: float
    """Median of the brightest channel of the whole slide, 0 to 255."""
    organ: str | None = None
    """Organ, where the user stated it."""


def slide_facts(
    record: SlideRecord, overview_rgb: NDArray[np.uint8], *, organ: str | None = None
) -> SlideFacts:
    """Look at a slide's overview.

    Mixtures of haematoxylin and eosin take away most green, nearly as much or less red, and less blue. Brown
    of DAB takes away most blue, blue and green of trichromes most red. Stains of similar colours, such as
    periodic acid-Schiff's, cannot be told from H&E in this way.

    Parameters
    ----------
    record : SlideRecord
        The slide.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide as a small picture.
    organ : str, optional
        What the user says it is of.

    Returns
    -------
    SlideFacts
        Facts and the numbers behind them.
    """
    brightness = float(np.median(overview_rgb.max(axis=2)))
    mpp = record.mpp.mean if record.mpp is not None else None
    if brightness < DARK_FIELD:
        return SlideFacts(mpp=mpp, stain="dark field", mixture_share=None, brightness=brightness, organ=organ)
    share = _mixture_share(overview_rgb)
    stain: Stain = "unknown" if share is None else "H&E" if share >= LEAST_MIXTURE else "other"
    return SlideFacts(mpp=mpp, stain=stain, mixture_share=share, brightness=brightness, organ=organ)


def _mixture_share(rgb: NDArray[np.uint8]) -> float | None:
    glass = glass_colour(rgb, np.zeros(rgb.shape[:2], bool))
    density = np.maximum(np.log(glass / np.maximum(rgb, 1).astype(np.float32)), 0)
    stained = (density.sum(axis=2) > LEAST_DENSITY) & (rgb.max(axis=2) > 31)
    if int(stained.sum()) < FEWEST_PIXELS:
        return None
    red, green, blue = density[stained].T
    return float(((green >= 0.8 * red) & (green >= 0.97 * blue)).mean())
