"""``histcode convert``: annotations from one program's format to another's, with nothing lost in silence."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_histcode.annotations import (
    AnnotationSet,
    Report,
    WrittenFile,
    read_annotations,
    write_annotations,
)
from napari_histcode.annotations.formats import format_to_write
from napari_histcode.cli.main import RESEARCH_USE
from napari_histcode.cli.progress_bar import ProgressBar
from napari_histcode.files import replacing
from napari_histcode.slide import Slide, open_slide


def run_convert(options: argparse.Namespace) -> int:
    """Read, convert, write, and say what was assumed and what was lost."""
    format_to_write(options.output, options.to_format)  # fail before the work
    with _opened(options) as slide:
        with ProgressBar("annotations") as bar:
            found = read_annotations(
                options.input,
                slide=slide,
                origin=options.origin,
                units=options.units,
                y_axis=options.y_axis,
                mpp=options.mpp,
                source_format=options.from_format,
                progress=bar,
            )
        written = write_annotations(
            found.annotations,
            options.output,
            options.to_format,
            slide=slide,
            origin=options.out_origin,
            mpp=options.mpp,
            mask_names=options.mask_names,
        )
    print(f"{options.input}\n{describe(found, written)}")
    for line in findings(found.report, written.report):
        print(line, file=sys.stderr)
    if options.report is not None:
        write_report(options.report, found.report, written.report)
    return 0


@contextmanager
def _opened(options: argparse.Namespace) -> Iterator[Slide | None]:
    if options.slide is None:
        yield None
        return
    with open_slide(options.slide, mpp=options.mpp) as slide:
        yield slide


def describe(found: AnnotationSet, written: WrittenFile) -> str:
    """Describe a conversion in a few aligned lines: counts by class, frames, files."""
    counts = found.counts()
    width = max([13, *(len(name or "unclassified") for name in counts)])
    lines = [("read", f"{len(found):,} objects of {found.source_format.label}")]
    lines += [(name or "unclassified", f"{n:,}") for name, n in counts.items()]
    lines.append(("counted from", found.frame.describe()))
    x, y = written.offset_px0
    shift = f" at x {x:g}, y {y:g} px" if x or y else ""
    lines.append(("written", f"{written.path} ({written.format.label}, from the {written.origin}{shift})"))
    lines.append(("", RESEARCH_USE))
    return "\n".join(f"  {name:<{width}} {value}" for name, value in lines)


def findings(*reports: Report) -> list[str]:
    """One line a finding, with the first places."""
    return [f"  {finding.describe(max_places=20)}" for report in reports for finding in report]


def write_report(path: Path, *reports: Report) -> None:
    """Write every finding and every place as CSV: kind, reason, count, place.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("kind", "reason", "count", "place"))
        for report in reports:
            for finding in report:
                for place in finding.places or ("",):
                    rows.writerow((finding.kind, finding.reason, finding.count, place))
