"""A quality mask as regions: one a connected piece of ink, fold or blur, for QuPath and for comparing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely.geometry import Polygon

from napari_histcode.annotations.annotation import Annotation
from napari_histcode.annotations.geometry import polygons_of
from napari_histcode.tissue.quality import ARTEFACTS, QualityMask

IGNORE = "Ignore*"
"""QuPath's class of regions that measurements leave out."""


def quality_regions(mask: QualityMask) -> tuple[Annotation, ...]:
    """Draw round the artefacts of a slide.

    Outlines follow the mask's pixels exactly, so that their areas are those of the mask.

    Parameters
    ----------
    mask : QualityMask
        The artefacts.

    Returns
    -------
    tuple of Annotation
        Class "Ignore*", named "pen", "fold" or "out of focus", in level-0 pixels.
    """
    extent = np.asarray(mask.slide.dimensions, np.float64)
    return tuple(
        Annotation(geometry=polygon, class_name=IGNORE, name=artefact.label)
        for artefact in ARTEFACTS
        for polygon in _outlines(mask.is_of(artefact), np.asarray(mask.scale_px0), extent)
    )


def _outlines(
    chosen: NDArray[np.bool_], scale_px0: NDArray[np.float64], extent_px0: NDArray[np.float64]
) -> Iterator[Polygon]:
    """Give the outline of each connected piece, four neighbours a pixel."""
    pieces, _ = ndimage.label(chosen)
    for number, (rows, columns) in enumerate(ndimage.find_objects(pieces), start=1):
        runs = [
            (columns.start + left, rows.start + row, columns.start + right, rows.start + row + 1)
            for row, line in enumerate(pieces[rows, columns] == number)
            for left, right in _runs(line)
        ]
        corners = np.minimum(np.asarray(runs, np.float64).reshape(-1, 2, 2) * scale_px0, extent_px0)
        boxes = shapely.box(*corners.reshape(-1, 4).T)
        yield from polygons_of(shapely.simplify(shapely.union_all(boxes), 0))


def _runs(line: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Give first and end of each run of True."""
    edges = np.flatnonzero(np.diff(line.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
