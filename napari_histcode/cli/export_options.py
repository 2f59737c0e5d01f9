"""The options of ``histcode export``; light, since every command builds the whole parser."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

FORMATS = (
    "csv, parquet, tiles-geojson, anndata, ome-tiff, ome-zarr, overlay-tiff, overlay-zarr, overlay-png, "
    "figure-png, figure-svg, figure-pdf, contact-sheet, dicom-pm, dicom-seg or report"
)
"""What ``--format`` takes, as shown; the export itself decides."""


def add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``histcode export``."""
    export = commands.add_parser("export", help="write a finished result in another format")
    export.add_argument("result", type=Path, metavar="RESULT", help="folder that analyse made")
    export.add_argument("--format", required=True, metavar="F", help=FORMATS)
    export.add_argument(
        "--map", nargs="+", metavar="M", help="maps to write (default: all); a figure shows them side by side"
    )
    export.add_argument("--out", type=Path, metavar="FILE", help="where to write (default: in RESULT)")
    export.add_argument(
        "--mask-names", action="store_true", help="write into a folder named by the slide's digest"
    )
    export.add_argument(
        "--normalisation", choices=("raw", "percentile", "z"), help="of the values (default: as each format)"
    )
    export.add_argument(
        "--slide", type=Path, metavar="S", help="the slide, for overlays, DICOM and top tiles"
    )
    export.add_argument(
        "--features", action="store_true", help="anndata: also the features of every tile, if they were kept"
    )
    _add_pictures(export.add_argument_group("pictures"))
    _add_reference(export.add_argument_group("regions and comparison"))
    _add_dicom(export.add_argument_group("DICOM"))
    _add_report(export.add_argument_group("report"))


def _add_pictures(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--region", type=_region, metavar="X,Y,W,H", help="part of the slide in level-0 pixels"
    )
    group.add_argument(
        "--panels",
        nargs="+",
        choices=("slide", "map", "reference", "agreement"),
        metavar="P",
        help="figure: slide, map, reference, agreement, from left to right (default: map)",
    )
    group.add_argument("--dpi", type=int, default=300, metavar="N", help="figure: pixels per inch")
    group.add_argument(
        "--width", type=float, default=180.0, metavar="MM", help="figure: 85 is one column, 180 a page"
    )
    group.add_argument("--alpha", type=float, default=0.5, metavar="A", help="weight of the colours, 0 to 1")
    group.add_argument("--colormap", metavar="NAME", help="colour scale, such as viridis or RdBu_r")
    group.add_argument("--limits", type=_limits, metavar="LOW,HIGH", help="values at the ends of the scale")
    group.add_argument(
        "--overlay-mpp", type=float, metavar="X", help="overlay: micrometres per pixel (default: 1)"
    )
    group.add_argument(
        "--compression", choices=("jpeg", "deflate"), default="jpeg", help="overlay-tiff: small, or exact"
    )


def _add_reference(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--annotations", type=Path, metavar="F", help="regions to outline, in any format")
    group.add_argument(
        "--origin", choices=("auto", "slide", "bounds"), default="auto", help="what annotations count from"
    )
    group.add_argument(
        "--positive", nargs="+", metavar="CLASS", help="compare with these classes, for agreement and report"
    )
    group.add_argument(
        "--exhaustive", action="store_true", help="all was annotated: unannotated tissue is negative"
    )
    group.add_argument("--threshold", type=_finite, metavar="T", help="threshold on raw values")


def _add_dicom(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--segment",
        choices=("threshold", "annotations"),
        default="threshold",
        help="dicom-seg: tiles above a threshold, or annotated classes",
    )
    group.add_argument(
        "--keep-patient",
        action="store_true",
        help="take over patient, study and specimen of the DICOM slide (default: its alias)",
    )


def _add_report(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--top-tiles", type=int, default=6, metavar="N", help="tiles of each map (default: 6)")
    group.add_argument("--most-maps", type=int, default=12, metavar="N", help="maps drawn (default: 12)")


def _region(text: str) -> tuple[float, float, float, float]:
    left, top, width, height = _numbers(text, 4, "100,200,3000,2000")
    if width <= 0 or height <= 0:
        raise argparse.ArgumentTypeError(f"width and height are above 0, not {width:g} and {height:g}")
    return left, top, width, height


def _limits(text: str) -> tuple[float, float]:
    low, high = _numbers(text, 2, "-1,1")
    if not low < high:
        raise argparse.ArgumentTypeError(f"must ascend, not {text}")
    return low, high


def _numbers(text: str, count: int, example: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise argparse.ArgumentTypeError(f"must be like {example}, not {text!r}")
    return values


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"must be a number, not {text}")
    return value
