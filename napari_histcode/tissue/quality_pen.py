"""Find the ink of markers by colours that haematoxylin and eosin cannot mix.

Light that has gone through stain has optical densities (red, green, blue) that are a mixture, with no
negative parts, of haematoxylin's, about (0.65, 0.70, 0.29), and eosin's, about (0.07, 0.99, 0.11) to
(0.22, 0.80, 0.56) [1]_ [2]_: always most in green. Hence

- green and blue ink take away clearly more red than green: no mixture does;
- black ink takes away much of every colour, where stain still lets most of the blue through;
- red ink is eosin's neighbour. It takes away much green and blue, and lets red through better than the
  deepest eosin of bone and blood: only dense strokes are certain, and red ink over tissue, which adds its own
  red density, is mostly missed.

A certain part is grown through paler ink of the same colour. Violet ink cannot be told from haematoxylin;
brown ink, which cannot be told from pigment, is not looked for.

References
----------
.. [1] A. Ruifrok, D. Johnston: Quantification of histochemical staining by color deconvolution, 2001.
.. [2] M. Macenko et al.: A method for normalizing histology slides for quantitative analysis, 2009.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import remove_small_objects

from napari_histcode.tissue.quality import PenConfig
from napari_histcode.tissue.quality_density import Floats

Mask = NDArray[np.bool_]

_EIGHT_NEIGHBOURS = np.ones((3, 3), bool)


@dataclass(frozen=True, kw_only=True)
class Ink:
    """One colour of ink: rules on the densities of red, green and blue."""

    name: str
    """Its colour."""
    is_certain: Callable[[Floats, Floats, Floats], Mask]
    """What is ink wherever it lies."""
    is_possible: Callable[[Floats, Floats, Floats], Mask]
    """What is ink beside certain ink."""


INKS = (
    Ink(
        name="green to blue",
        is_certain=lambda r, g, _b: (r > 0.35) & (r > 1.3 * g),
        is_possible=lambda r, g, _b: (r > 0.15) & (r > 1.15 * g),
    ),
    Ink(
        name="red",
        is_certain=lambda r, g, b: (g - r > 1.0) & (r < 0.14 * g) & (b > 0.4 * g),
        is_possible=lambda r, g, b: (g - r > 0.45) & (r < 0.25 * g) & (b > 0.62 * g),
    ),
    Ink(
        name="black",
        is_certain=lambda r, g, b: _is_black(r, g, b, least=1.5),
        is_possible=lambda r, g, b: _is_black(r, g, b, least=0.6),
    ),
)
"""Every ink that is looked for."""


def find_pen(density: Floats, *, pixel_um: float, config: PenConfig) -> Mask:
    """Find the ink of markers on a slide.

    Parameters
    ----------
    density : ndarray of float32, (height, width, 3)
        The slide's smoothed optical density, from `optical_density`.
    pixel_um : float
        Width of a pixel in micrometres.
    config : PenConfig
        Least area and growth.

    Returns
    -------
    ndarray of bool, (height, width)
        True on ink, on tissue or on glass.
    """
    red, green, blue = np.moveaxis(density, -1, 0)
    n_least = round(config.min_area_mm2 * 1e6 / pixel_um**2)
    n_steps = round(config.growth_um / pixel_um)
    found = np.zeros(density.shape[:2], bool)
    for ink in INKS:
        certain = ink.is_certain(red, green, blue)
        certain = remove_small_objects(certain, max_size=max(0, n_least - 1), connectivity=2)
        if not certain.any():
            continue
        possible = certain | ink.is_possible(red, green, blue)
        if n_steps:
            certain = ndimage.binary_dilation(certain, _EIGHT_NEIGHBOURS, iterations=n_steps, mask=possible)
        found |= certain
    return found


def _is_black(r: Floats, g: Floats, b: Floats, *, least: float) -> Mask:
    darkest, palest = np.maximum(np.maximum(r, g), b), np.minimum(np.minimum(r, g), b)
    return np.asarray((palest > least) & (darkest < 1.9 * palest))
