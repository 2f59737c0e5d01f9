"""The options of ``histcode similar``; light, since every command builds the whole parser."""

from __future__ import annotations

import argparse
from pathlib import Path

INDEX_WORD = "index"
"""In the place of RESULT: bring the index of a folder up to date."""


def add_similar(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``histcode similar``."""
    similar = commands.add_parser(
        "similar",
        help="find tiles that look alike, on a slide or in a folder of results",
        usage="histcode similar RESULT (--tile X,Y ... | --region F) [options]\n"
        "       histcode similar index FOLDER",
    )
    similar.add_argument("result", metavar="RESULT", help='folder that analyse made, or the word "index"')
    similar.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="folder of results to index")
    similar.add_argument(
        "--tile", action="append", type=_point, metavar="X,Y", help="a tile by a point on it; may be repeated"
    )
    similar.add_argument("--region", type=Path, metavar="F", help="all tiles inside the regions of a file")
    where = similar.add_mutually_exclusive_group()
    where.add_argument("--within", action="store_true", help="search this slide alone (default)")
    where.add_argument("--index", type=Path, metavar="FOLDER", help="search all slides of an indexed folder")
    similar.add_argument("--top", type=_count, default=50, metavar="N", help="how many tiles (default: 50)")
    similar.add_argument("--apart", action="store_true", help="leave out neighbours of better tiles")
    similar.add_argument(
        "--centring", choices=("slide", "none"), default="slide",
        help="compare directions from the slide's mean, or plain features (within a slide)",
    )  # fmt: skip
    similar.add_argument(
        "--slide", type=Path, nargs="+", metavar="S", help="slides at hand, for pictures of the tiles"
    )
    similar.add_argument("--out", type=Path, metavar="DIR", help="write table, heatmap and pictures here")


def _point(text: str) -> tuple[float, float]:
    parts = text.split(",")
    try:
        x, y = (float(part) for part in parts)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be like 5120,2304, not {text!r}") from error
    return x, y


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return value
