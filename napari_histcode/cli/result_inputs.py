"""What commands on a finished result have in common: its features, and regions drawn on its slide."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from napari_histcode.annotations import AnnotationSet, read_annotations
from napari_histcode.errors import AnnotationFileError, ResultError
from napari_histcode.export.read_result import find_bag
from napari_histcode.features.bag import FeatureBag
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide, open_slide


def require_bag(folder: Path, scores: SlideScores) -> FeatureBag:
    """Read the features of a result.

    Raises
    ------
    ResultError
        If they are not kept beside it.
    """
    bag = find_bag(folder, scores)
    if bag is None:
        raise ResultError(
            f"The result in {folder} has no features that fit its tiles.", advice="Analyse the slide again."
        )
    return bag


def open_slide_of(path: Path, scores: SlideScores) -> Slide:
    """Open a slide at the resolution of the result; it need not be the result's own."""
    mpp = scores.grid.mpp
    return open_slide(path, mpp=(mpp.x, mpp.y) if mpp.source == "user" else None)


def read_regions(
    path: Path,
    scores: SlideScores,
    *,
    slide_path: Path | None = None,
    origin: Literal["auto", "slide", "bounds"] = "auto",
) -> AnnotationSet:
    """Read regions that were drawn on the slide of a result.

    Raises
    ------
    AnnotationFileError
        If the file cannot be understood or holds no region with an area.
    ResultError
        If the slide is not that of the result.
    """
    if slide_path is None:
        found = read_annotations(path, origin=origin)
    else:
        with open_slide_of(slide_path, scores) as slide:
            if slide.record.digest != scores.grid.slide.digest:
                raise ResultError(
                    f"{slide_path.name} is not the slide of the result ({scores.grid.slide.alias}).",
                    advice="Give the slide that was analysed.",
                )
            found = read_annotations(path, slide=slide, origin=origin)
    if not found.areas:
        raise AnnotationFileError(
            f"{path.name} holds no region with an area.", advice="Draw a polygon and export it."
        )
    return found
