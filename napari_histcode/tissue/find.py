"""Find tissue from the colour saturation of the slide's overview.

Haematoxylin and eosin are saturated colours on nearly colourless glass, so that Otsu's threshold on
HSV saturation separates tissue from glass, as in HistCode's published pipeline. Here all lengths and areas
are physical, the tint of the glass is divided out, and the threshold is bounded, so that pale necrosis beside
dense tumour is still tissue.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.morphology import disk, isotropic_closing, remove_small_holes, remove_small_objects

from napari_histcode.errors import NoTissueError
from napari_histcode.progress import CancelToken
from napari_histcode.slide import Slide
from napari_histcode.slide.modality import require_bright_field
from napari_histcode.slide.overview import read_overview
from napari_histcode.tissue.mask import TissueConfig, TissueMask

DEFAULT_TISSUE = TissueConfig()

MOST_TINTED_GLASS = 0.12
DARKEST_GLASS = 0.75
PEAK_WIDTH = 0.02
LEAST_GLASS = 0.25
"""What glass looks like: saturation and brightness, width of its peak in saturation, and the share of the
slide from which on a peak is glass and not pale tissue."""


def find_tissue(
    slide: Slide, config: TissueConfig = DEFAULT_TISSUE, *, cancel: CancelToken | None = None
) -> TissueMask:
    """Find the tissue of a slide.

    Parameters
    ----------
    slide : Slide
        An open slide with a known resolution.
    config : TissueConfig
        Resolution of the mask, smoothing and least areas.
    cancel : CancelToken, optional
        Looked at while the overview is read.

    Returns
    -------
    TissueMask
        Raster over the whole slide at about ``config.mask_mpp``.

    Raises
    ------
    ModalityError
        If the slide is fluorescence.
    MissingMppError
        If the slide's resolution is unknown: lengths and areas are physical.
    NoTissueError
        If nothing on the slide looks like tissue.
    """
    require_bright_field(slide.record)
    mpp = slide.require_mpp()
    downsample = (max(1.0, config.mask_mpp / mpp.x), max(1.0, config.mask_mpp / mpp.y))
    overview = read_overview(slide, downsample, cancel=cancel)
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
    saturation = saturation_above_glass(overview)
    saturation[overview.max(axis=2) < 255 * config.darkest] = 0
    saturation = ndimage.median_filter(saturation, footprint=disk(_radius(config.smoothing_um, pixel_um)))

    threshold = float(np.clip(_otsu(saturation), *config.saturation_range))
    mask = isotropic_closing(saturation > threshold, config.closing_um / pixel_um / 2)
    px_per_mm2 = 1e6 / pixel_um**2
    mask = remove_small_objects(mask, max_size=_below(config.min_piece_mm2 * px_per_mm2))
    mask = remove_small_holes(mask, max_size=_below(config.min_hole_mm2 * px_per_mm2))
    return np.asarray(mask, dtype=np.bool_), threshold


def saturation_above_glass(overview: NDArray[np.uint8]) -> NDArray[np.float32]:
    """HSV saturation (height, width) from 0 to 1, after the tint of the glass has been divided out.

    Glass that is not colourless (mounting medium, white balance of the scanner) shows as one narrow
    peak of bright pixels of low saturation. Where there is no such peak, nothing is divided out.
    """
    rgb = np.divide(overview, 255, dtype=np.float32)
    saturation = _saturation(rgb)
    could_be_glass = (saturation < MOST_TINTED_GLASS) & (rgb.max(axis=2) > DARKEST_GLASS)
    counts, edges = np.histogram(
        saturation[could_be_glass], bins=np.arange(0, MOST_TINTED_GLASS, PEAK_WIDTH / 4)
    )
    peak = edges[counts.argmax()] + PEAK_WIDTH / 8
    is_glass = could_be_glass & (np.abs(saturation - peak) < PEAK_WIDTH / 2)
    if is_glass.mean() < LEAST_GLASS:
        return saturation
    glass = np.median(rgb[is_glass], axis=0).astype(np.float32)
    balanced = np.minimum(rgb / np.maximum(glass, 0.5), 1)
    return _saturation(balanced.astype(np.float32))


def _saturation(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    brightest, darkest = rgb.max(axis=2), rgb.min(axis=2)
    return np.asarray((brightest - darkest) / np.maximum(brightest, 1e-6), dtype=np.float32)


def _radius(width_um: float, pixel_um: float) -> int:
    return max(1, round(width_um / pixel_um / 2))


def _otsu(values: NDArray[np.floating]) -> float:
    """Otsu's threshold; of a constant image the constant itself, which divides nothing."""
    low, high = float(values.min()), float(values.max())
    return float(threshold_otsu(values)) if high > low else low


def _below(n_pixels: float) -> int:
    """Largest whole number of pixels that is still less than ``n_pixels``."""
    return max(0, int(np.ceil(n_pixels)) - 1)
