"""What the panels of a figure show: the plain slide, maps, regions, agreement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.comparison import Comparison, MapComparison
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.tile_agreement import AGREEMENT_COLOURS, AGREEMENT_LABELS
from napari_histcode.errors import ResultError
from napari_histcode.export.figures.agreement_picture import HATCHED, paint_agreement
from napari_histcode.export.figures.blend import mix_paint
from napari_histcode.export.figures.legend import ColourBar, grey_under
from napari_histcode.export.figures.print_figure import Panel
from napari_histcode.export.figures.view import Box
from napari_histcode.export.job import colormap_for
from napari_histcode.export.options import ExportOptions
from napari_histcode.heatmap import Heatmap

_HATCH = 0.55  # of the size of the type


def make_panels(
    heatmaps: Sequence[Heatmap],
    options: ExportOptions,
    box_px0: Box,
    *,
    has_outlines: bool,
    comparison: Comparison | None,
) -> tuple[Panel, ...]:
    """Make the panels that were asked for.

    Parameters
    ----------
    heatmaps : sequence of Heatmap
        The maps that "map" and "agreement" stand for.
    options : ExportOptions
        Which panels, and how maps are coloured.
    box_px0 : tuple of float
        What the pictures show, in level-0 pixels.
    has_outlines : bool
        Whether there are regions, which are drawn over all panels but the plain slide.
    comparison : Comparison or None
        For panels of agreement.

    Raises
    ------
    ResultError
        If a panel needs regions or a comparison, and there are none.
    """
    panels: list[Panel] = []
    for kind in options.panels:
        if kind == "slide":
            panels.append(Panel(title="Slide", paint=lambda rgb, _base: (rgb, None)))
        elif kind == "map":
            panels += [_map_panel(heatmap, options, box_px0, has_outlines) for heatmap in heatmaps]
        elif kind == "reference":
            if not has_outlines:
                raise ResultError("A panel of the reference needs regions.", advice="Give annotations.")
            panels.append(Panel(title="Reference", paint=lambda rgb, _base: (rgb, None), has_outlines=True))
        else:
            if comparison is None:
                raise ResultError(
                    "A panel of agreement needs a comparison.",
                    advice="Give annotations and the classes that count as positive.",
                )
            panels += [
                _agreement_panel(comparison.map(heatmap.name), comparison, box_px0, has_outlines)
                for heatmap in heatmaps
            ]
    return tuple(panels)


def _map_panel(heatmap: Heatmap, options: ExportOptions, box_px0: Box, has_outlines: bool) -> Panel:  # noqa: FBT001
    paint = mix_paint(
        heatmap, alpha=options.alpha, colormap=colormap_for(heatmap, options.colormap), limits=options.limits
    )

    def draw(rgb: NDArray[np.uint8], base: float) -> tuple[NDArray[np.uint8], ColourBar]:
        bar = ColourBar(
            heatmap=heatmap, base=base, alpha=options.alpha, grey=grey_under(rgb, heatmap, box_px0),
            colormap=colormap_for(heatmap, options.colormap), limits=options.limits, overhang=0.3,
        )  # fmt: skip
        return paint.over(rgb, box_px0), bar

    return Panel(title=sentence(heatmap.label), paint=draw, has_outlines=has_outlines)


def _agreement_panel(
    compared: MapComparison,
    comparison: Comparison,
    box_px0: Box,
    has_outlines: bool,  # noqa: FBT001
) -> Panel:
    lattice = TileLattice(grid=comparison.reference.grid)

    def draw(rgb: NDArray[np.uint8], base: float) -> tuple[NDArray[np.uint8], None]:
        hatch = max(7, round(_HATCH * base))
        return paint_agreement(rgb, compared.agreement, lattice, box_px0=box_px0, hatch_px=hatch), None

    cut = compared.shown_threshold
    swatches = tuple(
        (colour, AGREEMENT_LABELS[kind] + (" (hatched)" if kind is HATCHED else ""))
        for kind, colour in AGREEMENT_COLOURS.items()
    )
    return Panel(
        title=f"Agreement, {compared.label} ({cut.name} threshold {cut.value:.4g})",
        paint=draw,
        swatches=swatches,
        has_outlines=has_outlines,
    )


def sentence(label: str) -> str:
    """Begin a label with a capital, unless it is a name such as a gene's."""
    word = label.split(" ", 1)[0]
    return label[:1].upper() + label[1:] if word.islower() else label
