"""The value of the heatmap stage: a raster of one pixel per tile, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.slide.record import SlideRecord

Normalisation = Literal["raw", "percentile", "z"]


@dataclass(frozen=True, kw_only=True)
class HeatmapConfig:
    """How values become a raster."""

    normalisation: Normalisation = "raw"
    """"raw" values, "percentile" within the slide (0 to 100), or "z" (mean 0, SD 1 within the slide)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Heatmap:
    """A map as a raster. Pixel (row, column) covers level-0 ``origin + (column, row) * pixel`` onwards."""

    name: str
    """Name of the map it shows."""
    label: str
    """The name as shown."""
    raster: NDArray[np.float32]
    """(rows, columns), NaN where there is no tile; read-only."""
    origin_px0: tuple[float, float]
    """Top-left corner of pixel (0, 0) in level-0 pixels, x then y."""
    pixel_px0: tuple[float, float]
    """Width and height of a raster pixel in level-0 pixels."""
    quantity: str
    """What a value is, normalisation included."""
    unit: str
    """Its unit; empty where it has none."""
    is_signed: bool
    """Whether colours must be centred on zero."""
    limits: tuple[float, float]
    """Values at the two ends of the colour scale by default."""
    slide: SlideRecord
    """The slide it belongs to."""
    config: HeatmapConfig
    """How it was made."""

    def __post_init__(self) -> None:
        if self.raster.ndim != 2:
            raise ValueError(f"A heatmap is a 2-D raster, not {self.raster.shape}.")
        self.raster.flags.writeable = False
