"""Heatmaps as OME-TIFF: the values themselves, with size and place in micrometres."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import PACKAGE, to_json, with_normalisation
from napari_histcode.files import replacing
from napari_histcode.heatmap import Heatmap

NAMESPACE = "histcode/provenance"
"""Namespace of the annotation with the audit record."""


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
    quantity = f"{heatmap.quantity} ({heatmap.unit})" if heatmap.unit else heatmap.quantity
    record = with_normalisation(provenance, heatmap.config.normalisation)
    metadata: dict[str, Any] = {
        "UUID": str(uuid4()),  # tifffile's own would hold the network card's address
        "Creator": PACKAGE,
        "axes": "YX",
        "Name": f"{heatmap.label}, {heatmap.slide.alias}",
        "Description": f"{quantity}. {RESEARCH_USE}",
        "Channel": {"Name": heatmap.label},
        "MapAnnotation": {
            "Namespace": NAMESPACE,
            "Value": {
                "map": heatmap.name,
                "quantity": heatmap.quantity,
                "unit": heatmap.unit,
                "normalisation": heatmap.config.normalisation,
                "origin_px0": to_json(heatmap.origin_px0),
                "pixel_px0": to_json(heatmap.pixel_px0),
                "notice": RESEARCH_USE,
                "provenance": to_json(record),
            },
        },
    }
    mpp = heatmap.slide.mpp
    if mpp is not None:
        metadata |= {
            "PhysicalSizeX": heatmap.pixel_px0[0] * mpp.x,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": heatmap.pixel_px0[1] * mpp.y,
            "PhysicalSizeYUnit": "µm",
            "Plane": {
                "PositionX": [heatmap.origin_px0[0] * mpp.x],
                "PositionXUnit": ["µm"],
                "PositionY": [heatmap.origin_px0[1] * mpp.y],
                "PositionYUnit": ["µm"],
            },
        }
    return metadata
