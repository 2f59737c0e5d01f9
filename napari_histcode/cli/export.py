"""``histcode export``: a finished result in another format."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from napari_histcode.annotations import Annotation
from napari_histcode.cli.progress_bar import ProgressBar
from napari_histcode.cli.result_inputs import open_slide_of, read_regions
from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.errors import HistCodeError
from napari_histcode.export.formats import export_result
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.read_result import find_bag, read_analysis, read_overview
from napari_histcode.heatmap import HeatmapConfig
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide


def run_export(options: argparse.Namespace) -> int:
    """Write the result and print where it is."""
    chosen = make_options(options)
    scores = read_analysis(options.result)
    with _opened(options.slide, scores) as slide, ProgressBar(scores.grid.slide.alias) as bar:
        annotations: tuple[Annotation, ...] = ()
        if options.annotations is not None:
            annotations = read_regions(
                options.annotations, scores, slide_path=options.slide, origin=options.origin
            ).annotations
        comparison = _compare(options, scores, annotations, bar) if options.positive else None
        paths = export_result(
            options.result,
            options.format,
            _place(options, scores),
            maps=options.map,
            config=HeatmapConfig(normalisation=options.normalisation) if options.normalisation else None,
            slide=slide,
            annotations=annotations,
            comparison=comparison,
            options=chosen,
            progress=bar,
        )
    for path in paths:
        print(path)
    return 0


def make_options(options: argparse.Namespace) -> ExportOptions:
    """Turn the options of the command line into those of the export.

    Raises
    ------
    HistCodeError
        If one of them makes no sense.
    """
    try:
        return ExportOptions(
            region_px0=options.region,
            panels=tuple(options.panels or ("map",)),
            dpi=options.dpi,
            width_mm=options.width,
            alpha=options.alpha,
            colormap=options.colormap,
            limits=options.limits,
            overlay_mpp=options.overlay_mpp,
            compression=options.compression,
            with_features=options.features,
            segment=options.segment,
            threshold=options.threshold,
            keep_patient=options.keep_patient,
            n_top_tiles=options.top_tiles,
            most_maps=options.most_maps,
        )
    except ValueError as error:
        raise HistCodeError(str(error)) from error


@contextmanager
def _opened(path: Path | None, scores: SlideScores) -> Iterator[Slide | None]:
    if path is None:
        yield None
        return
    with open_slide_of(path, scores) as slide:
        yield slide


def _place(options: argparse.Namespace, scores: SlideScores) -> Path | None:
    """Say where to write: with masked names, in a folder that is called as the slide's alias."""
    out: Path | None = options.out
    if not options.mask_names:
        return out
    return (out or options.result.resolve().parent) / scores.grid.slide.alias


def _compare(
    options: argparse.Namespace,
    scores: SlideScores,
    annotations: Sequence[Annotation],
    bar: ProgressBar,
) -> Comparison:
    """Compare as ``histcode compare`` does, with the same numbers."""
    if not annotations:
        raise HistCodeError("There is nothing to compare with.", advice="Give --annotations.")
    bag = find_bag(options.result, scores)
    return compare(
        scores,
        annotations,
        ComparisonConfig(
            positive=tuple(options.positive),
            maps=tuple(options.map or ()),
            is_exhaustive=options.exhaustive,
            threshold=options.threshold,
        ),
        overview=read_overview(options.result),
        features=None if bag is None else bag.features,
        progress=bar,
    )
