"""Find tissue from the colour saturation of the slide's overview.

Haematoxylin and eosin are saturated colours on a colourless background, so that Otsu's threshold on
HSV saturation separates tissue from glass, as in HistCode's published pipeline. All lengths and areas
are physical here, and the threshold is bounded, since a slide without background has no second mode.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.morphology import disk, isotropic_closing, remove_small_holes, remove_small_objects

from napari_histcode.errors import NoTissueError
from napari_histcode.slide import Slide
from napari_histcode.slide.overview import read_overview
from napari_histcode.tissue.mask import TissueConfig, TissueMask

DEFAULT_TISSUE = TissueConfig()


def find_tissue(slide: Slide, config: TissueConfig = DEFAULT_TISSUE) -> TissueMask:
    """Find the tissue of a slide.

    Parameters
    ----------
    slide : Slide
        An open slide with a known resolution.
    config : TissueConfig
        Resolution of the mask, smoothing and least areas.

    Returns
    -------
    TissueMask
        Raster over the whole slide at about ``config.mask_mpp``.

    Raises
    ------
    MissingMppError
        If the slide's resolution is unknown: lengths and areas are physical.
    NoTissueError
        If nothing on the slide looks like tissue.
    """
    mpp = slide.require_mpp()
    overview = read_overview(slide, (max(1.0, config.mask_mpp / mpp.x), max(1.0, config.mask_mpp / mpp.y)))
    height, width = overview.shape[:2]
    scale = (slide.dimensions[0] / width, slide.dimensions[1] / height)
    pixel_um = (scale[0] * mpp.x + scale[1] * mpp.y) / 2

    mask, threshold = mask_of_overview(overview, pixel_um=pixel_um, config=config)
    if not mask.any():
        raise NoTissueError(
            f"No tissue was found on {slide.record.alias}: nothing of at least {config.min_piece_mm2:g} mm2 "
            f"is more saturated than {threshold:.3f}.",
            advice="Check that the slide is a stained bright-field scan and that its resolution is right, "
            "or lower the least piece of tissue.",
        )
    return TissueMask(mask=mask, scale_px0=scale, threshold=threshold, slide=slide.record, config=config)


def mask_of_overview(
    overview: NDArray[np.uint8], *, pixel_um: float, config: TissueConfig
) -> tuple[NDArray[np.bool_], float]:
    """Tell tissue from glass in an RGB image.

    Parameters
    ----------
    overview : ndarray of uint8, (height, width, 3)
        The image.
    pixel_um : float
        Width of one pixel in micrometres.
    config : TissueConfig
        Smoothing and least areas.

    Returns
    -------
    mask : ndarray of bool, (height, width)
        True on tissue.
    threshold : float
        The saturation that divided them.
    """
    brightest = overview.max(axis=2).astype(np.float32) / 255
    darkest = overview.min(axis=2).astype(np.float32) / 255
    saturation = np.where(brightest > 0, (brightest - darkest) / np.maximum(brightest, 1e-6), 0)
    saturation[brightest < config.darkest] = 0
    saturation = ndimage.median_filter(saturation, footprint=disk(_radius(config.smoothing_um, pixel_um)))

    threshold = float(np.clip(_otsu(saturation), *config.saturation_range))
    mask = isotropic_closing(saturation > threshold, config.closing_um / pixel_um / 2)
    px_per_mm2 = 1e6 / pixel_um**2
    mask = remove_small_objects(mask, max_size=_below(config.min_piece_mm2 * px_per_mm2))
    mask = remove_small_holes(mask, max_size=_below(config.min_hole_mm2 * px_per_mm2))
    return np.asarray(mask, dtype=np.bool_), threshold


def _radius(width_um: float, pixel_um: float) -> int:
    return max(1, round(width_um / pixel_um / 2))


def _otsu(values: NDArray[np.floating]) -> float:
    """Otsu's threshold; of a constant image the constant itself, which divides nothing."""
    low, high = float(values.min()), float(values.max())
    return float(threshold_otsu(values)) if high > low else low


def _below(n_pixels: float) -> int:
    """Largest whole number of pixels that is still less than ``n_pixels``."""
    return max(0, int(np.ceil(n_pixels)) - 1)
