"""What a slide is, as far as results need to know: the frozen record that travels with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from napari_histcode.errors import ImplausibleMppError

PLAUSIBLE_MPP = (0.02, 40.0)
"""Micrometres per pixel between a 100x oil objective and a 0.25x overview."""

Modality = Literal["bright field", "fluorescence"]
"""How a slide was lit: from below, or by what its dyes give off."""

BRIGHT_FIELD: Modality = "bright field"
FLUORESCENCE: Modality = "fluorescence"


@dataclass(frozen=True, kw_only=True)
class Mpp:
    """Micrometres per level-0 pixel, along x and y, and who says so."""

    x: float
    """Micrometres per pixel along x."""
    y: float
    """Micrometres per pixel along y."""
    source: str
    """Where the value comes from: "file", "OME-XML", "user" ..."""

    def __post_init__(self) -> None:
        lowest, highest = PLAUSIBLE_MPP
        for value in (self.x, self.y):
            if not lowest <= value <= highest:
                raise ImplausibleMppError(
                    f"A resolution of {value:g} um/px ({self.source}) is not plausible for a slide: "
                    f"expected {lowest:g} to {highest:g}.",
                    advice="Give the right value with --mpp, for example --mpp 0.5 for a 20x scan.",
                )
        if max(self.x, self.y) > 2 * min(self.x, self.y):
            raise ImplausibleMppError(
                f"Pixels of {self.x:g} x {self.y:g} um ({self.source}) are not plausible for a slide.",
                advice="Give the right value with --mpp.",
            )

    @property
    def mean(self) -> float:
        """Mean of both axes, for labels and for choosing levels."""
        return (self.x + self.y) / 2


@dataclass(frozen=True, kw_only=True)
class SlideRecord:
    """Identity and geometry of a slide without anything that could name a patient."""

    alias: str
    """Name for layers, sessions and exports: "slide-" and the start of the digest."""
    digest: str
    """SHA-256 over the size and samples of the file's content, in hex."""
    dimensions: tuple[int, int]
    """Width and height at level 0 in pixels."""
    level_dimensions: tuple[tuple[int, int], ...]
    """Width and height of every level in pixels, the finest first."""
    mpp: Mpp | None
    """Resolution at level 0, or None where the file does not say."""
    objective: float | None
    """Nominal magnification of the objective; often inaccurate, never used for computing."""
    vendor: str | None
    """Scanner maker or file family, such as "aperio"."""
    reader: str
    """Library that opened the file, with its version."""
    modality: Modality = BRIGHT_FIELD
    """Bright field or fluorescence; models of stained tissue refuse the latter."""
    modality_source: str = field(default="assumed", compare=False)
    """How that was decided: "file", "OME-XML", "channels", "pixels" or "assumed"."""

    @property
    def level_downsamples(self) -> tuple[tuple[float, float], ...]:
        """Level-0 pixels per level pixel along x and y; floats, never rounded."""
        width, height = self.dimensions
        return tuple((width / w, height / h) for w, h in self.level_dimensions)
