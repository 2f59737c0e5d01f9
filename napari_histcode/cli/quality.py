"""``histcode quality``: ink, folds and tissue out of focus on one slide after another."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from napari_histcode.cli.analyse import result_folders
from napari_histcode.cli.main import RESEARCH_USE, fail
from napari_histcode.cli.progress_bar import ProgressBar
from napari_histcode.errors import AnalysisCancelledError, HistCodeError
from napari_histcode.export.quality import export_quality, quality_line
from napari_histcode.pipeline import small_picture
from napari_histcode.slide import open_slide
from napari_histcode.tissue.find import find_tissue
from napari_histcode.tissue.mask import TissueMask
from napari_histcode.tissue.quality import ARTEFACTS, QualityMask
from napari_histcode.tissue.quality_find import find_artefacts


def run_quality(options: argparse.Namespace) -> int:
    """Look at all slides; a failed one does not keep the others from being done."""
    failures: list[tuple[Path, HistCodeError]] = []
    folders = result_folders(options.slides, options.out)
    for path, folder in zip(options.slides, folders, strict=True):
        try:
            _check_one(path, folder, options)
        except AnalysisCancelledError:
            raise
        except HistCodeError as error:
            failures.append((path, error))
    for path, failure in failures:
        print(f"\n{path} failed:", file=sys.stderr)
        fail(failure)
    return 1 if failures else 0


def _check_one(path: Path, folder: Path, options: argparse.Namespace) -> None:
    with open_slide(path, mpp=options.mpp) as slide, ProgressBar(slide.record.alias) as bar:
        if options.mask_names:
            folder = options.out / slide.record.alias
        tissue = find_tissue(slide)
        mask = find_artefacts(slide, tissue, progress=bar)
        export_quality(slide, tissue, mask, small_picture(slide), folder)
    print(f"{path}\n{describe(mask, tissue)}\n  results       {folder}")


def describe(mask: QualityMask, tissue: TissueMask) -> str:
    """Describe a quality mask in a few aligned lines."""
    lines = [("tissue", f"{tissue.area_mm2:.3g} mm2")]
    say = partial(quality_line, mask)
    lines += [(artefact.label, say(artefact)) for artefact in ARTEFACTS]
    lines.append(("", RESEARCH_USE))
    return "\n".join(f"  {name:<13} {value}" for name, value in lines)
