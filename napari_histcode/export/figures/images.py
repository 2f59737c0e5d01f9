"""Pictures: the overview of a slide, and a heatmap laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.export.figures.blend import resize_rgb
from napari_histcode.export.figures.overlay_figure import OverlayStyle, draw_overlay_figure
from napari_histcode.export.png import write_png
from napari_histcode.export.provenance import provenance_of, with_normalisation
from napari_histcode.heatmap import Heatmap
from napari_histcode.scores.scores import SlideScores

OVERVIEW_PX = 2048
"""Longer side of a written overview in pixels, at most."""

FIGURE_DPI = 200
"""Resolution that figures ask to be printed at."""


def export_overlay(
    scores: SlideScores,
    heatmap: Heatmap,
    overview_rgb: NDArray[np.uint8],
    path: str | Path,
    *,
    alpha: float = 0.5,
    size: int = 1600,
    colormap: str | None = None,
    limits: tuple[float, float] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Write a figure of a heatmap over its slide as PNG.

    Parameters
    ----------
    scores : SlideScores
        Where the heatmap comes from.
    heatmap : Heatmap
        What to show.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide, in whatever resolution.
    path : str or Path
        The file to write.
    alpha : float
        Weight of the heatmap's colours over the tissue, 0 to 1.
    size : int
        Longer side of the slide's picture in pixels; title and legend come on top.
    colormap : str, optional
        Colour scale; the heatmap's default if not given.
    limits : tuple of float, optional
        Values at the ends of the colour scale; the heatmap's own if not given.
    provenance : mapping, optional
        Audit record; made from the scores if not given.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    style = OverlayStyle(alpha=alpha, size=size, colormap=colormap, limits=limits)
    figure = draw_overlay_figure(scores, heatmap, overview_rgb, style)
    return write_figure(heatmap, figure, path, provenance=provenance or provenance_of(scores))


def write_figure(
    heatmap: Heatmap, figure: NDArray[np.uint8], path: str | Path, *, provenance: Mapping[str, Any]
) -> Path:
    """Write the figure of a heatmap, once drawn, as PNG with its audit record.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    record = with_normalisation(provenance, heatmap.config.normalisation)
    title = f"{heatmap.label}, {heatmap.slide.alias}"
    return write_png(path, figure, title=title, provenance=record, dpi=FIGURE_DPI)


def export_overview(
    scores: SlideScores,
    overview_rgb: NDArray[np.uint8],
    path: str | Path,
    *,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Write the plain overview of a slide as PNG, at most `OVERVIEW_PX` pixels a side.

    Parameters
    ----------
    scores : SlideScores
        Whose slide it is.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide, drawn from its pyramid and never its label or macro image.
    path : str or Path
        The file to write.
    provenance : mapping, optional
        Audit record; made from the scores if not given.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    record = provenance or provenance_of(scores)
    title = f"overview, {scores.grid.slide.alias}"
    return write_png(path, shrink(overview_rgb, OVERVIEW_PX), title=title, provenance=record)


def shrink(rgb: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """Make a picture smaller, so that its longer side has at most so many pixels."""
    height, width, _ = rgb.shape
    factor = min(1.0, longest / max(width, height))
    return resize_rgb(rgb, (max(1, round(width * factor)), max(1, round(height * factor))))
