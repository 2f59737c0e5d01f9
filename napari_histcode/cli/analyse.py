"""``histcode analyse``: the whole pipeline on one slide after another."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from shapely import union_all
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import read_annotations
from napari_histcode.cli.main import RESEARCH_USE, fail
from napari_histcode.cli.progress_bar import ProgressBar
from napari_histcode.errors import AnalysisCancelledError, AnnotationFileError, HistCodeError
from napari_histcode.models.devices import choose_device
from napari_histcode.models.model import Model
from napari_histcode.models.model_file import load_model
from napari_histcode.pipeline import Analysis, analyse_slide
from napari_histcode.resources.gene_sets import GeneSet
from napari_histcode.scores.scores import Prediction
from napari_histcode.scores.signature_file import read_signatures
from napari_histcode.slide import Slide, open_slide
from napari_histcode.trust.trust import Trust

MOST_PREDICTIONS = 8
"""A head with more outputs is not listed on the terminal."""


def run_analyse(options: argparse.Namespace) -> int:
    """Analyse all slides; a failed one does not keep the others from being done."""
    model = load_model(options.model).to(choose_device(options.device))
    signatures = tuple(one for path in options.signature for one in read_signatures(path))
    failures: list[tuple[Path, HistCodeError]] = []
    folders = result_folders(options.slides, options.out)
    for path, folder in zip(options.slides, folders, strict=True):
        try:
            _analyse_one(path, folder, model, signatures, options)
        except AnalysisCancelledError:
            raise
        except HistCodeError as error:
            failures.append((path, error))
    for path, failure in failures:
        print(f"\n{path} failed:", file=sys.stderr)
        fail(failure)
    if failures:
        print(f"\n{len(failures)} of {len(options.slides)} slides failed.", file=sys.stderr)
    return 1 if failures else 0


def _analyse_one(
    path: Path, folder: Path, model: Model, signatures: Sequence[GeneSet], options: argparse.Namespace
) -> None:
    with open_slide(path, mpp=options.mpp) as slide, ProgressBar(slide.record.alias) as bar:
        if options.mask_names:
            folder = options.out / slide.record.alias
        roi = read_roi(options.roi, slide) if options.roi else None
        analysis = analyse_slide(
            slide, model, out=folder, roi=roi, overlap=options.overlap, device=options.device,
            batch_size=options.batch_size, exclude_artefacts=options.exclude_artefacts, organ=options.organ,
            signatures=signatures, progress=bar,
        )  # fmt: skip
    print(f"{path}\n{describe(analysis)}\n  results       {folder}")


def describe(analysis: Analysis) -> str:
    """Describe a finished analysis in a few aligned lines."""
    scores, seconds = analysis.scores, analysis.seconds
    encoding = seconds.get("encoding tiles", 0.0)
    tiles = f"{len(scores.grid)} of {scores.grid.config.tile_um:.0f} um, encoded in {encoding:.1f} s"
    lines = [("tiles", tiles)]
    if scores.n_corrupt:
        lines.append(("corrupt", f"{scores.n_corrupt} tiles could not be decoded and were left out"))
    if analysis.exclusion is not None:
        lines.append(
            ("artefacts", f"{analysis.exclusion.n_excluded} tiles that are mostly artefact left out")
        )
    lines += _prediction_lines(scores.predictions)
    lines += _trust_lines(analysis.trust)
    lines.append(("", RESEARCH_USE))
    return "\n".join(f"  {name:<13} {value}" for name, value in lines)


def _prediction_lines(predictions: Sequence[Prediction]) -> list[tuple[str, str]]:
    """Say what every head predicts, head by head; of a head with very many outputs, only how many."""
    lines = []
    for head, found in groupby(predictions, key=lambda prediction: prediction.head):
        of_head = list(found)
        if len(of_head) > MOST_PREDICTIONS:
            first, last = of_head[0].label, of_head[-1].label
            lines.append((head, f"{len(of_head)} values, {first} to {last}: in the report"))
            continue
        for number, one in enumerate(of_head):
            value = f"{one.value:.3f} {one.quantity} {one.unit}".rstrip()
            lines.append(("" if number else head, f"{one.label}: {value}"))
    return lines


def _trust_lines(trust: Trust | None) -> list[tuple[str, str]]:
    """Say how unlike the training the slide is, and every warning."""
    if trust is None:
        return []
    lines = [("warning", warning.sentence) for warning in trust.warnings]
    if trust.ood is not None:
        share = f"{trust.ood.share_beyond:.1%} of the tiles (5 % would be usual)"
        lines.insert(0, ("unlike train.", share))
    return lines


def read_roi(path: Path, slide: Slide) -> BaseGeometry:
    """Read the union of all regions of an annotation file, in level-0 pixels of this slide.

    Raises
    ------
    AnnotationFileError
        If the file holds no region, or one that cannot be read: a region of interest is whole or none.
    """
    found = read_annotations(path, slide=slide)
    if found.report.n_unread:
        raise AnnotationFileError(
            f"{path.name}: {found.report.of('not read')[0].describe()}.",
            advice="Mend it in the program that wrote it; histcode convert lists all that cannot be read.",
        )
    if not found.areas:
        raise AnnotationFileError(
            f"{path.name} holds no region with an area.", advice="Draw a polygon and export it."
        )
    return union_all([annotation.geometry for annotation in found.areas])


def result_folders(slides: Sequence[Path], out: Path) -> list[Path]:
    """One folder a slide, named by its file; equal names are numbered, so that none is overwritten."""
    taken: dict[str, int] = {}
    folders = []
    for path in slides:
        name = path.name.removesuffix(path.suffix).removesuffix(".ome") or path.resolve().name
        taken[name] = taken.get(name, 0) + 1
        folders.append(out / (name if taken[name] == 1 else f"{name}-{taken[name]}"))
    return folders
