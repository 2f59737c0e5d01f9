"""Classes of a slide as DICOM Segmentation, on the grid of one of the slide's own levels where one is fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from napari_histcode.annotations import Annotation
from napari_histcode.export.dicom.derived_object import identity_of, placement_of, tiling_of, write_object
from napari_histcode.export.dicom.segments import Segment, class_segments, threshold_segment
from napari_histcode.export.dicom.source import DicomSource, find_source
from napari_histcode.export.figures.view import View
from napari_histcode.export.options import ExportOptions
from napari_histcode.heatmap import Heatmap
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide

PIXELS_A_TILE = 4
"""A segmentation has at least so many pixels along a tile's side."""

_MOST_PIXELS = 2**26


def export_dicom_seg(
    scores: SlideScores,
    heatmap: Heatmap,
    slide: Slide,
    path: str | Path,
    provenance: Mapping[str, Any],
    *,
    annotations: Sequence[Annotation] = (),
    options: ExportOptions | None = None,
) -> Path:
    """Write tiles above a threshold, or annotated classes, as a binary segmentation.

    Its pixels are those of the coarsest level of the slide that has four of them along a tile, since viewers
    show a segmentation only on a level that it fits; where the slide has none that is small enough, it has a
    grid of its own with eight pixels along a tile.

    Parameters
    ----------
    scores : SlideScores
        Where the heatmap comes from.
    heatmap : Heatmap
        The map to cut in two, in raw values.
    slide : Slide
        The DICOM slide.
    path : str or Path
        The file; by custom it ends in ".dcm".
    provenance : mapping
        Audit record of the scores.
    annotations : sequence of Annotation
        Regions in level-0 pixels, where classes are to be shown.
    options : ExportOptions, optional
        What is shown, the threshold, and whether the patient is kept.

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
    ResultError
        If there is nothing to show.
    OutputError
        If the file cannot be written.
    """
    options = options or ExportOptions()
    source = find_source(slide, keep_patient=options.keep_patient)
    import highdicom as hd

    image, view = _matrix(source, scores, slide)
    if options.segment == "annotations":
        segments = class_segments(annotations, view)
        description = "annotated classes"
    else:
        segments = (threshold_segment(heatmap, view, options.threshold),)
        description = segments[0].label
    placement: dict[str, Any] = {}
    if image is None:
        image = source.finest
        placement = placement_of(source, (view.box_px0[0], view.box_px0[1]), view.px0_per_px)
    data = hd.seg.Segmentation(
        source_images=[image],
        pixel_array=np.stack([segment.mask for segment in segments], axis=-1)[np.newaxis].astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _describe(number, segment, scores) for number, segment in enumerate(segments, start=1)
        ],
        omit_empty_frames=False,
        **identity_of(scores, description),
        **placement,
        **tiling_of((view.size_px[1], view.size_px[0])),
    )
    data.SeriesDescription = "histcode segmentation"
    return write_object(data, Path(path), provenance)


def _matrix(source: DicomSource, scores: SlideScores, slide: Slide) -> tuple[Any, View]:
    """Choose the level to draw on, or None with a grid of its own."""
    width, height = slide.dimensions
    stride = scores.grid.stride_px0
    largest = min(stride) / PIXELS_A_TILE
    for image in reversed(source.levels):
        size = int(image.TotalPixelMatrixColumns), int(image.TotalPixelMatrixRows)
        is_fine = max(width / size[0], height / size[1]) <= largest
        if is_fine and size[0] * size[1] <= _MOST_PIXELS:
            return image, View(box_px0=(0.0, 0.0, float(width), float(height)), size_px=size)
    pixel = stride[0] / (2 * PIXELS_A_TILE), stride[1] / (2 * PIXELS_A_TILE)
    size = ceil(width / pixel[0]), ceil(height / pixel[1])
    return None, View(box_px0=(0.0, 0.0, size[0] * pixel[0], size[1] * pixel[1]), size_px=size)


def _describe(number: int, segment: Segment, scores: SlideScores) -> Any:
    import highdicom as hd
    from pydicom.sr.codedict import codes

    category, kind = _codes_of(segment.class_name)
    algorithm = None
    if not segment.is_manual:
        algorithm = hd.AlgorithmIdentificationSequence(
            name=scores.model_name[:64] or "model",
            version=scores.model_version[:64] or "unknown",
            family=codes.cid7162.ArtificialIntelligence,
        )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.label[:64],
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type="MANUAL" if segment.is_manual else "AUTOMATIC",
        algorithm_identification=algorithm,
        tracking_uid=hd.UID(),
        tracking_id=segment.label[:64],
        display_color=hd.color.CIELabColor.from_rgb(*segment.colour),
    )


def _codes_of(class_name: str | None) -> tuple[Any, Any]:
    """Name what a segment is in SNOMED CT: exactly for the few classes that are sure, else tissue."""
    from pydicom.sr.coding import Code

    abnormal = Code("49755003", "SCT", "Morphologically Abnormal Structure")
    tissue = Code("85756007", "SCT", "Tissue")
    first = (class_name or "").split(":")[0].casefold()
    if first in ("tumor", "tumour"):
        return abnormal, Code("108369006", "SCT", "Neoplasm")
    if first == "necrosis":
        return abnormal, Code("6574001", "SCT", "Necrosis")
    return tissue, tissue
