"""What every DICOM object of ours has in common: who made it, where its pixels lie, its audit record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_histcode.export.dicom.source import DicomSource, place_mm
from napari_histcode.export.provenance import PACKAGE, audit_line, software_versions, to_ascii_json
from napari_histcode.files import replacing
from napari_histcode.scores.scores import SlideScores

_LONGEST_LO = 64
_LONGEST_LT = 10240
_TILE_PX = 512


def identity_of(scores: SlideScores, description: str) -> dict[str, Any]:
    """Return the arguments that say which program and model made an object; identifiers are new.

    Parameters
    ----------
    scores : SlideScores
        What is written.
    description : str
        What the object shows, cut to 64 characters.
    """
    import highdicom as hd

    return {
        "series_instance_uid": hd.UID(),
        "series_number": 1,
        "sop_instance_uid": hd.UID(),
        "instance_number": 1,
        "manufacturer": PACKAGE,
        "manufacturer_model_name": f"{scores.model_name} {scores.model_version}"[:_LONGEST_LO],
        "software_versions": software_versions()[PACKAGE],
        "device_serial_number": scores.model_digest[:_LONGEST_LO] or "none",
        "content_label": "HISTCODE",
        "content_description": description[:_LONGEST_LO],
        "content_creator_name": None,
        "specific_character_set": "ISO_IR 192",
    }


def placement_of(
    source: DicomSource, origin_px0: tuple[float, float], pixel_px0: tuple[float, float]
) -> dict[str, Any]:
    """Return the arguments that place a pixel matrix of its own on the slide.

    Parameters
    ----------
    source : DicomSource
        The slide.
    origin_px0 : tuple of float
        Top-left corner of the first pixel in level-0 pixels, x then y.
    pixel_px0 : tuple of float
        Width and height of a pixel in level-0 pixels.
    """
    import highdicom as hd

    down, across = source.spacing_mm
    spacing = pixel_px0[1] * down, pixel_px0[0] * across
    middle = origin_px0[0] + pixel_px0[0] / 2, origin_px0[1] + pixel_px0[1] / 2
    slide = hd.CoordinateSystemNames.SLIDE
    thickness = source.finest.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].get("SliceThickness")
    return {
        "pixel_measures": hd.PixelMeasuresSequence(
            pixel_spacing=[float(f"{side:.10g}") for side in spacing],
            slice_thickness=float(thickness or 0.001),
        ),
        "plane_orientation": hd.PlaneOrientationSequence(
            slide, [float(part) for part in source.finest.ImageOrientationSlide]
        ),
        "plane_positions": [
            hd.PlanePositionSequence(
                slide, image_position=place_mm(source, middle), pixel_matrix_position=(1, 1)
            )
        ],
    }


def tiling_of(shape: tuple[int, int]) -> dict[str, Any]:
    """Return the arguments that cut a pixel matrix of (rows, columns) into frames."""
    return {
        "tile_pixel_array": True,
        "tile_size": (min(_TILE_PX, shape[0]), min(_TILE_PX, shape[1])),
        "dimension_organization_type": "TILED_FULL",
    }


def write_object(data: Any, path: Path, provenance: Mapping[str, Any]) -> Path:
    """Add the audit record and write a data set.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    record = to_ascii_json(provenance)
    line = audit_line(provenance)
    data.ImageComments = f"{line}\n{record}" if len(line) + len(record) < _LONGEST_LT else line
    with replacing(path) as temporary:
        data.save_as(temporary)
    return path
