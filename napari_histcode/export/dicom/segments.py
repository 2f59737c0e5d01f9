"""What a segmentation shows: tiles above a threshold, or annotated classes, as masks on a pixel matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from napari_histcode.annotations import QUPATH_CLASSES, Annotation, Rgb, is_ignored
from napari_histcode.comparison.thresholds import otsu_threshold
from napari_histcode.errors import ResultError
from napari_histcode.export.figures.blend import place_on
from napari_histcode.export.figures.outlines import UNCLASSIFIED
from napari_histcode.export.figures.view import View
from napari_histcode.heatmap import Heatmap
from napari_histcode.tiling.coverage import merge_regions

_TILE_COLOUR = (213, 94, 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """A class of pixels."""

    label: str
    """The class, or the map with its threshold."""
    mask: NDArray[np.bool_]
    """(rows, columns)."""
    colour: Rgb
    """Colour to show it in."""
    is_manual: bool
    """Whether people drew it."""
    class_name: str | None
    """Class of the regions; None for a thresholded map."""


def threshold_segment(heatmap: Heatmap, view: View, threshold: float | None) -> Segment:
    """Take the tiles with at least a value.

    Parameters
    ----------
    heatmap : Heatmap
        The map.
    view : View
        The pixel matrix.
    threshold : float or None
        In the map's values; None for zero where the map is signed, and for Otsu's threshold elsewhere.

    Raises
    ------
    ResultError
        If the map has one value everywhere and no threshold was given.
    """
    if threshold is None:
        threshold = 0.0 if heatmap.is_signed else otsu_threshold(heatmap.raster.ravel()).value
    if not np.isfinite(threshold):
        raise ResultError(
            f"{heatmap.label} has no threshold of its own: it has one value everywhere.",
            advice="Give one with --threshold.",
        )
    taken = np.pad(np.nan_to_num(heatmap.raster, nan=-np.inf) >= threshold, ((0, 1), (0, 1)))
    columns, rows = place_on(heatmap, view.size_px, view.box_px0)
    return Segment(
        label=f"{heatmap.label} >= {threshold:.4g}",
        mask=taken[rows[:, np.newaxis], columns],  # -1 finds the padding
        colour=_TILE_COLOUR,
        is_manual=False,
        class_name=None,
    )


def class_segments(annotations: Sequence[Annotation], view: View) -> tuple[Segment, ...]:
    """Turn the regions of each class into a mask; classes that are ignored ("Region*") are left out.

    A pixel belongs to a class if its centre lies in one of its regions.

    Parameters
    ----------
    annotations : sequence of Annotation
        Regions in level-0 pixels.
    view : View
        The pixel matrix.

    Raises
    ------
    ResultError
        If there is no region of any class.
    """
    regions: dict[str, list[Annotation]] = {}
    for annotation in annotations:
        if annotation.has_area and not is_ignored(annotation.class_name):
            regions.setdefault(annotation.class_name or UNCLASSIFIED, []).append(annotation)
    if not regions:
        raise ResultError("There are no regions to make segments of.", advice="Give annotations with areas.")
    return tuple(
        Segment(
            label=name,
            mask=_rasterise(merge_regions([one.geometry for one in found]), view),
            colour=found[0].shown_colour or QUPATH_CLASSES.colour_of(name),
            is_manual=True,
            class_name=name,
        )
        for name, found in regions.items()
    )


def _rasterise(merged: shapely.MultiPolygon, view: View) -> NDArray[np.bool_]:
    from skimage.draw import polygon

    width, height = view.size_px
    mask = np.zeros((height, width), bool)
    scale, corner = np.array(view.px0_per_px), np.array(view.box_px0[:2])
    # an island in a hole is smaller than the region around the hole: it is filled after the hole is cut
    for part in sorted(shapely.get_parts(merged), key=lambda part: -shapely.Polygon(part.exterior).area):
        for ring, value in ((part.exterior, True), *((ring, False) for ring in part.interiors)):
            x, y = ((shapely.get_coordinates(ring) - corner) / scale - 0.5).T
            rows, columns = polygon(y, x, mask.shape)
            mask[rows, columns] = value
    return mask
