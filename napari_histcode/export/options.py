"""What somebody who exports may choose; the window and the command line fill in the same values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_histcode.export.figures.view import Box

PanelKind = Literal["slide", "map", "reference", "agreement"]
Compression = Literal["jpeg", "deflate"]
SegmentSource = Literal["threshold", "annotations"]

PANEL_KINDS: tuple[PanelKind, ...] = ("slide", "map", "reference", "agreement")
"""What a panel of a figure may show."""


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Choices that only some formats look at; the defaults are those of the command line."""

    region_px0: Box | None = None
    """Left, top, width and height in level-0 pixels of the part that pictures show; all if None."""
    panels: tuple[PanelKind, ...] = ("map",)
    """Panels of a figure from left to right; "map" stands for every chosen map."""
    dpi: int = 300
    """Pixels per inch of a figure's pictures."""
    width_mm: float = 180.0
    """Width of a figure in millimetres: 85 fills one column of most journals, 180 a page."""
    alpha: float = 0.5
    """Weight of the heatmap's colours over the tissue, 0 to 1."""
    colormap: str | None = None
    """Colour scale of all maps; each map's default if None."""
    limits: tuple[float, float] | None = None
    """Values at the ends of the colour scale; each map's default if None."""
    overlay_mpp: float | None = None
    """Micrometres per pixel of a rendered overlay; if None, 1 or what the slide has, if that is coarser."""
    compression: Compression = "jpeg"
    """Of a rendered overlay as TIFF: "jpeg" is small, "deflate" loses nothing."""
    with_features: bool = False
    """Whether AnnData also gets the encoder's features of every tile."""
    segment: SegmentSource = "threshold"
    """What a DICOM segmentation shows: tiles above a threshold, or annotated classes."""
    threshold: float | None = None
    """Threshold on raw values; if None, zero for signed maps and Otsu's for others."""
    keep_patient: bool = False
    """Whether DICOM objects take over patient, study and specimen of the slide."""
    n_top_tiles: int = 6
    """Highest and lowest tiles of each map in a report or on a contact sheet."""
    most_maps: int = 12
    """Maps that a report draws; the others are listed."""

    first_maps: tuple[str, ...] = ()
    """Names of maps that a report draws before all others: those that somebody looks at."""

    def __post_init__(self) -> None:
        if not 50 <= self.dpi <= 1200:
            raise ValueError(f"dpi is from 50 to 1200, not {self.dpi}.")
        if not 40 <= self.width_mm <= 1000:
            raise ValueError(f"The width of a figure is from 40 to 1000 mm, not {self.width_mm:g}.")
        if not 0 <= self.alpha <= 1:
            raise ValueError(f"alpha is a share from 0 to 1, not {self.alpha:g}.")
        if self.limits is not None and not self.limits[0] < self.limits[1]:
            raise ValueError(f"Limits ascend: {self.limits[0]:g} is not below {self.limits[1]:g}.")
        if self.overlay_mpp is not None and not self.overlay_mpp > 0:
            raise ValueError(f"The resolution of an overlay is above 0, not {self.overlay_mpp:g}.")
        if not self.panels:
            raise ValueError("A figure has at least one panel.")
        if self.n_top_tiles < 0 or self.most_maps < 0:
            raise ValueError("Numbers of tiles and maps are at least 0.")
