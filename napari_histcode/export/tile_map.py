"""Write one map that a tool made, beside the maps of a model: values as OME-TIFF, and a figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.export.figures.images import write_figure
from napari_histcode.export.figures.overlay_figure import OverlayStyle, draw_overlay_figure
from napari_histcode.export.layout import HEATMAP_SUFFIX, OVERLAY_SUFFIX, file_stems
from napari_histcode.export.stacks.ome_tiff import export_heatmap_tiff
from napari_histcode.heatmap import draw_tile_map
from napari_histcode.scores.scores import SlideScores, TileMap


def export_tile_map(
    scores: SlideScores,
    tile_map: TileMap,
    overview_rgb: NDArray[np.uint8],
    folder: str | Path,
    *,
    provenance: Mapping[str, Any],
    limits: tuple[float, float] | None = None,
) -> tuple[Path, Path]:
    """Write a map over the tiles of a slide.

    Parameters
    ----------
    scores : SlideScores
        Scores of the slide, whose tiles the map is of.
    tile_map : TileMap
        The map; it need not be one of the scores.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide as a small picture.
    folder : str or Path
        Where to write; made if missing.
    provenance : mapping
        Audit record: that of the scores, and how the map was made.
    limits : tuple of float, optional
        Values at the ends of the colour scale; the map's own if not given.

    Returns
    -------
    tuple of Path
        ``<map>.ome.tif`` with the values, and ``<map>.png``.

    Raises
    ------
    ModelMismatchError
        If the map has more or fewer values than there are tiles.
    OutputError
        If a file cannot be written.
    """
    folder = Path(folder)
    stem = file_stems([tile_map.name])[tile_map.name]
    heatmap = draw_tile_map(tile_map, scores.grid)
    values = export_heatmap_tiff(heatmap, folder / f"{stem}{HEATMAP_SUFFIX}", provenance)
    picture = draw_overlay_figure(scores, heatmap, overview_rgb, OverlayStyle(limits=limits))
    figure = write_figure(heatmap, picture, folder / f"{stem}{OVERLAY_SUFFIX}", provenance=provenance)
    return values, figure
