"""What an image is, in the words of OME-XML as tifffile takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import PACKAGE, to_json

NAMESPACE = "histcode/provenance"
"""Namespace of the annotation with the audit record."""


def describe_image(
    *,
    name: str,
    description: str,
    values: Mapping[str, Any],
    provenance: Mapping[str, Any],
    pixel_um: tuple[float, float] | None,
    corner_um: tuple[float, float] | None,
    n_planes: int = 1,
) -> dict[str, Any]:
    """Describe an image: name, size and place in micrometres, audit record.

    Parameters
    ----------
    name : str
        Name of the image, without anything of the slide's file.
    description : str
        What its values are.
    values : mapping
        Facts for the map annotation beside the audit record: texts as they are, others as JSON.
    provenance : mapping
        Audit record.
    pixel_um : tuple of float or None
        Width and height of a pixel; None where the resolution is unknown.
    corner_um : tuple of float or None
        Where the top-left corner of the first pixel is on the slide, x then y.
    n_planes : int
        Planes (channels), which all lie at one place.

    Returns
    -------
    dict
        Without axes and channels.
    """
    facts = {key: value if isinstance(value, str) else to_json(value) for key, value in values.items()}
    metadata: dict[str, Any] = {
        "UUID": str(uuid4()),  # tifffile's own would hold the network card's address
        "Creator": PACKAGE,
        "Name": name,
        "Description": f"{description}. {RESEARCH_USE}",
        "MapAnnotation": {
            "Namespace": NAMESPACE,
            "Value": {**facts, "notice": RESEARCH_USE, "provenance": to_json(provenance)},
        },
    }
    if pixel_um is not None:
        metadata |= {
            "PhysicalSizeX": pixel_um[0],
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": pixel_um[1],
            "PhysicalSizeYUnit": "µm",
        }
    if corner_um is not None:
        metadata["Plane"] = {
            "PositionX": [corner_um[0]] * n_planes,
            "PositionXUnit": ["µm"] * n_planes,
            "PositionY": [corner_um[1]] * n_planes,
            "PositionYUnit": ["µm"] * n_planes,
        }
    return metadata
