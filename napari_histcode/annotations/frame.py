"""From a file's frame to level-0 pixels: origin, units and the direction of y, found out or given.

QuPath crops a slide to the bounds that OpenSlide reports, so that its coordinates count from the corner of
the scanned area and not from the corner of the slide. Whatever is assumed is said, and can be overruled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations.annotation import Annotation
from napari_histcode.annotations.formats import SourceFormat
from napari_histcode.errors import AnnotationFileError
from napari_histcode.slide import Slide

OriginChoice = Literal["auto", "slide", "bounds"]
UnitsChoice = Literal["auto", "px", "um"]
YAxisChoice = Literal["auto", "down", "up", "negative"]

_ANNOTATIONS_AT_ONCE = 8192


@dataclass(frozen=True, kw_only=True)
class Frame:
    """How a file's coordinates became level-0 pixels: ``px0 = scale * value + offset``."""

    origin: Literal["slide", "bounds", "stated"] = "slide"
    """What the file counts from: the slide's corner, that of its scanned area, or a place that it states."""
    units: Literal["px", "um", "nm"] = "px"
    """Its units: level-0 pixels, micrometres, or nanometres from the centre of the glass."""
    y_axis: Literal["down", "up", "negative"] = "down"
    """Where its y grows to: "up" counts from the bottom edge, "negative" downwards in negative numbers."""
    scale: tuple[float, float] = (1.0, 1.0)
    """Level-0 pixels per unit along x and y; negative along y that grows upwards."""
    offset_px0: tuple[float, float] = (0.0, 0.0)
    """Level-0 pixel of the file's (0, 0)."""
    reason: str = "the file's format counts from there"
    """Why this frame."""

    @property
    def is_identity(self) -> bool:
        """Whether the file's numbers are level-0 pixels as they are."""
        return self.scale == (1.0, 1.0) and self.offset_px0 == (0.0, 0.0)

    def to_px0(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert (n, 2) coordinates of the file."""
        converted: NDArray[np.float64] = xy * np.asarray(self.scale) + np.asarray(self.offset_px0)
        return converted

    def describe(self) -> str:
        """Return one line for the user."""
        x, y = self.offset_px0
        shift = "" if self.units == "nm" or not (x or y) else f", shifted by x {x:+g}, y {y:+g} px"
        return f"{self.origin}, {self.units}, y {self.y_axis}{shift} ({self.reason})"


@dataclass(frozen=True, kw_only=True)
class FrameChoice:
    """What the user, the file and the slide say about a frame."""

    source_format: SourceFormat
    """What the file is."""
    origin: OriginChoice = "auto"
    """What the user says of the origin."""
    units: UnitsChoice = "auto"
    """What the user says of the units."""
    y_axis: YAxisChoice = "auto"
    """What the user says of the y axis."""
    slide: Slide | None = None
    """The slide, where it is open."""
    mpp: float | None = None
    """Resolution that the user gave."""
    stated_origin_px0: tuple[float, float] | None = None
    """Origin that the file states itself."""
    range_y: tuple[float, float] | None = None
    """Lowest and highest y of the file."""


def crop_bounds(slide: Slide) -> tuple[int, int, int, int] | None:
    """Area to which QuPath crops a slide: its bounds, if both width and height differ from the slide's.

    Returns
    -------
    tuple of int or None
        x, y, width and height in level-0 pixels.
    """
    bounds = slide.bounds_px0
    if bounds is None or bounds[2] == slide.dimensions[0] or bounds[3] == slide.dimensions[1]:
        return None
    return bounds


def choose_frame(choice: FrameChoice) -> Frame:
    """Decide how a file's coordinates become level-0 pixels.

    Raises
    ------
    AnnotationFileError
        If the slide, or something that it does not say, is needed for that.
    """
    if choice.source_format is SourceFormat.NDPA:
        return _hamamatsu_frame(choice.slide)
    frame = _origin(choice)
    if choice.units == "um":
        x, y = _mpp(choice)
        frame = replace(frame, units="um", scale=(1 / x, 1 / y))
    if choice.y_axis == "up":
        return _upwards(frame, choice.slide)
    if choice.y_axis == "negative":
        return _negated(frame, frame.reason)
    if choice.y_axis == "auto" and _is_above_the_slide(frame, choice.range_y):
        return _negated(frame, f"{frame.reason}; all y are negative")
    return frame


def _is_above_the_slide(frame: Frame, range_y: tuple[float, float] | None) -> bool:
    """Whether nothing of the file can lie on any slide unless its y is turned round."""
    if range_y is None:
        return False
    lowest, highest = (y * frame.scale[1] + frame.offset_px0[1] for y in range_y)
    return lowest < 0 and highest <= 0


def _origin(choice: FrameChoice) -> Frame:
    slide = choice.slide
    if choice.origin == "slide":
        return Frame(reason="as asked for")
    if choice.origin == "bounds":
        bounds = None if slide is None else slide.bounds_px0
        if bounds is None:
            raise AnnotationFileError(
                "The slide's bounds are not known." if slide else "The slide is needed for its bounds.",
                advice="Give the slide with --slide, or --origin slide if the file counts from its corner.",
            )
        return Frame(origin="bounds", offset_px0=(bounds[0], bounds[1]), reason="as asked for")
    if choice.stated_origin_px0 is not None:
        return Frame(origin="stated", offset_px0=choice.stated_origin_px0, reason="the file says so")
    if choice.source_format is not SourceFormat.GEOJSON:
        return Frame()
    if slide is None:
        return Frame(reason="no slide is given; QuPath would count from the bounds of a slide that has some")
    crop = crop_bounds(slide)
    if crop is None:
        return Frame(reason="QuPath does not crop this slide")
    return Frame(
        origin="bounds", offset_px0=(crop[0], crop[1]), reason="QuPath crops this slide to its bounds"
    )


def _mpp(choice: FrameChoice) -> tuple[float, float]:
    if choice.slide is not None:
        mpp = choice.slide.require_mpp()
        return mpp.x, mpp.y
    if choice.mpp is None:
        raise AnnotationFileError(
            "Micrometres become pixels only with a resolution.", advice="Give --slide or --mpp."
        )
    return choice.mpp, choice.mpp


def _upwards(frame: Frame, slide: Slide | None) -> Frame:
    if slide is None:
        raise AnnotationFileError(
            "Coordinates that count from the bottom need the slide's height.", advice="Give --slide."
        )
    height = slide.dimensions[1]
    if frame.origin == "bounds" and slide.bounds_px0 is not None:
        height = slide.bounds_px0[3]
    (sx, sy), (x, y) = frame.scale, frame.offset_px0
    return replace(frame, y_axis="up", scale=(sx, -sy), offset_px0=(x, y + height))


def _negated(frame: Frame, reason: str) -> Frame:
    return replace(frame, y_axis="negative", scale=(frame.scale[0], -frame.scale[1]), reason=reason)


def _hamamatsu_frame(slide: Slide | None) -> Frame:
    offset_nm = None if slide is None else slide.ndp_offset_nm
    if slide is None or offset_nm is None:
        what = (
            "the slide is needed" if slide is None else "this slide does not say where it lies on the glass"
        )
        raise AnnotationFileError(
            f"NDPA files count in nanometres from the centre of the glass: {what}.",
            advice="Give the NDPI slide that the file belongs to with --slide.",
        )
    mpp = slide.require_mpp()
    nm = np.array([mpp.x, mpp.y]) * 1000
    offset = np.asarray(slide.dimensions) / 2 - np.asarray(offset_nm) / nm
    return Frame(
        units="nm",
        scale=(1 / float(nm[0]), 1 / float(nm[1])),
        offset_px0=(float(offset[0]), float(offset[1])),
        reason="NDPA counts from the centre of the glass, and the slide says where it lies on it",
    )


def move(annotations: list[Annotation], frame: Frame) -> None:
    """Convert annotations from a file's frame to level-0 pixels, in place."""
    if frame.is_identity:
        return
    for start in range(0, len(annotations), _ANNOTATIONS_AT_ONCE):
        batch = annotations[start : start + _ANNOTATIONS_AT_ONCE]
        moved = _moved([annotation.geometry for annotation in batch], frame)
        nuclei = _moved([annotation.nucleus for annotation in batch], frame)
        annotations[start : start + _ANNOTATIONS_AT_ONCE] = [
            replace(annotation, geometry=geometry, nucleus=nucleus)
            for annotation, geometry, nucleus in zip(batch, moved, nuclei, strict=True)
        ]


def _moved(geometries: list[BaseGeometry | None], frame: Frame) -> Any:
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    return shapely.transform(array, frame.to_px0)
