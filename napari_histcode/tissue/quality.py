"""Values of quality control: what counts as an artefact, and where the artefacts of a slide lie."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from napari_histcode.slide.record import SlideRecord


class Artefact(IntEnum):
    """What a pixel of a quality mask says; where several are true, the lowest number above 0 stands."""

    NONE = 0
    """Nothing was found."""
    PEN = 1
    """Ink of a marker, on tissue or on glass."""
    FOLD = 2
    """Tissue that lies over itself."""
    BLUR = 3
    """Tissue that is out of focus."""

    @property
    def label(self) -> str:
        """The name as shown."""
        return {0: "fine", 1: "pen", 2: "fold", 3: "out of focus"}[int(self)]


ARTEFACTS = (Artefact.PEN, Artefact.FOLD, Artefact.BLUR)
"""Everything that is wrong with a slide, in order of precedence."""


@dataclass(frozen=True, kw_only=True)
class PenConfig:
    """How ink is told from stain; densities are natural logarithms of glass over pixel."""

    smoothing_um: float = 48.0
    """Width of the mean filter on optical density."""
    min_area_mm2: float = 0.02
    """Smaller spots of certain ink are left out as specks."""
    growth_um: float = 300.0
    """How far a mark may reach beyond its certain part through paler ink."""


@dataclass(frozen=True, kw_only=True)
class FoldConfig:
    """How a fold is told from dense tissue."""

    smoothing_um: float = 32.0
    """Width of the mean filter on optical density."""
    reach_um: float = 1000.0
    """Tissue within this distance along x and y says how dense tissue is here."""
    usual_quantile: float = 0.75
    """Quantile of density that stands for a single solid layer: above the median, since tissue has gaps."""
    certain_ratio: float = 1.6
    """A fold begins where every colour is so many times as dense as a single layer around."""
    least_ratio: float = 1.35
    """It reaches as far as every colour is so many times as dense, and touches a certain part."""
    least_slide_ratio: float = 1.3
    """The three densities together are at least so many times those of a single layer of the whole slide."""
    least_density: float = 0.25
    """Whatever the tissue around, a fold absorbs at least this much of every colour."""
    min_area_mm2: float = 0.01
    """Smaller folds are left out."""


@dataclass(frozen=True, kw_only=True)
class FocusConfig:
    """How tissue out of focus is told from tissue without detail."""

    mpp: float = 1.0
    """Resolution at which sharpness is measured, micrometres per pixel."""
    coarsest_mpp: float = 1.5
    """On slides that are coarser than this, sharpness is not measured."""
    cell_um: float = 128.0
    """Width of the squares that are judged one by one."""
    most_blur_um: float = 1.8
    """A square of more blur is out of focus; tissue reads about 0.8 um lower than a Gaussian laid over it."""
    least_contrast: float = 0.5
    """Squares whose structure has a lower standard deviation (of 255 grey levels) are not judged."""
    least_tissue: float = 0.5
    """Squares with a smaller share of tissue are not judged."""
    min_area_mm2: float = 0.04
    """Smaller places out of focus are left out."""


@dataclass(frozen=True, kw_only=True)
class QualityConfig:
    """What is looked for, and how."""

    pen: PenConfig | None = field(default_factory=PenConfig)
    """Ink of markers; None leaves it out."""
    fold: FoldConfig | None = field(default_factory=FoldConfig)
    """Dark folds; None leaves them out."""
    focus: FocusConfig | None = field(default_factory=FocusConfig)
    """Tissue out of focus, which costs most of the time; None leaves it out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class QualityMask:
    """Where a slide has artefacts, as a raster over the whole slide."""

    classes: NDArray[np.uint8]
    """(height, width) values of `Artefact`; read-only."""
    scale_px0: tuple[float, float]
    """Level-0 pixels per mask pixel along x and y; the mask's corner is the slide's."""
    area_mm2: dict[Artefact, float]
    """Area of each artefact on the slide in square millimetres; pen also where there is no tissue."""
    tissue_share: dict[Artefact, float]
    """Share of the tissue mask under each artefact, 0 to 1; ink on glass is mostly in that mask, too."""
    not_assessed: dict[Artefact, str]
    """What was not looked for, and why."""
    slide: SlideRecord
    """The slide it belongs to."""
    config: QualityConfig
    """How it was made."""

    def __post_init__(self) -> None:
        if self.classes.ndim != 2 or self.classes.dtype != np.uint8:
            raise ValueError(
                f"A quality mask is a 2-D uint8 array, not {self.classes.dtype} {self.classes.shape}."
            )
        if self.classes.size and int(self.classes.max()) > max(Artefact):
            raise ValueError(f"A quality mask has classes 0 to {int(max(Artefact))}.")
        self.classes.flags.writeable = False

    def is_of(self, artefact: Artefact) -> NDArray[np.bool_]:
        """Return where this artefact lies, (height, width)."""
        return np.asarray(self.classes == artefact)

    @property
    def has_artefacts(self) -> bool:
        """Whether anything was found."""
        return bool(self.classes.any())
