"""Whether annotations lie on the slide, and if not, what other reading of the file would put them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from napari_histcode.annotations.annotation import Annotation
from napari_histcode.annotations.formats import SourceFormat
from napari_histcode.annotations.frame import Frame, FrameChoice, choose_frame
from napari_histcode.annotations.report import ReportBuilder
from napari_histcode.slide import Slide

TOLERANCE_PX = 1.0
"""Outlines may reach so far over the slide's edge without being reported."""

LEAST_GAIN = 0.25
"""A reading is suggested if it puts so much more of the objects on the slide."""


def check_placement(
    annotations: Sequence[Annotation], frame: Frame, choice: FrameChoice, report: ReportBuilder
) -> None:
    """Report objects that reach outside the slide, and a frame that would fit better.

    Parameters
    ----------
    annotations : sequence of Annotation
        In level-0 pixels.
    frame : Frame
        How they came there.
    choice : FrameChoice
        What led to it; without a slide only negative coordinates can be told.
    report : ReportBuilder
        Takes the findings. All objects are kept.
    """
    if not annotations:
        return
    extents = shapely.bounds(np.array([annotation.geometry for annotation in annotations], dtype=object))
    if choice.slide is None:
        for position in np.flatnonzero(extents.min(axis=1) < -TOLERANCE_PX).tolist():
            report.note("it has negative coordinates, which are on no slide", f"object {position + 1}")
        return
    is_inside = _inside(extents, choice.slide)
    for position in np.flatnonzero(~is_inside).tolist():
        report.note("it reaches outside the slide", f"object {position + 1}")
    share = float(is_inside.mean())
    if share < 1 - LEAST_GAIN:
        _suggest(extents, share, frame, choice, choice.slide, report)


def _inside(extents: NDArray[np.float64], slide: Slide) -> NDArray[np.bool_]:
    width, height = slide.dimensions
    low = np.array([0, 0, 0, 0]) - TOLERANCE_PX
    high = np.array([width, height, width, height]) + TOLERANCE_PX
    inside: NDArray[np.bool_] = np.all((extents >= low) & (extents <= high), axis=1)
    return inside


def _suggest(
    extents: NDArray[np.float64],
    share: float,
    frame: Frame,
    choice: FrameChoice,
    slide: Slide,
    report: ReportBuilder,
) -> None:
    original = (extents.reshape(-1, 2) - frame.offset_px0) / frame.scale
    found = []
    for option, other in _alternatives(frame, choice, slide).items():
        corners = other.to_px0(original).reshape(-1, 2, 2)
        moved = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        better = float(_inside(moved, slide).mean())
        if better >= share + LEAST_GAIN:
            found.append(f"with {option}, {better:.0%} would")
    hint = "; " + ", ".join(found) if found else "; is it the right slide?"
    report.note(f"only {share:.0%} of the objects lie on the slide{hint}")


def _alternatives(frame: Frame, choice: FrameChoice, slide: Slide) -> dict[str, Frame]:
    """Other frames by the option that chooses them."""
    if choice.source_format is SourceFormat.NDPA:
        return {}
    others: dict[str, FrameChoice] = {"--origin slide": replace(choice, origin="slide")}
    if slide.bounds_px0 is not None:
        others["--origin bounds"] = replace(choice, origin="bounds")
    others["--y-axis up"] = replace(choice, y_axis="up")
    if slide.mpp is not None:
        others["--units um"] = replace(choice, units="um")
    frames = {option: choose_frame(other) for option, other in others.items()}
    return {option: other for option, other in frames.items() if other != frame}
