"""The options of ``histcode compare``; light, since every command builds the whole parser."""

from __future__ import annotations

import argparse
import math
from pathlib import Path


def add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``histcode compare``."""
    compare = commands.add_parser("compare", help="compare maps with annotations, or with spots")
    compare.add_argument("result", nargs="?", type=Path, metavar="RESULT", help="folder that analyse made")
    compare.add_argument(
        "--cohort", type=Path, metavar="T.csv", help="many results: columns result, annotations, patient"
    )
    compare.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: in RESULT)")
    _add_reference(compare.add_argument_group("reference"))
    _add_method(compare.add_argument_group("method"))
    _add_spots(compare.add_argument_group("spatial transcriptomics"))


def _add_reference(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--annotations", type=Path, metavar="F", help="regions of the reference, any format")
    group.add_argument("--reader", type=Path, nargs="+", metavar="F", help="regions of further readers")
    group.add_argument("--positive", nargs="+", metavar="CLASS", help="classes that count as positive")
    group.add_argument(
        "--exhaustive", action="store_true", help="all was annotated: unannotated tissue is negative"
    )
    group.add_argument("--slide", type=Path, metavar="S", help="the slide, where annotations need its bounds")
    group.add_argument(
        "--origin", choices=("auto", "slide", "bounds"), default="auto", help="what annotations count from"
    )


def _add_method(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--map", nargs="+", metavar="M", help="maps to compare (default: all)")
    group.add_argument("--threshold", type=_finite, metavar="T", help="fixed threshold on raw values")
    group.add_argument(
        "--class-of", nargs="+", type=_pair, metavar="OUTPUT=CLASS", help="outputs, for a confusion matrix"
    )
    group.add_argument(
        "--kappa", choices=("none", "linear", "quadratic"), default="none", help="weights of Cohen's kappa"
    )
    group.add_argument(
        "--block-um", type=_positive_number, default=1000.0, metavar="X", help="blocks of the bootstrap"
    )
    group.add_argument("--resamples", type=_count, default=1000, metavar="N", help="draws of the bootstrap")
    group.add_argument("--shifts", type=_count, default=999, metavar="N", help="shifts of the null")
    group.add_argument("--seed", type=_count, default=0, metavar="N", help="seed of all randomness")


def _add_spots(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--spots", type=Path, metavar="F", help="table of spot, pixel_x, pixel_y")
    group.add_argument("--counts", type=Path, metavar="F", help="counts, one row a spot, one column a gene")
    group.add_argument("--spot-values", type=Path, metavar="F", help="other quantities, taken as they are")
    group.add_argument(
        "--spot-pair",
        nargs="+",
        type=_map_and_columns,
        metavar="MAP=COL+COL",
        help="compare a map with the mean of columns",
    )


def _pair(text: str) -> tuple[str, str]:
    name, separator, other = text.partition("=")
    if not name or not separator or not other:
        raise argparse.ArgumentTypeError(f"must be like tumour=Tumor, not {text!r}")
    return name, other


def _map_and_columns(text: str) -> tuple[str, tuple[str, ...]]:
    name, columns = _pair(text)
    return name, tuple(columns.split("+"))


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"must be a number, not {text}")
    return value


def _positive_number(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, not {text}")
    return value
