"""Values of the tissue stage: its configuration and the mask it gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.slide.record import SlideRecord


@dataclass(frozen=True, kw_only=True)
class TissueConfig:
    """How tissue is told from glass. Lengths and areas are physical, so one setting fits every scan."""

    mask_mpp: float = 16.0
    """Resolution of the mask in micrometres per mask pixel."""
    smoothing_um: float = 80.0
    """Width of the median filter on saturation."""
    closing_um: float = 64.0
    """Gaps up to this width inside tissue are closed."""
    saturation_range: tuple[float, float] = (0.035, 0.06)
    """Otsu's threshold on HSV saturation (0 to 1, glass is 0) is kept within these bounds: dense tissue
    must not push pale tissue below it, and an empty slide has no second mode to find."""
    darkest: float = 0.12
    """Pixels whose brightest channel is below this (0 to 1) are no bright-field tissue."""
    min_piece_mm2: float = 0.02
    """Smaller pieces of tissue are dropped as dust."""
    min_hole_mm2: float = 0.01
    """Smaller holes are filled."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TissueMask:
    """Where there is tissue, as a raster over the whole slide."""

    mask: NDArray[np.bool_]
    """(height, width), True on tissue; read-only."""
    scale_px0: tuple[float, float]
    """Level-0 pixels per mask pixel along x and y; the mask's corner is the slide's."""
    threshold: float
    """Saturation threshold that was used, 0 to 1."""
    slide: SlideRecord
    """The slide it belongs to."""
    config: TissueConfig
    """How it was made."""

    def __post_init__(self) -> None:
        if self.mask.ndim != 2 or self.mask.dtype != np.bool_:
            raise ValueError(f"A tissue mask is a 2-D bool array, not {self.mask.dtype} {self.mask.shape}.")
        self.mask.flags.writeable = False

    @property
    def area_mm2(self) -> float:
        """Area of the tissue in square millimetres.

        Raises
        ------
        ValueError
            If the slide's resolution is unknown.
        """
        mpp = self.slide.mpp
        if mpp is None:
            raise ValueError("The area of tissue needs the slide's resolution.")
        pixel_um2 = self.scale_px0[0] * mpp.x * self.scale_px0[1] * mpp.y
        return float(self.mask.sum()) * pixel_um2 / 1e6
