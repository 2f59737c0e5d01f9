"""What a comparison in the window does off the GUI thread: the functions that the command line calls too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import AnnotationSet, read_annotations
from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.spot_table import read_spots
from napari_histcode.comparison.spots import SpotConfig, compare_with_spots, tile_of_points
from napari_histcode.plugin.compare.state import Question, SpotAnswer
from napari_histcode.plugin.session import Result
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.saved.reading import Reading
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide


@dataclass(frozen=True, kw_only=True, eq=False)
class Request:
    """A comparison to make."""

    question: Question
    """What is compared with what."""
    scores: SlideScores
    """The maps, those of tools included."""
    slide: Slide
    """The open slide."""
    maps: tuple[str, ...]
    """Names of the maps; all of them if empty."""
    is_full: bool
    """Whether with intervals, the null and all baselines."""


def config_of(request: Request) -> ComparisonConfig:
    """Return the configuration, which is the command line's unless numbers alone are asked for."""
    question = request.question
    config = ComparisonConfig(
        positive=question.positive,
        maps=request.maps,
        is_exhaustive=question.is_exhaustive,
        class_of_output=question.class_of_output,
    )
    return config if request.is_full else replace(config, n_resamples=0, n_shifts=0)


def run_comparison(request: Request, progress: ProgressCallback, cancel: CancelToken) -> Comparison:
    """Compare as ``histcode compare`` does.

    Raises
    ------
    HistCodeError
        Whatever `napari_histcode.comparison.compare.compare` raises.
    """
    question = request.question
    bag = question.result.bag
    return compare(
        request.scores,
        question.annotations,
        config_of(request),
        overview=overview_of(question.result, request.slide) if request.is_full else None,
        features=bag.features if bag is not None and request.is_full else None,
        readers={reader.name: reader.annotations for reader in question.readers},
        progress=progress,
        cancel=cancel,
    )


def overview_of(result: Result, slide: Slide) -> NDArray[np.uint8]:
    """Return the whole slide as a small picture, the same as in a result folder."""
    if result.analysis is not None:
        return result.analysis.overview
    from napari_histcode.pipeline import small_picture

    return small_picture(slide)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportRequest:
    """A report to write."""

    result: Result
    """The result that was compared."""
    scores: SlideScores
    """Its scores."""
    slide: Slide
    """The open slide, for the picture."""
    comparison: Comparison | None
    """With regions."""
    spots: SpotAnswer | None
    """With spots."""
    notes: tuple[str, ...]
    """Where the regions come from."""
    folder: Path
    """Where to write."""
    reading: Reading | None = None
    """The course of a blind reading, whose times go into the audit record."""


def save_report(report: ReportRequest) -> Path:
    """Write comparison.json, comparison.csv, comparison_tiles.csv and comparison.html; return the page.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    from napari_histcode.export.comparisons.report import export_comparison
    from napari_histcode.export.provenance import provenance_of

    scores = report.scores
    provenance = provenance_of(scores)
    if report.reading is not None:
        provenance["reading"] = report.reading.times
    return export_comparison(
        report.folder,
        report.comparison,
        spots=report.spots.comparison if report.spots is not None else None,
        slide=scores.grid.slide.alias,
        overview=overview_of(report.result, report.slide),
        provenance=provenance,
        notes=report.notes,
    )


def read_reader(path: Path, slide: Slide) -> AnnotationSet:
    """Read a further reader's regions.

    Raises
    ------
    AnnotationFileError
        If the file cannot be understood.
    """
    return read_annotations(path, slide=slide)


@dataclass(frozen=True, kw_only=True)
class SpotRequest:
    """Spots to compare maps with."""

    places: Path
    """Table of spot, pixel_x, pixel_y."""
    values: Path
    """One row a spot, one column a gene or another quantity."""
    are_counts: bool
    """Whether the values are counts, which are normalised, or stay as they are."""


def run_spots(request: SpotRequest, scores: SlideScores, maps: Sequence[str]) -> SpotAnswer:
    """Read spots and compare maps with them, as ``histcode compare --spots`` does.

    Raises
    ------
    TableFileError
        If a table cannot be understood.
    """
    names: Collection[str] = {tile_map.output for tile_map in scores.maps if tile_map.output is not None}
    table = read_spots(
        request.places,
        counts=request.values if request.are_counts else None,
        values=None if request.are_counts else request.values,
        names=names,
    )
    return SpotAnswer(
        comparison=compare_with_spots(scores, table, SpotConfig(maps=tuple(maps))),
        table=table,
        tile=tile_of_points(scores.grid, table.xy_px0),
    )
