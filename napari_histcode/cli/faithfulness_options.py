"""The options of ``histcode faithfulness``; light, since every command builds the whole parser."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_faithfulness(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe ``histcode faithfulness``."""
    faithfulness = commands.add_parser("faithfulness", help="say which maps show what the model used")
    faithfulness.add_argument(
        "results", nargs="+", type=Path, metavar="RESULT", help="folders that analyse made, with features"
    )
    faithfulness.add_argument(
        "--model", default="bundled", help="the model that made the results (default: bundled)"
    )
    faithfulness.add_argument("--head", action="append", metavar="H", help="only this head; repeatable")
    faithfulness.add_argument(
        "--output", action="append", metavar="O", help="only this class or gene; repeatable"
    )
    faithfulness.add_argument("--ig", action="store_true", help="integrated gradients as well; takes longer")
    faithfulness.add_argument(
        "--ig-steps", type=_at_least_one, default=32, metavar="N", help="places on their path (default: 32)"
    )
    faithfulness.add_argument(
        "--raw", action="store_true", help="record outputs before the activation, not predictions"
    )
    faithfulness.add_argument(
        "--random", type=_at_least_one, default=100, metavar="N", help="random orders (default: 100)"
    )
    faithfulness.add_argument(
        "--patients", nargs="+", metavar="P", help="whose slide each RESULT is, in the same order"
    )
    faithfulness.add_argument(
        "--resamples", type=_count, default=1000, metavar="N", help="draws of patients (default: 1000)"
    )
    faithfulness.add_argument("--seed", type=_count, default=0, metavar="N", help="seed of all randomness")
    faithfulness.add_argument(
        "--device", default="auto", help="where integrated gradients are computed (default: auto)"
    )
    faithfulness.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: in RESULT; of many: ./faithfulness)"
    )


def _at_least_one(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {text}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, not {text}")
    return value
