"""What the Annotate page does off the GUI thread: plain functions that know neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from napari_histcode.annotations import (
    Annotation,
    AnnotationSet,
    ClassList,
    WrittenFile,
    read_annotations,
    write_annotations,
)
from napari_histcode.annotations.frame import OriginChoice
from napari_histcode.comparison.measure_regions import RegionTable, measure_regions
from napari_histcode.plugin.annotate.colours import is_listed
from napari_histcode.plugin.annotate.edits import with_ids
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.scores.scores import SlideScores, TileMap
from napari_histcode.slide import Slide, SlideRecord

SUFFIX_OF = {
    "geojson": ".geojson",
    "asap": ".xml",
    "imagescope": ".xml",
    "histomicsui": ".json",
}
"""Endings of the files of each format."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadRegions:
    """Regions of a file, ready for the window."""

    found: AnnotationSet
    """What the file holds, what was assumed, and what was lost."""
    regions: tuple[Annotation, ...]
    """Its objects, each with an id."""


def read_regions(
    path: Path, slide: Slide, origin: OriginChoice, progress: ProgressCallback, cancel: CancelToken
) -> ReadRegions:
    """Read a file of regions.

    Raises
    ------
    HistCodeError
        If it cannot be understood.
    """
    found = read_annotations(path, slide=slide, origin=origin, progress=progress, cancel=cancel)
    return ReadRegions(found=found, regions=with_ids(found.annotations))


def coloured(regions: tuple[Annotation, ...], classes: ClassList) -> tuple[Annotation, ...]:
    """Give regions the colours that their classes have in the window."""
    listed = {name for name in {region.class_name for region in regions} if name and is_listed(name, classes)}
    return tuple(
        replace(region, colour=classes.colour_of(region.class_name))
        if region.class_name in listed and region.class_name is not None
        else region
        for region in regions
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class SaveRequest:
    """What to write."""

    regions: tuple[Annotation, ...]
    """The regions."""
    path: Path
    """The file."""
    format: str
    """Name of the format."""
    slide: Slide
    """The slide: for its bounds, its resolution and the audit record."""
    classes: ClassList
    """Colours of classes."""
    mask_names: bool = False
    """Whether to leave out the names of regions."""


def save_regions(request: SaveRequest) -> WrittenFile:
    """Write regions for another program.

    Raises
    ------
    HistCodeError
        If they cannot be written.
    """
    return write_annotations(
        coloured(request.regions, request.classes),
        request.path,
        request.format,
        slide=request.slide,
        classes=request.classes,
        mask_names=request.mask_names,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class MeasureRequest:
    """What to measure."""

    regions: tuple[Annotation, ...]
    """The regions."""
    record: SlideRecord
    """The slide."""
    scores: SlideScores | None
    """Whose tiles the maps are on."""
    maps: tuple[TileMap, ...]
    """The maps."""
    previous: RegionTable | None
    """What is known already."""


def measure(request: MeasureRequest, progress: ProgressCallback, cancel: CancelToken) -> RegionTable:
    """Measure regions."""
    return measure_regions(
        request.regions,
        mpp=request.record.mpp,
        grid=None if request.scores is None else request.scores.grid,
        maps=request.maps,
        previous=request.previous,
        progress=progress,
        cancel=cancel,
    )


def save_table(
    table: RegionTable, path: Path, record: SlideRecord, scores: SlideScores | None, *, mask_names: bool
) -> Path:
    """Write the measurement table.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from napari_histcode.export.region_table import export_region_table

    return export_region_table(table, path, record=record, scores=scores, mask_names=mask_names)
