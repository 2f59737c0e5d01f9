"""The options of ``histcode teach``; light, since every command builds the whole parser."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_teach(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``histcode teach``."""
    teach = commands.add_parser("teach", help="learn a classifier from regions, and save it as a head")
    teach.add_argument("result", type=Path, metavar="RESULT", help="folder that analyse made")
    teach.add_argument("--annotations", type=Path, required=True, metavar="F", help="regions, any format")
    teach.add_argument(
        "--class", action="append", required=True, dest="classes", metavar="CLASS",
        help="a class of regions to tell apart; give two or more",
    )  # fmt: skip
    teach.add_argument("--out", type=Path, metavar="FOLDER", help="the new model folder")
    teach.add_argument("--name", default="taught", help="name of the head (default: taught)")
    teach.add_argument("--model", metavar="M", help="model with the encoder (default: that of RESULT)")
    teach.add_argument("--only", action="store_true", help="leave the model's other heads out")
    teach.add_argument("--maps", type=Path, metavar="DIR", help="write the probability maps here")
    teach.add_argument("--strength", type=_positive, metavar="X", help="regularisation (default: chosen)")
    teach.add_argument(
        "--next", type=_count, default=10, metavar="N", help="tiles to mark next (default: 10)"
    )
    teach.add_argument("--slide", type=Path, metavar="S", help="the slide, where regions need its bounds")
    teach.add_argument(
        "--origin", choices=("auto", "slide", "bounds"), default="auto", help="what regions count from"
    )


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, not {text}")
    return value
