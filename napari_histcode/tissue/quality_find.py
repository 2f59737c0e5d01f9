"""Find what may mislead a model on a slide: ink, folds, and tissue out of focus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.progress import CancelToken, ProgressCallback, ignore_progress
from napari_histcode.slide import Slide
from napari_histcode.slide.overview import read_overview
from napari_histcode.tissue.mask import TissueMask
from napari_histcode.tissue.quality import ARTEFACTS, Artefact, QualityConfig, QualityMask
from napari_histcode.tissue.quality_density import glass_colour, optical_density
from napari_histcode.tissue.quality_focus import find_blur, measure_blur
from napari_histcode.tissue.quality_fold import find_folds
from napari_histcode.tissue.quality_pen import find_pen

DEFAULT_QUALITY = QualityConfig()

Mask = NDArray[np.bool_]


def find_artefacts(
    slide: Slide,
    tissue: TissueMask,
    config: QualityConfig = DEFAULT_QUALITY,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> QualityMask:
    """Look for ink, dark folds and tissue out of focus.

    Ink and folds are found in the slide's overview at the resolution of the tissue mask. Focus needs about
    1 um/px: only blocks with tissue are read, a few at a time.

    Parameters
    ----------
    slide : Slide
        An open bright-field slide with a known resolution.
    tissue : TissueMask
        Its tissue.
    config : QualityConfig
        What to look for.
    progress : callable
        Called while focus is checked.
    cancel : CancelToken, optional
        Stops at the next block.

    Returns
    -------
    QualityMask
        Classes on the raster of the tissue mask, with areas and shares.

    Raises
    ------
    MissingMppError
        If the slide's resolution is unknown.
    AnalysisCancelledError
        If it was cancelled.
    """
    mpp = slide.require_mpp()
    cancel = cancel or CancelToken()
    pixel_um = (tissue.scale_px0[0] * mpp.x + tissue.scale_px0[1] * mpp.y) / 2
    found = _from_overview(slide, tissue, config, pixel_um, cancel)
    not_assessed = {
        artefact: "it was not asked for"
        for artefact, part in zip(ARTEFACTS, (config.pen, config.fold, config.focus), strict=True)
        if part is None
    }
    if config.focus is not None and mpp.mean > config.focus.coarsest_mpp:
        not_assessed[Artefact.BLUR] = (
            f"the slide has {mpp.mean:.3g} um/px, and sharpness needs {config.focus.coarsest_mpp:g} or finer"
        )
    elif config.focus is not None:
        blur = measure_blur(slide, tissue, config.focus, progress=progress, cancel=cancel)
        found[Artefact.BLUR] = find_blur(blur, tissue, config.focus)
    return make_mask(found, tissue, config, not_assessed)


def make_mask(
    found: dict[Artefact, Mask], tissue: TissueMask, config: QualityConfig, not_assessed: dict[Artefact, str]
) -> QualityMask:
    """Put masks of single artefacts together and measure them.

    Parameters
    ----------
    found : dict
        Artefact to where it lies, on the raster of the tissue mask; earlier artefacts hide later ones.
    tissue : TissueMask
        The tissue.
    config : QualityConfig
        How they were found.
    not_assessed : dict
        What was not looked for, and why.
    """
    classes = np.zeros(tissue.mask.shape, np.uint8)
    for artefact in reversed(ARTEFACTS):
        if artefact in found:
            classes[found[artefact]] = artefact
    mpp = tissue.slide.mpp
    if mpp is None:
        raise ValueError("A quality mask needs the slide's resolution.")
    pixel_mm2 = tissue.scale_px0[0] * mpp.x * tissue.scale_px0[1] * mpp.y / 1e6
    n_tissue = max(1, int(tissue.mask.sum()))
    counts = np.bincount(classes.ravel(), minlength=len(Artefact))
    in_tissue = np.bincount(classes[tissue.mask], minlength=len(Artefact))
    return QualityMask(
        classes=classes,
        scale_px0=tissue.scale_px0,
        area_mm2={a: float(counts[a] * pixel_mm2) for a in ARTEFACTS},
        tissue_share={a: float(in_tissue[a] / n_tissue) for a in ARTEFACTS},
        not_assessed=not_assessed,
        slide=tissue.slide,
        config=config,
    )


def _from_overview(
    slide: Slide, tissue: TissueMask, config: QualityConfig, pixel_um: float, cancel: CancelToken
) -> dict[Artefact, Mask]:
    """Find what the overview shows."""
    if config.pen is None and config.fold is None:
        return {}
    overview = read_overview(slide, tissue.scale_px0, cancel=cancel)
    glass = glass_colour(overview, tissue.mask)
    found: dict[Artefact, Mask] = {}
    ink = np.zeros(tissue.mask.shape, bool)
    if config.pen is not None:
        density = optical_density(overview, glass, width_px=_pixels(config.pen.smoothing_um, pixel_um))
        found[Artefact.PEN] = ink = find_pen(density, pixel_um=pixel_um, config=config.pen)
    cancel.raise_if_cancelled()
    if config.fold is not None:
        density = optical_density(overview, glass, width_px=_pixels(config.fold.smoothing_um, pixel_um))
        found[Artefact.FOLD] = find_folds(density, tissue.mask & ~ink, pixel_um=pixel_um, config=config.fold)
    return found


def _pixels(width_um: float, pixel_um: float) -> int:
    return max(1, round(width_um / pixel_um))
