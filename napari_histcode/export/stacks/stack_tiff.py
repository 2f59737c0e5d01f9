"""All maps as one pyramidal OME-TIFF: a channel a map, the values themselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_histcode.export.provenance import PACKAGE
from napari_histcode.export.stacks.ome_metadata import describe_image
from napari_histcode.export.stacks.value_stack import ValueStack
from napari_histcode.files import replacing
from napari_histcode.heatmap import Heatmap

_TILE_PX = 128


def export_stack_tiff(stack: ValueStack, path: str | Path, provenance: Mapping[str, Any]) -> Path:
    """Write maps as OME-TIFF of float32 values, NaN where there is no tile, coarser levels in SubIFDs.

    One pixel is one tile; pixel sizes are in micrometres, and the planes' position is where the stack's
    corner lies on the slide: at zero, unless tiles overlap.

    Parameters
    ----------
    stack : ValueStack
        The maps.
    path : str or Path
        The file; by custom it ends in ".ome.tif".
    provenance : mapping
        Audit record of the scores.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import tifffile

    heatmaps, slide = stack.heatmaps, stack.heatmaps[0].slide
    mpp, n_planes = slide.mpp, len(stack.heatmaps)
    origin, pixel = stack.origin_px0, stack.pixel_px0
    metadata = describe_image(
        name=f"maps of {slide.alias}",
        description="; ".join(f"{heatmap.label}: {quantity_of(heatmap)}" for heatmap in heatmaps[:20]),
        values={
            "maps": [heatmap.name for heatmap in heatmaps],
            "quantities": [quantity_of(heatmap) for heatmap in heatmaps],
            "origin_px0": origin,
            "pixel_px0": pixel,
        },
        provenance={**provenance, "normalisation": {h.name: h.config.normalisation for h in heatmaps}},
        pixel_um=None if mpp is None else (pixel[0] * mpp.x, pixel[1] * mpp.y),
        corner_um=None if mpp is None else (origin[0] * mpp.x, origin[1] * mpp.y),
        n_planes=n_planes,
    ) | {"axes": "CYX", "Channel": {"Name": [heatmap.label for heatmap in heatmaps]}}
    common: dict[str, Any] = {
        "photometric": "minisblack",
        "compression": "zlib",
        "tile": (_TILE_PX, _TILE_PX),
        "software": PACKAGE,
    }
    path = Path(path)
    with replacing(path) as temporary, tifffile.TiffWriter(temporary, ome=True) as writer:
        writer.write(stack.levels[0], subifds=len(stack.levels) - 1, metadata=metadata, **common)
        for level in stack.levels[1:]:
            writer.write(level, subfiletype=1, **common)
    return path


def quantity_of(heatmap: Heatmap) -> str:
    """Name what a map's values are, with their unit."""
    return f"{heatmap.quantity} ({heatmap.unit})" if heatmap.unit else heatmap.quantity
