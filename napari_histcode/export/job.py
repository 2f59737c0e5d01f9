"""Everything that a format may need to write a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.errors import ResultError
from napari_histcode.export.figures.blend import Paint, mix_paint
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.read_result import find_bag
from napari_histcode.features.bag import FeatureBag
from napari_histcode.heatmap import Heatmap, HeatmapConfig, default_config, draw_heatmap
from napari_histcode.heatmap.colour import DIVERGING
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportJob:
    """What is to be written."""

    scores: SlideScores
    """The chosen maps, with all predictions."""
    provenance: Mapping[str, Any]
    """Audit record."""
    options: ExportOptions
    """What was chosen for single formats."""
    progress: ProgressCallback
    """Told how far it has come."""
    cancel: CancelToken
    """Looked at while it goes on."""
    folder: Path | None = None
    """The result folder; None for scores in memory."""
    bag: FeatureBag | None = None
    """Features of the tiles, where they are in memory."""
    overview_rgb: NDArray[np.uint8] | None = None
    """The whole slide as a small picture."""
    config: HeatmapConfig | None = None
    """How maps are normalised; each format's default if None."""
    trust: Mapping[str, Any] | None = None
    """What is known of the trust that the result deserves."""
    slide: Slide | None = None
    """The slide itself."""
    annotations: Sequence[Annotation] = ()
    """Regions in level-0 pixels."""
    comparison: Comparison | None = None
    """The maps beside a reference."""

    def shown(self, name: str) -> Heatmap:
        """Draw a map for looking at: as it is shown by default unless somebody chose otherwise."""
        return draw_heatmap(self.scores, name, self.config or default_config(self.scores.map(name)))

    def measured(self, name: str) -> Heatmap:
        """Draw a map for measuring: raw unless somebody chose otherwise."""
        return draw_heatmap(self.scores, name, self.config or HeatmapConfig())

    def paint(self, name: str) -> Paint:
        """Work out the colours of a map as it is shown."""
        heatmap = self.shown(name)
        options = self.options
        return mix_paint(
            heatmap,
            alpha=options.alpha,
            colormap=colormap_for(heatmap, options.colormap),
            limits=options.limits,
        )

    def require_overview(self) -> NDArray[np.uint8]:
        """Return the overview.

        Raises
        ------
        ResultError
            If there is none.
        """
        if self.overview_rgb is None:
            raise ResultError("A picture needs the slide's overview.", advice="Give overview_rgb.")
        return self.overview_rgb

    def require_slide(self, what: str) -> Slide:
        """Return the slide.

        Raises
        ------
        ResultError
            If it was not given.
        """
        if self.slide is None:
            raise ResultError(f"{what} needs the slide itself.", advice="Give the slide with --slide.")
        return self.slide

    def require_bag(self) -> FeatureBag:
        """Return the features of the tiles.

        Raises
        ------
        ResultError
            If they are neither in memory nor beside the result.
        """
        bag = self.bag
        if bag is None and self.folder is not None:
            bag = find_bag(self.folder, self.scores)
        if bag is None:
            raise ResultError("The result has no features that fit its tiles.", advice="Analyse it again.")
        return bag


def colormap_for(heatmap: Heatmap, wanted: str | None) -> str | None:
    """Take the colour scale that was asked for, save one without a middle for signed values."""
    return None if heatmap.is_signed and wanted not in DIVERGING else wanted
