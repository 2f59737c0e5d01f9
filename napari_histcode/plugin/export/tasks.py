"""Writing, off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.export.options import ExportOptions
from napari_histcode.features.bag import FeatureBag
from napari_histcode.heatmap import HeatmapConfig
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.saved.reading import Reading
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide

if TYPE_CHECKING:
    from napari_histcode.pipeline import Analysis


@dataclass(frozen=True, kw_only=True, eq=False)
class ExportRequest:
    """One format, with all that it may want."""

    kind: str
    """Format of `export_result`."""
    folder: Path
    """Where the format puts its files, or the file itself."""
    scores: SlideScores
    """The result, with maps that tools made."""
    maps: tuple[str, ...] | None
    """Names of the maps; None for all."""
    slide: Slide
    """The open slide."""
    config: HeatmapConfig | None = None
    """How values are normalised, where the user chose."""
    bag: FeatureBag | None = None
    """Features of the tiles."""
    annotations: tuple[Annotation, ...] = ()
    """Regions on the slide."""
    comparison: Comparison | None = None
    """The comparison of the present regions, if there is one."""
    options: ExportOptions
    """Choices for pictures."""
    reading: Reading | None = None
    """The course of a blind reading."""


def export_format(
    request: ExportRequest, progress: ProgressCallback, cancel: CancelToken
) -> tuple[Path, ...]:
    """Write a result in one format, as ``histcode export`` does.

    Raises
    ------
    HistCodeError
        One of its leaves, whatever goes wrong.
    """
    from napari_histcode.export.formats import export_result
    from napari_histcode.pipeline import small_picture

    return export_result(
        request.scores,
        request.kind,
        request.folder,
        maps=request.maps,
        config=request.config,
        overview_rgb=small_picture(request.slide),
        bag=request.bag,
        slide=request.slide,
        annotations=request.annotations,
        comparison=request.comparison,
        options=request.options,
        reading=request.reading,
        progress=progress,
        cancel=cancel,
    )


def export_sheet(request: ExportRequest, progress: ProgressCallback, cancel: CancelToken) -> tuple[Path, ...]:
    """Write a contact sheet to a file whose ending says the format.

    Raises
    ------
    HistCodeError
        One of its leaves, whatever goes wrong.
    """
    from napari_histcode.export.figures.contact_sheet import check_ending

    check_ending(request.folder)
    return export_format(request, progress, cancel)


def export_everything(
    analysis: Analysis,
    folder: Path,
    reading: Reading | None,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> tuple[Path, ...]:
    """Write the result folder of an analysis.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    from napari_histcode.pipeline import write_analysis

    write_analysis(analysis, folder, reading=reading, progress=progress, cancel=cancel)
    return (folder,)
