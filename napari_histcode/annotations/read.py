"""Read annotation files of any known program into level-0 pixels."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from os import PathLike
from pathlib import Path
from typing import Any

import shapely

from napari_histcode.annotations import asap_read, imagescope_read, ndpa_read
from napari_histcode.annotations.annotation import Annotation
from napari_histcode.annotations.annotation_set import AnnotationSet
from napari_histcode.annotations.assemble import assemble
from napari_histcode.annotations.draft import Draft
from napari_histcode.annotations.formats import SourceFormat
from napari_histcode.annotations.frame import (
    FrameChoice,
    OriginChoice,
    UnitsChoice,
    YAxisChoice,
    choose_frame,
    move,
)
from napari_histcode.annotations.histomics_read import ELEMENTS, read_histomics
from napari_histcode.annotations.json_stream import Member, stream_members
from napari_histcode.annotations.placement import check_placement
from napari_histcode.annotations.qupath_read import FEATURES, NO_GEOMETRY, SHAPES, GeoJsonReader
from napari_histcode.annotations.report import ReportBuilder
from napari_histcode.annotations.source import Source, open_source
from napari_histcode.annotations.xml_stream import Event, stream_events
from napari_histcode.errors import AnnotationFileError
from napari_histcode.progress import CancelToken, ProgressCallback, ignore_progress
from napari_histcode.slide import Slide

LEAST_MPP_DIFFERENCE = 0.05
"""A file drawn at a resolution that differs by more from the slide's is suspicious."""

_ROOTS = {
    asap_read.ROOT: SourceFormat.ASAP,
    imagescope_read.ROOT: SourceFormat.IMAGESCOPE,
    ndpa_read.ROOT: SourceFormat.NDPA,
}
_GEOJSON_TYPES = ("FeatureCollection", "Feature", "GeometryCollection")
_MOST_MEMBERS_TO_TELL = 100
_STREAMED = frozenset((FEATURES, ELEMENTS))
_ADVICE = "Files of QuPath (GeoJSON), ASAP, ImageScope, NDP.view and HistomicsUI can be read."


def read_annotations(
    path: str | PathLike[str],
    *,
    slide: Slide | None = None,
    origin: OriginChoice = "auto",
    units: UnitsChoice = "auto",
    y_axis: YAxisChoice = "auto",
    mpp: float | None = None,
    source_format: str | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> AnnotationSet:
    """Read the annotations of a file; its format is told by its content.

    Parameters
    ----------
    path : str or path-like
        GeoJSON of QuPath (any generation) or others, XML of ASAP or ImageScope, Hamamatsu NDPA, or
        HistomicsUI JSON; may be packed with gzip or zip.
    slide : Slide, optional
        The slide that they were drawn on: for its bounds, to check that they lie on it, and needed for NDPA.
    origin : {"auto", "slide", "bounds"}
        What the file counts from. "auto" takes the place that the file states, else for GeoJSON what QuPath
        does with the slide, else the slide's corner.
    units : {"auto", "px", "um"}
        Units of the file; "auto" takes those of its format.
    y_axis : {"auto", "down", "up", "negative"}
        "up" if y counts from the bottom edge, "negative" if it counts down in negative numbers; "auto" takes
        "negative" if no y is positive, else "down".
    mpp : float, optional
        Micrometres per level-0 pixel for `units` "um" without a slide.
    source_format : str, optional
        One of `SourceFormat`, if the content shall not tell.
    progress : callable, optional
        Called every few thousand objects.
    cancel : CancelToken, optional
        Looked at as often.

    Returns
    -------
    AnnotationSet
        Annotations in level-0 pixels, what was assumed, and a report of all that could not be read.

    Raises
    ------
    AnnotationFileError
        If the file is missing, damaged, unknown, or holds no object that can be read.
    AnalysisCancelledError
        If it was cancelled.
    """
    path = Path(path)
    report = ReportBuilder()
    with open_source(path) as source:
        reading = _Reading(source, source_format, report)
        choice = FrameChoice(
            source_format=reading.format, origin=origin, units=units, y_axis=y_axis, slide=slide, mpp=mpp
        )
        if reading.format is not SourceFormat.GEOJSON:
            choose_frame(choice)  # fail before the work
        with _without_collector():
            annotations = assemble(reading.drafts(), report, progress=progress, cancel=cancel)
    _refuse_if_nothing(annotations, report, path.name)
    choice = replace(
        choice,
        stated_origin_px0=reading.stated_origin,
        range_y=_range_y(annotations),
    )
    frame = choose_frame(choice)
    move(annotations, frame)
    check_placement(annotations, frame, choice, report)
    _check_mpp(reading.mpp, slide, report)
    return AnnotationSet(
        annotations=tuple(annotations), source_format=reading.format, frame=frame, report=report.build()
    )


def read_geojson(path: Path) -> tuple[Annotation, ...]:
    """Read the areas of a GeoJSON file in level-0 pixels, and refuse it if any object cannot be read.

    Parameters
    ----------
    path : Path
        The file; its coordinates count from the slide's corner, unless it says otherwise itself.

    Returns
    -------
    tuple of Annotation
        Polygons and multipolygons; points and lines have no area and are left out.

    Raises
    ------
    AnnotationFileError
        If the file cannot be understood in full.
    """
    result = read_annotations(path, source_format=SourceFormat.GEOJSON)
    lost = [finding for finding in result.report.of("not read") if finding.reason != NO_GEOMETRY]
    if lost:
        raise AnnotationFileError(
            f"The annotation file {path.name} cannot be understood in full: {lost[0].describe()}.",
            advice="Check that object in the program that wrote it.",
        )
    return result.areas


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the search for reference cycles: millions of new lists set it off, and it triples the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Reading:
    """One file being read: its format, its drafts, and what it says of itself."""

    def __init__(self, source: Source, stated_format: str | None, report: ReportBuilder) -> None:
        self._source = source
        self._report = report
        self._geojson = GeoJsonReader(report)
        self._events: Iterable[Event] = ()
        self._members: Iterable[Member] = ()
        self.mpp: float | None = None
        found = self._look_at_xml() if source.kind == "xml" else self._look_at_json()
        if stated_format is not None and stated_format != found:
            name = found.label if found else "no known format"
            raise AnnotationFileError(
                f"The annotation file {source.name} is {name}, not {stated_format}.", advice=_ADVICE
            )
        if found is None:
            raise AnnotationFileError(
                f"The {source.kind.upper()} file {source.name} holds no annotations of a known format.",
                advice=_ADVICE,
            )
        self.format = found

    @property
    def stated_origin(self) -> tuple[float, float] | None:
        return self._geojson.stated_origin

    def drafts(self) -> Iterator[Draft]:
        if self.format is SourceFormat.GEOJSON:
            return self._geojson.drafts(self._members)
        if self.format is SourceFormat.HISTOMICS:
            return read_histomics(self._members, self._report)
        if self.format is SourceFormat.ASAP:
            return asap_read.read_asap(self._events, self._report)
        if self.format is SourceFormat.IMAGESCOPE:
            return imagescope_read.read_imagescope(self._events, self._report)
        return ndpa_read.read_ndpa(self._events, self._report)

    def _look_at_xml(self) -> SourceFormat | None:
        events = stream_events(self._source.stream, self._source.name)
        root = next(events)
        self._events = chain([root], events)
        found = _ROOTS.get(root.tag)
        if found is SourceFormat.IMAGESCOPE:
            self.mpp = imagescope_read.microns_per_pixel(root.attributes)
        return found

    def _look_at_json(self) -> SourceFormat | None:
        """Read on until a member tells the format."""
        members = stream_members(self._source.text(), self._source.name, streamed=_STREAMED)
        seen: list[Member] = []
        found = None
        for member in islice(members, _MOST_MEMBERS_TO_TELL):
            seen.append(member)
            if (found := _format_of(member)) is not None:
                break
        self._members = chain(seen, members)
        return found


def _format_of(member: Member) -> SourceFormat | None:
    key, value = member.key, member.value
    if key in (FEATURES, "geometry", "properties") or (key == "type" and _is_geojson_type(value)):
        return SourceFormat.GEOJSON
    if key == ELEMENTS or (key == "annotation" and isinstance(value, dict) and ELEMENTS in value):
        return SourceFormat.HISTOMICS
    if key is None and member.position is None:
        return SourceFormat.GEOJSON  # an empty list
    if key is None and isinstance(value, dict):
        if "annotation" in value or ELEMENTS in value:
            return SourceFormat.HISTOMICS
        if "geometry" in value or FEATURES in value or _is_geojson_type(value.get("type")):
            return SourceFormat.GEOJSON
    return None


def _is_geojson_type(value: Any) -> bool:
    return isinstance(value, str) and (value in _GEOJSON_TYPES or value in SHAPES)


def _refuse_if_nothing(annotations: list[Annotation], report: ReportBuilder, name: str) -> None:
    if annotations:
        return
    lost = report.build().of("not read")
    if lost:
        reasons = "; ".join(finding.describe() for finding in lost[:3])
        raise AnnotationFileError(
            f"No object of the annotation file {name} can be read: {reasons}.",
            advice="Check it in the program that wrote it.",
        )
    report.note("the file holds no objects")


def _range_y(annotations: list[Annotation]) -> tuple[float, float] | None:
    if not annotations:
        return None
    _, lowest, _, highest = shapely.total_bounds([annotation.geometry for annotation in annotations])
    return float(lowest), float(highest)


def _check_mpp(stated: float | None, slide: Slide | None, report: ReportBuilder) -> None:
    if stated is None or slide is None or slide.mpp is None:
        return
    if abs(stated / slide.mpp.mean - 1) > LEAST_MPP_DIFFERENCE:
        report.note(
            f"the file was drawn at {stated:g} um/px, and the slide has {slide.mpp.mean:g}: do they fit?"
        )
