"""``histcode compare``: maps of a finished result beside a pathologist's regions, or beside spots."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation, AnnotationSet, read_annotations
from napari_histcode.cli.compare_text import cohort_text, comparison_text, spots_text
from napari_histcode.cli.main import fail
from napari_histcode.cli.progress_bar import ProgressBar
from napari_histcode.comparison.classes_of import class_names, is_class
from napari_histcode.comparison.cohort import CohortMember, compare_cohort, member_of
from napari_histcode.comparison.cohort_table import CohortEntry, read_cohort_table
from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.spot_table import read_spots
from napari_histcode.comparison.spots import SpotComparison, SpotConfig, compare_with_spots
from napari_histcode.errors import (
    AnalysisCancelledError,
    AnnotationFileError,
    HistCodeError,
    ResultError,
)
from napari_histcode.export.comparisons.report import export_cohort, export_comparison
from napari_histcode.export.read_result import find_bag, read_analysis, read_overview, read_provenance
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import open_slide


def run_compare(options: argparse.Namespace) -> int:
    """Compare one result, or a cohort of them."""
    _check(options)
    if options.cohort is not None:
        return _compare_cohort(options)
    scores = read_analysis(options.result)
    overview = read_overview(options.result)
    comparison, notes = None, list[str]()
    if options.annotations is not None:
        comparison, notes = _compare_regions(scores, overview, options)
        print(comparison_text(comparison, notes))
    spots = None
    if options.spots is not None:
        spots = _compare_spots(scores, options)
        print(spots_text(spots))
    page = export_comparison(
        options.out or options.result,
        comparison,
        spots=spots,
        slide=scores.grid.slide.alias,
        overview=overview,
        provenance=read_provenance(options.result),
        notes=notes,
    )
    print(f"\nComparison page: {page}")
    return 0


def make_config(options: argparse.Namespace) -> ComparisonConfig:
    """Turn the options of the command line into a configuration."""
    return ComparisonConfig(
        positive=tuple(options.positive or ()),
        maps=tuple(options.map or ()),
        is_exhaustive=options.exhaustive,
        threshold=options.threshold,
        class_of_output=tuple(options.class_of or ()),
        kappa_weights=options.kappa,
        block_um=options.block_um,
        n_resamples=options.resamples,
        n_shifts=options.shifts,
        seed=options.seed,
    )


def _compare_regions(
    scores: SlideScores, overview: NDArray[np.uint8], options: argparse.Namespace
) -> tuple[Comparison, list[str]]:
    found = _read(options.annotations, options, scores)
    _check_positive(found.areas, options.positive, is_exhaustive=options.exhaustive)
    readers = {
        f"reader {k}": _read(path, options, scores).annotations
        for k, path in enumerate(options.reader or (), start=2)
    }
    with ProgressBar(scores.grid.slide.alias) as bar:
        comparison = compare(
            scores,
            found.annotations,
            make_config(options),
            overview=overview,
            features=_features(options.result, scores),
            readers=readers,
            progress=bar,
        )
    return comparison, notes_of(found)


def _features(folder: Path, scores: SlideScores) -> NDArray[np.float32] | None:
    """Take the features beside a result, for the mean-feature baseline; None where they are not kept."""
    bag = find_bag(folder, scores)
    return None if bag is None else bag.features


def notes_of(found: AnnotationSet) -> list[str]:
    """Say how a file was read: what it counts from, what was mended, what was lost."""
    frame = f"Annotations: {found.source_format.label}, coordinates from {found.frame.describe()}."
    return [frame, *[finding.describe() for finding in found.report]]


def _read(path: Path, options: argparse.Namespace, scores: SlideScores) -> AnnotationSet:
    if options.slide is None:
        return read_annotations(path, origin=options.origin)
    mpp = scores.grid.mpp
    with open_slide(options.slide, mpp=(mpp.x, mpp.y) if mpp.source == "user" else None) as slide:
        if slide.record.digest != scores.grid.slide.digest:
            raise ResultError(
                f"{options.slide.name} is not the slide of the result ({scores.grid.slide.alias}).",
                advice="Give the slide that was analysed.",
            )
        return read_annotations(path, slide=slide, origin=options.origin)


def _check(options: argparse.Namespace) -> None:
    if options.cohort is not None:
        _refuse(options.result is not None, "RESULT and --cohort exclude each other.", "Give one of both.")
        _refuse(
            options.annotations is not None or options.reader is not None,
            "--annotations and --reader go with one RESULT.",
            "The table of a cohort names the annotations of every slide.",
        )
        _refuse(
            options.spots is not None,
            "--spots goes with one RESULT.",
            "Compare slides with spots one by one.",
        )
        return
    _refuse(options.result is None, "There is nothing to compare.", "Give a RESULT folder or --cohort.")
    nothing = options.annotations is None and options.spots is None
    _refuse(nothing, "There is nothing to compare with.", "Give --annotations or --spots.")
    _refuse(
        options.annotations is not None and not options.positive,
        "No class is positive.",
        "Name the classes that the maps should find with --positive.",
    )


def _refuse(is_wrong: bool, message: str, advice: str) -> None:  # noqa: FBT001 - a condition
    if is_wrong:
        raise HistCodeError(message, advice=advice)


def _check_positive(areas: Sequence[Annotation], positive: Sequence[str], *, is_exhaustive: bool) -> None:
    """Refuse classes that do not occur; a slide without any is only plausible if all was annotated."""
    names = class_names(areas)
    if is_exhaustive or any(is_class(area.class_name, positive) for area in areas):
        return
    raise AnnotationFileError(
        f"No region is of class {', '.join(positive)}; there are: {', '.join(names) or 'no regions'}.",
        advice="Write the class as in the file, or add --exhaustive if there is indeed none on the slide.",
    )


def _compare_spots(scores: SlideScores, options: argparse.Namespace) -> SpotComparison:
    pairs = tuple(options.spot_pair or ())
    wanted = {name for _, columns in pairs for name in columns}
    wanted |= {tile_map.output for tile_map in scores.maps if tile_map.output is not None}
    table = read_spots(options.spots, counts=options.counts, values=options.spot_values, names=wanted)
    missing = sorted({name for _, columns in pairs for name in columns} - set(table.names))
    _refuse(bool(missing), f"The spots have no column {', '.join(missing)}.", "Look at the table's header.")
    return compare_with_spots(
        scores,
        table,
        SpotConfig(
            maps=tuple(options.map or ()),
            partners=pairs,
            block_um=options.block_um,
            n_resamples=options.resamples,
            n_shifts=options.shifts,
            seed=options.seed,
        ),
    )


def _compare_cohort(options: argparse.Namespace) -> int:
    entries = read_cohort_table(options.cohort)
    members: list[CohortMember] = []
    failures: list[tuple[CohortEntry, HistCodeError]] = []
    for entry in entries:
        try:
            members.append(_member(entry, options))
        except AnalysisCancelledError:
            raise
        except HistCodeError as error:
            failures.append((entry, error))
    for entry, failure in failures:
        print(f"\n{entry.result} (line {entry.line}) failed:", file=sys.stderr)
        fail(failure)
    if not members:
        return 1
    cohort = compare_cohort(members, n_resamples=options.resamples, seed=options.seed)
    print(cohort_text(cohort))
    page = export_cohort(
        options.out or options.cohort.parent / "comparison",
        cohort,
        failures=[(f"line {entry.line}", type(failure).__name__) for entry, failure in failures],
    )
    print(f"\nComparison page: {page}")
    if failures:
        print(f"\n{len(failures)} of {len(entries)} slides failed.", file=sys.stderr)
    return 1 if failures else 0


def _member(entry: CohortEntry, options: argparse.Namespace) -> CohortMember:
    scores = read_analysis(entry.result)
    positive = entry.positive or tuple(options.positive or ())
    _refuse(not positive, "No class is positive.", 'Give --positive, or a column "positive" in the table.')
    is_exhaustive = options.exhaustive if entry.is_exhaustive is None else entry.is_exhaustive
    options = argparse.Namespace(**{**vars(options), "positive": positive, "exhaustive": is_exhaustive})
    found = _read(entry.annotations, options, scores)
    _check_positive(found.areas, positive, is_exhaustive=is_exhaustive)
    config = dataclasses.replace(make_config(options), positive=positive, is_exhaustive=is_exhaustive)
    with ProgressBar(scores.grid.slide.alias) as bar:
        comparison = compare(
            scores,
            found.annotations,
            config,
            overview=read_overview(entry.result),
            features=_features(entry.result, scores),
            progress=bar,
        )
    return member_of(comparison, entry.patient)
