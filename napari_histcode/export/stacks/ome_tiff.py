"""Heatmaps as OME-TIFF: the values themselves, with size and place in micrometres."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_histcode.export.provenance import PACKAGE, with_normalisation
from napari_histcode.export.stacks.ome_metadata import describe_image
from napari_histcode.files import replacing
from napari_histcode.heatmap import Heatmap


def export_heatmap_tiff(heatmap: Heatmap, path: str | Path, provenance: Mapping[str, Any]) -> Path:
    """Write a heatmap as OME-TIFF of one float32 pixel a tile, NaN where there is none.

    PhysicalSizeX and PhysicalSizeY are the size of such a pixel; PositionX and PositionY of the plane say
    where the top-left corner of its first pixel is on the slide. All are in micrometres, or left out
    where the slide's resolution is unknown. The audit record and the place in level-0 pixels are a map
    annotation.

    Parameters
    ----------
    heatmap : Heatmap
        What to write.
    path : str or Path
        The file; by custom it ends in ".ome.tif".
    provenance : mapping
        Audit record of its scores, see `provenance_of`.

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

    path = Path(path)
    with replacing(path) as temporary:
        tifffile.imwrite(
            temporary,
            heatmap.raster,
            ome=True,
            photometric="minisblack",
            compression="zlib",
            metadata=ome_metadata(heatmap, provenance),
            software=PACKAGE,
        )
    return path


def ome_metadata(heatmap: Heatmap, provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a heatmap in the words of OME-XML, as tifffile takes them."""
    mpp = heatmap.slide.mpp
    origin, pixel = heatmap.origin_px0, heatmap.pixel_px0
    described = describe_image(
        name=f"{heatmap.label}, {heatmap.slide.alias}",
        description=f"{heatmap.quantity} ({heatmap.unit})" if heatmap.unit else heatmap.quantity,
        values={
            "map": heatmap.name,
            "quantity": heatmap.quantity,
            "unit": heatmap.unit,
            "normalisation": heatmap.config.normalisation,
            "origin_px0": origin,
            "pixel_px0": pixel,
        },
        provenance=with_normalisation(provenance, heatmap.config.normalisation),
        pixel_um=None if mpp is None else (pixel[0] * mpp.x, pixel[1] * mpp.y),
        corner_um=None if mpp is None else (origin[0] * mpp.x, origin[1] * mpp.y),
    )
    return described | {"axes": "YX", "Channel": {"Name": heatmap.label}}
