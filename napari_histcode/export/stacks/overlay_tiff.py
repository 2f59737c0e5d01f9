"""The rendered overlay as a pyramidal OME-TIFF that viewers open like a slide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.export.options import Compression
from napari_histcode.export.provenance import PACKAGE, with_normalisation
from napari_histcode.export.stacks.ome_metadata import describe_image
from napari_histcode.export.stacks.overlay_pyramid import TILE_PX, OverlayPyramid, count_tiles, make_tiles
from napari_histcode.files import replacing
from napari_histcode.progress import CancelToken, ProgressCallback, ignore_progress

_QUALITY = 90
_BUFFER_BYTES = 16 * 2**20


def export_overlay_tiff(
    pyramid: OverlayPyramid,
    path: str | Path,
    provenance: Mapping[str, Any],
    *,
    compression: Compression = "jpeg",
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Path:
    """Write slide and heatmap, mixed, as an OME-TIFF of tiles with its coarser levels in SubIFDs.

    Tiles are made and written one row after another, so that memory stays bounded whatever the size of the
    slide. Pixel sizes are in the OME-XML and in the TIFF's own tags; where a region was chosen, the plane's
    position says where its corner is on the slide.

    Parameters
    ----------
    pyramid : OverlayPyramid
        What to render.
    path : str or Path
        The file; by custom it ends in ".ome.tif".
    provenance : mapping
        Audit record of the scores.
    compression : {"jpeg", "deflate"}
        JPEG (quality 90, without subsampling of colours) is small, deflate loses nothing.
    progress : callable
        Called after every row of tiles.
    cancel : CancelToken, optional
        Stops the writing, and nothing is left behind.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    MissingMppError
        If the slide's resolution is unknown.
    OutputError
        If the file cannot be written.
    AnalysisCancelledError
        If it was cancelled.
    """
    import tifffile

    heatmap = pyramid.paint.heatmap
    metadata = describe_image(
        name=f"{heatmap.label} over {heatmap.slide.alias}",
        description=f"{heatmap.quantity} over the slide",
        values={"map": heatmap.name, "alpha": pyramid.paint.alpha, "origin_px0": pyramid.box_px0[:2]},
        provenance=with_normalisation(provenance, heatmap.config.normalisation),
        pixel_um=(pyramid.mpp, pyramid.mpp),
        corner_um=_corner_um(pyramid),
    ) | {"axes": "YXS"}
    common: dict[str, Any] = {
        "photometric": "rgb",
        "tile": (TILE_PX, TILE_PX),
        "dtype": np.uint8,
        "compression": compression,
        "compressionargs": {"level": _QUALITY} if compression == "jpeg" else None,
        "predictor": compression == "deflate",
        "resolutionunit": "CENTIMETER",
        "maxworkers": 2,
        "buffersize": _BUFFER_BYTES,
        "software": PACKAGE,
    }

    def tiles(level: int) -> Iterator[NDArray[np.uint8]]:
        done = count_tiles(pyramid, below=level)
        for _, _, rgb in make_tiles(pyramid, level, done=done, progress=progress, cancel=cancel):
            yield rgb

    path = Path(path)
    with replacing(path) as temporary, tifffile.TiffWriter(temporary, bigtiff=True, ome=True) as writer:
        for level in range(pyramid.n_levels):
            width, height = pyramid.size_px(level)
            per_cm = 1e4 / (pyramid.mpp * 2**level)
            own = {"subifds": pyramid.n_levels - 1, "metadata": metadata} if not level else {"subfiletype": 1}
            writer.write(tiles(level), shape=(height, width, 3), resolution=(per_cm, per_cm), **common, **own)
    return path


def _corner_um(pyramid: OverlayPyramid) -> tuple[float, float]:
    mpp = pyramid.slide.require_mpp()
    return pyramid.box_px0[0] * mpp.x, pyramid.box_px0[1] * mpp.y
