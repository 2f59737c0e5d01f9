"""A map as DICOM Parametric Map: float32, one pixel a tile, in the slide's frame of reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_histcode.export.dicom.derived_object import identity_of, placement_of, tiling_of, write_object
from napari_histcode.export.dicom.source import find_source
from napari_histcode.export.provenance import with_normalisation
from napari_histcode.export.stacks.stack_tiff import quantity_of
from napari_histcode.heatmap import Heatmap
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide

_OUR_CODES = "99HISTCODE"


def export_dicom_map(
    scores: SlideScores,
    heatmap: Heatmap,
    slide: Slide,
    path: str | Path,
    provenance: Mapping[str, Any],
    *,
    keep_patient: bool = False,
) -> Path:
    """Write a map as Parametric Map.

    Pixels are the tiles themselves, NaN where there is none. The slide has to be DICOM, since position,
    orientation and references are those of its image.

    Parameters
    ----------
    scores : SlideScores
        Where the heatmap comes from.
    heatmap : Heatmap
        The map.
    slide : Slide
        The DICOM slide.
    path : str or Path
        The file; by custom it ends in ".dcm".
    provenance : mapping
        Audit record of the scores.
    keep_patient : bool
        Whether patient, study and specimen of the slide are taken over; see `find_source`.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    SourceSlideError
        If the slide is not DICOM, or does not say where it lies.
    MissingExtraError
        If the packages for DICOM are not installed.
    OutputError
        If the file cannot be written.
    """
    source = find_source(slide, keep_patient=keep_patient)
    import highdicom as hd
    from pydicom.sr.codedict import codes

    values = heatmap.raster
    found = values[np.isfinite(values)]
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 1.0)
    if not low < high:
        high = math.nextafter(low, math.inf)
    quantity = quantity_of(heatmap)
    mapping = hd.pm.RealWorldValueMapping(
        lut_label=heatmap.name[:16],
        lut_explanation=heatmap.label[:64],
        unit=codes.UCUM.NoUnits,
        value_range=(low, high),
        slope=1.0,
        intercept=0.0,
        quantity_definition=hd.sr.CodedConcept(
            value=heatmap.quantity[:16].strip(), scheme_designator=_OUR_CODES, meaning=quantity[:64]
        ),
    )
    shown = heatmap.limits
    window = hd.VOILUTTransformation(
        window_center=(shown[0] + shown[1]) / 2, window_width=shown[1] - shown[0]
    )
    data = hd.pm.ParametricMap(
        source_images=[source.finest],
        pixel_array=values[np.newaxis],
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[window],
        **identity_of(scores, f"{heatmap.label}: {quantity}"),
        **placement_of(source, heatmap.origin_px0, heatmap.pixel_px0),
        **tiling_of((values.shape[0], values.shape[1])),
    )
    data.SeriesDescription = "histcode parametric map"
    return write_object(data, Path(path), with_normalisation(provenance, heatmap.config.normalisation))
