"""Command line of the training: ``histcode-train``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from histcode_training.cohort import Cohort, read_cohort
from histcode_training.recipe import RECIPES, Recipe, read_recipe
from histcode_training.splits import Split, read_held_out, split_cohort
from napari_histcode.errors import HistCodeError

DEFAULT_RECIPE = RECIPES / "osteosarcoma.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status: 0, 1 for a failure that is told, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, format="%(message)s")
    try:
        status: int = options.run(options)
    except HistCodeError as error:
        print(f"histcode-train: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="histcode-train", description="Train and evaluate models for napari-histcode. Research use only."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    sample = commands.add_parser("sample", help="build the sample slide of held-out fields")
    sample.add_argument("--out", type=Path, required=True, metavar="FILE", help="the slide, a .tif")
    sample.set_defaults(run=_run_sample)

    bundle = commands.add_parser("bundle", help="train, evaluate and write the bundled model")
    bundle.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the model folder")
    bundle.add_argument("--seed", type=int, default=0, help="decides starts, bags and dropout (default: 0)")
    bundle.add_argument("--cache", type=Path, metavar="FOLDER", help="keep features here from run to run")
    bundle.add_argument("--report", type=Path, metavar="FILE", help="write the results as Markdown")
    bundle.add_argument(
        "--compare-tiles", action="store_true", help="also cross-validate the recipe's other tile sizes"
    )
    bundle.add_argument(
        "--sample", type=Path, metavar="FILE", help="also measure on this sample slide, for the report"
    )
    bundle.add_argument("--device", default="cpu", help="where tiles are encoded (default: cpu)")
    bundle.set_defaults(run=_run_bundle)

    for command in (sample, bundle):
        command.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the data folder")
        command.add_argument(
            "--recipe", type=Path, default=DEFAULT_RECIPE, metavar="FILE",
            help="every choice of the run (default: osteosarcoma)",
        )  # fmt: skip
        command.add_argument("--verbose", action="store_true", help="say what is being done")
    return parser


def _run_sample(options: argparse.Namespace) -> int:
    from histcode_training.sample import build_sample, copy_companions

    recipe, split = _read(options)
    layout = build_sample(split.held_out, recipe, options.out)
    copies = copy_companions(recipe, options.data, options.out.parent)
    print(f"{options.out}: {layout.size_px[0]} x {layout.size_px[1]} px, {len(split.held_out)} fields")
    for copy in copies:
        print(f"{copy}: copied")
    return 0


def _run_bundle(options: argparse.Namespace) -> int:
    from histcode_training.bundle import BundleOptions, make_bundle
    from histcode_training.report import report_text
    from histcode_training.sample_check import check_sample
    from napari_histcode.files import replacing

    recipe, split = _read(options)
    result = make_bundle(
        split,
        recipe,
        options.out,
        BundleOptions(
            seed=options.seed,
            cache=options.cache,
            is_comparing_tiles=options.compare_tiles,
            device=options.device,
        ),
        say=print,
    )
    sample = check_sample(result.model, options.sample, recipe) if options.sample else None
    text = report_text(result, recipe, split, command=_command(options), sample=sample)
    print(text)
    if options.report:
        with replacing(options.report) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _command(options: argparse.Namespace) -> str:
    """Return the command with what decides the result; no folder of this machine is in it."""
    compare = " --compare-tiles" if options.compare_tiles else ""
    sample = " --sample SAMPLE" if options.sample else ""
    recipe = "" if options.recipe == DEFAULT_RECIPE else f" --recipe {options.recipe.name}"
    return f"histcode-train bundle --data DATA --out FOLDER --seed {options.seed}{recipe}{compare}{sample}"


def _read(options: argparse.Namespace) -> tuple[Recipe, Split]:
    recipe = read_recipe(options.recipe)
    cohort: Cohort = read_cohort(options.data / recipe.table, recipe.labels)
    return recipe, split_cohort(cohort, read_held_out(options.recipe.parent / recipe.split))
