"""Figures for print: maps over a slide or a region of it, as PNG, SVG or PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.errors import ResultError
from napari_histcode.export.figures.figure_panels import make_panels
from napari_histcode.export.figures.outlines import outlines_in
from napari_histcode.export.figures.print_figure import draw_print_figure, lay_out
from napari_histcode.export.figures.scale import TIMES
from napari_histcode.export.figures.vector_file import vector_bytes
from napari_histcode.export.figures.view import Box, View, clipped_box, cut_view, read_view, whole_box
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.png import write_png
from napari_histcode.export.provenance import provenance_of, with_normalisation
from napari_histcode.files import replacing
from napari_histcode.heatmap import Heatmap
from napari_histcode.progress import CancelToken
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide

FigureFormat = Literal["png", "svg", "pdf"]

_DEFAULT = ExportOptions()


def export_figure(
    scores: SlideScores,
    heatmaps: Sequence[Heatmap],
    path: str | Path,
    fmt: FigureFormat,
    *,
    slide: Slide | None = None,
    overview_rgb: NDArray[np.uint8] | None = None,
    annotations: Sequence[Annotation] = (),
    comparison: Comparison | None = None,
    options: ExportOptions = _DEFAULT,
    provenance: Mapping[str, Any] | None = None,
    cancel: CancelToken | None = None,
) -> Path:
    """Write a figure with one panel or several side by side.

    Every panel shows the same region at the same scale, with one scale bar; maps have their colour bar with
    quantity, unit and normalisation; regions are outlined in the colours of their classes, which are
    explained below. SVG and PDF keep text and outlines as such and have the pictures inside.

    Parameters
    ----------
    scores : SlideScores
        Where the heatmaps come from.
    heatmaps : sequence of Heatmap
        What the panels "map" and "agreement" show.
    path : str or Path
        The file to write.
    fmt : {"png", "svg", "pdf"}
        Its format.
    slide : Slide, optional
        Read at the resolution that the figure's size needs; without it the overview has to do.
    overview_rgb : ndarray of uint8, (height, width, 3), optional
        The whole slide, where the slide itself is not at hand.
    annotations : sequence of Annotation
        Regions to outline, in level-0 pixels.
    comparison : Comparison, optional
        For panels of agreement.
    options : ExportOptions
        Panels, region, width, resolution, colours.
    provenance : mapping, optional
        Audit record; made from the scores if not given.
    cancel : CancelToken, optional
        Looked at while the slide is read.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    RegionError
        If the region is not on the slide.
    ResultError
        If there is neither slide nor overview, or a panel lacks what it shows.
    OutputError
        If the file cannot be written.
    AnalysisCancelledError
        If it was cancelled.
    """
    record = scores.grid.slide
    box = clipped_box(options.region_px0 or whole_box(record), record)
    mpp = scores.grid.mpp
    size_um = box[2] * mpp.x, box[3] * mpp.y
    panels = make_panels(
        heatmaps, options, box, has_outlines=any(a.has_area for a in annotations), comparison=comparison
    )
    layout = lay_out(len(panels), size_um, width_mm=options.width_mm, dpi=options.dpi)
    view = View(box_px0=box, size_px=layout.picture)
    if slide is not None:
        plain = read_view(slide, view, cancel=cancel)
    elif overview_rgb is not None:
        plain = cut_view(overview_rgb, record, view)
    else:
        raise ResultError("A figure needs the slide or its overview.", advice="Give the slide.")
    outlines = outlines_in(annotations, view) if any(panel.has_outlines for panel in panels) else ()
    sheet, size_px = draw_print_figure(
        scores, panels, layout, box, plain, outlines, title=record.alias,
        facts=_facts(options.region_px0, box, size_um),
    )  # fmt: skip
    used = {heatmap.name: heatmap.config.normalisation for heatmap in heatmaps}
    audit = with_normalisation(provenance or provenance_of(scores), _normalisations(used))
    audit |= {"region_px0": list(box), "panels": list(options.panels), "dpi": options.dpi}
    title = ", ".join([*(heatmap.label for heatmap in heatmaps), record.alias])
    path = Path(path)
    if cancel is not None:
        cancel.raise_if_cancelled()
    if fmt == "png":
        return write_png(path, sheet.render(*size_px), title=title, provenance=audit, dpi=options.dpi)
    encoded = vector_bytes(sheet, size_px, fmt, dpi=options.dpi, title=title, provenance=audit)
    with replacing(path) as temporary:
        temporary.write_bytes(encoded)
    return path


def _facts(region: Box | None, box: Box, size_um: tuple[float, float]) -> list[str]:
    if region is None:
        return []
    size = TIMES.join(f"{side:,.4g}" for side in size_um)
    return [f"region of {size} µm at x {box[0]:,.0f}, y {box[1]:,.0f} px"]


def _normalisations(used: Mapping[str, str]) -> str:
    """Name the one normalisation of all maps, or that of each."""
    if len(set(used.values())) == 1:
        return next(iter(used.values()))
    return "; ".join(f"{name}: {normalisation}" for name, normalisation in used.items()) or "none"
