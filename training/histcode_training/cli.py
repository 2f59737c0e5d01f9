"""Command line of the training: ``histcode-train``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from histcode_training.cohort import Cohort, read_cohort
from histcode_training.commands import add_commands
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

    add_commands(commands)
    study = commands.add_parser("study", help="measure what the methods are worth")
    studies = study.add_subparsers(required=True, metavar="STUDY")
    faithfulness = studies.add_parser("faithfulness", help="which map shows what the model used")
    _add_faithfulness(faithfulness)
    teaching = studies.add_parser("teaching", help="how few marks a taught classifier needs")
    _add_teaching(teaching)
    trust = studies.add_parser("trust", help="whether distance tells known tissue from unknown")
    _add_trust(trust)
    quality = studies.add_parser("quality", help="what quality control finds and mistakes")
    quality.add_argument("--seed", type=int, default=0, help="decides where folds are planted (default: 0)")
    quality.add_argument("--report", type=Path, metavar="FILE", help="write the results as Markdown")
    quality.set_defaults(run=_run_quality)
    describe = commands.add_parser("describe", help="add feature statistics to a trained model")
    describe.add_argument("--model", type=Path, required=True, metavar="FOLDER", help="the model folder")
    describe.add_argument("--cache", type=Path, metavar="FOLDER", help="keep features here from run to run")
    describe.set_defaults(run=_run_describe)

    for command in (sample, bundle, describe, trust, quality, faithfulness, teaching):
        command.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the data folder")
        command.add_argument(
            "--recipe", type=Path, default=DEFAULT_RECIPE, metavar="FILE",
            help="every choice of the run (default: osteosarcoma)",
        )  # fmt: skip
        command.add_argument("--verbose", action="store_true", help="say what is being done")
    return parser


def _add_faithfulness(faithfulness: argparse.ArgumentParser) -> None:
    faithfulness.add_argument("--seed", type=int, default=0, help="seed of all randomness (default: 0)")
    faithfulness.add_argument("--report", type=Path, metavar="FILE", help="write the results as Markdown")
    faithfulness.set_defaults(run=_run_faithfulness)


def _run_faithfulness(options: argparse.Namespace) -> int:
    from histcode_training.faithfulness_report import faithfulness_text
    from histcode_training.faithfulness_study import run_faithfulness_study
    from napari_histcode.files import replacing

    recipe, split = _read(options)
    study = run_faithfulness_study(split, recipe, seed=options.seed)
    command = f"histcode-train study faithfulness --data DATA --seed {options.seed}"
    text = faithfulness_text(study, recipe, command=command)
    print(text)
    if options.report:
        with replacing(options.report) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _add_teaching(teaching: argparse.ArgumentParser) -> None:
    teaching.add_argument("--seed", type=int, default=0, help="decides which tiles are marked (default: 0)")
    teaching.add_argument("--draws", type=int, default=20, help="draws a number of marks (default: 20)")
    teaching.add_argument("--cache", type=Path, metavar="FOLDER", help="keep features here from run to run")
    teaching.add_argument("--report", type=Path, metavar="FILE", help="write the results as Markdown")
    teaching.set_defaults(run=_run_teaching)


def _run_teaching(options: argparse.Namespace) -> int:
    from histcode_training.teaching_report import teaching_text
    from histcode_training.teaching_study import run_teaching_study
    from napari_histcode.files import replacing

    recipe, split = _read(options)
    study = run_teaching_study(split, recipe, cache=options.cache, n_draws=options.draws, seed=options.seed)
    command = f"histcode-train study teaching --data DATA --seed {options.seed} --draws {options.draws}"
    text = teaching_text(study, recipe, command=command)
    print(text)
    if options.report:
        with replacing(options.report) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _add_trust(trust: argparse.ArgumentParser) -> None:
    trust.add_argument("--model", default="bundled", help="name or folder of a model (default: bundled)")
    trust.add_argument("--seed", type=int, default=0, help="decides the draws of the intervals (default: 0)")
    trust.add_argument("--report", type=Path, metavar="FILE", help="write the results as Markdown")
    trust.set_defaults(run=_run_trust)


def _run_trust(options: argparse.Namespace) -> int:
    from histcode_training.trust_study import run_trust_study, trust_text
    from napari_histcode.files import replacing
    from napari_histcode.models.model_file import load_model

    recipe, split = _read(options)
    study = run_trust_study(options.data, split, load_model(options.model), mpp=recipe.mpp, seed=options.seed)
    text = trust_text(study, command=f"histcode-train study trust --data DATA --seed {options.seed}")
    print(text)
    if options.report:
        with replacing(options.report) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _run_quality(options: argparse.Namespace) -> int:
    from histcode_training.quality_study import quality_text, run_quality_study
    from napari_histcode.files import replacing

    recipe, split = _read(options)
    study = run_quality_study(options.data, split, mpp=recipe.mpp, seed=options.seed)
    text = quality_text(study, command=f"histcode-train study quality --data DATA --seed {options.seed}")
    print(text)
    if options.report:
        with replacing(options.report) as temporary:
            temporary.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _run_describe(options: argparse.Namespace) -> int:
    from histcode_training.feature_statistics import describe_training
    from napari_histcode.models.model_file import load_model

    recipe, split = _read(options)
    model = load_model(options.model)
    card = describe_training(model, options.model, split, recipe, cache=options.cache)
    print(f"{options.model}: statistics {card.statistics_digest[:16]}")
    return 0


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
