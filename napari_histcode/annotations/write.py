"""Write annotations for the programs that pathologists use."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO, cast

from napari_histcode.annotations.annotation import NOTHING, Annotation
from napari_histcode.annotations.asap_write import write_asap
from napari_histcode.annotations.classes import QUPATH_CLASSES, ClassList
from napari_histcode.annotations.formats import SourceFormat, format_to_write
from napari_histcode.annotations.frame import FrameChoice, OriginChoice, choose_frame
from napari_histcode.annotations.histomics_write import write_histomics
from napari_histcode.annotations.imagescope_write import write_imagescope
from napari_histcode.annotations.qupath_write import DECIMALS as QUPATH_DECIMALS
from napari_histcode.annotations.qupath_write import write_geojson
from napari_histcode.annotations.report import Report, ReportBuilder
from napari_histcode.annotations.writing import DECIMALS, Writing, rounded_to_valid
from napari_histcode.files import replacing
from napari_histcode.slide import Slide

NOTICE = "Research use only. Not for diagnosis."

_WRITERS: dict[SourceFormat, Callable[[Sequence[Annotation], TextIO, Writing], None]] = {
    SourceFormat.GEOJSON: write_geojson,
    SourceFormat.ASAP: write_asap,
    SourceFormat.IMAGESCOPE: write_imagescope,
    SourceFormat.HISTOMICS: write_histomics,
}
_DECIMALS = {SourceFormat.GEOJSON: QUPATH_DECIMALS}


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    """What was written, and what could not be."""

    path: Path
    """The file."""
    format: SourceFormat
    """Its format."""
    origin: Literal["slide", "bounds"]
    """What its coordinates count from."""
    offset_px0: tuple[float, float]
    """Level-0 pixel of its (0, 0)."""
    report: Report
    """What the format has no place for."""


def write_annotations(
    annotations: Sequence[Annotation],
    path: str | PathLike[str],
    format: str | None = None,  # noqa: A002 - the word that users know
    *,
    slide: Slide | None = None,
    origin: OriginChoice = "auto",
    mpp: float | None = None,
    classes: ClassList = QUPATH_CLASSES,
    mask_names: bool = False,
) -> WrittenFile:
    """Write annotations to a file that is afterwards whole or not there at all.

    Parameters
    ----------
    annotations : sequence of Annotation
        In level-0 pixels.
    path : str or path-like
        The file; packed with gzip if its name ends in ".gz".
    format : str, optional
        "geojson" (QuPath), "asap", "imagescope" or "histomicsui"; by the file's name if not given, where that
        tells.
    slide : Slide, optional
        The slide: for its bounds, its resolution and the audit record.
    origin : {"auto", "slide", "bounds"}
        What the coordinates shall count from. "auto" takes what the reading program will assume: for QuPath
        the bounds of a slide that it crops, else the slide's corner.
    mpp : float, optional
        Micrometres per level-0 pixel, without a slide; ImageScope's files hold lengths and areas.
    classes : ClassList
        Colours for classes that have none.
    mask_names : bool
        Leave out the names and the metadata of objects, which may say anything.

    Returns
    -------
    WrittenFile
        With a report of what the format has no place for.

    Raises
    ------
    UnknownFormatError
        If the format is unknown, or the file's name does not tell it.
    AnnotationFileError
        If the slide's bounds are asked for and unknown.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    chosen = format_to_write(path, format)
    frame = choose_frame(FrameChoice(source_format=chosen, origin=origin, slide=slide))
    where: Literal["slide", "bounds"] = "bounds" if frame.origin == "bounds" else "slide"
    if slide is not None and slide.mpp is not None:
        mpp = slide.mpp.mean
    report = ReportBuilder()
    writing = Writing(
        offset_px0=frame.offset_px0,
        classes=classes,
        mpp=mpp,
        audit=_audit(slide, mpp, where),
        report=report,
    )
    annotations = rounded_to_valid(annotations, _DECIMALS.get(chosen, DECIMALS))
    for position, annotation in enumerate(annotations, start=1):
        if annotation.geometry.is_empty:
            report.unwritten("it is empty, or smaller than the last digit of the file", f"object {position}")
    if mask_names:
        annotations = [replace(annotation, name=None, metadata=NOTHING) for annotation in annotations]
    with replacing(path) as temporary, ExitStack() as stack:
        raw: BinaryIO = stack.enter_context(temporary.open("wb"))
        if path.suffix.lower() == ".gz":  # neither a name nor a time in its header
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0)
            raw = cast(BinaryIO, stack.enter_context(packed))
        text = stack.enter_context(io.TextIOWrapper(raw, encoding="utf-8", newline="\n"))
        _WRITERS[chosen](annotations, text, writing)
    return WrittenFile(
        path=path, format=chosen, origin=where, offset_px0=frame.offset_px0, report=report.build()
    )


def _audit(slide: Slide | None, mpp: float | None, origin: str) -> dict[str, Any]:
    """Say where the annotations come from, without a file's name."""
    created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    audit: dict[str, Any] = {
        "notice": NOTICE,
        "created": created,
        "software": f"napari-histcode {version('napari-histcode')}",
        "origin": origin,
        "mpp": mpp,
    }
    if slide is not None:
        audit["slide"] = {"alias": slide.record.alias, "digest": slide.record.digest}
    return audit
