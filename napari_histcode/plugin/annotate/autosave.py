"""Where regions are kept between sessions: beside the slide's features, named by its digest alone."""

from __future__ import annotations

from pathlib import Path

from napari_histcode.annotations import (
    Annotation,
    AnnotationSet,
    ClassList,
    read_annotations,
    write_annotations,
)
from napari_histcode.plugin.feature_cache import cache_folder
from napari_histcode.slide import Slide, SlideRecord

FILE_NAME = "annotations.geojson"
"""Not packed: packing takes three times as long as writing."""
PREVIOUS_NAME = "annotations.previous.geojson"
"""What was there before regions of another origin took its place."""


def saved_file(record: SlideRecord) -> Path:
    """File for a slide's regions; names no slide but by its digest."""
    return cache_folder() / record.digest[:16] / FILE_NAME


def save(regions: tuple[Annotation, ...], slide: Slide, classes: ClassList, *, keeps_previous: bool) -> None:
    """Keep the regions of a slide; none at all takes the file away.

    Parameters
    ----------
    regions : tuple of Annotation
        All regions.
    slide : Slide
        The slide.
    classes : ClassList
        Colours of classes.
    keeps_previous : bool
        Whether the file that is there was not what these regions came from, so that it is put aside.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    path = saved_file(slide.record)
    if keeps_previous and path.exists():
        path.replace(path.with_name(PREVIOUS_NAME))
    if regions:
        write_annotations(regions, path, "geojson", slide=slide, origin="slide", classes=classes)
    else:
        path.unlink(missing_ok=True)


def restore(slide: Slide) -> AnnotationSet | None:
    """Read the regions of the last time, or None if there are none.

    Raises
    ------
    AnnotationFileError
        If the file is damaged.
    """
    path = saved_file(slide.record)
    return read_annotations(path, slide=slide) if path.exists() else None


def discard(record: SlideRecord) -> None:
    """Forget the regions of the last time."""
    saved_file(record).unlink(missing_ok=True)
