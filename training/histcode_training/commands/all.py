"""``histcode-train all``: from a data folder to a finished model with its report, by one recipe."""

from __future__ import annotations

import argparse
from pathlib import Path

from histcode_training.commands import Commands

QUICK_RESAMPLES = 50


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("all", help="encoder, probes, heads, one model, sample and report")
    parser.add_argument("recipe", type=Path, help="names the recipes of all steps, a TOML file")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the data folder")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER",
        help="where everything goes; an unfinished training of the encoder there goes on",
    )  # fmt: skip
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep tiles and features here (default: OUT/cache)"
    )
    parser.add_argument("--minutes", type=float, metavar="M", help="most minutes for training the encoder")
    parser.add_argument("--seed", type=int, default=0, help="seed of every step (default: 0)")
    parser.add_argument("--device", default="auto", help="where the encoder computes (default: auto)")
    parser.add_argument(
        "--quick", action="store_true", help="few tiles, epochs, seeds and draws: a trial of the machinery"
    )
    parser.add_argument("--verbose", action="store_true", help="say what is being done")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from histcode_training.whole.recipe import read_whole_recipe
    from histcode_training.whole.report import write_report
    from histcode_training.whole.run import WholeOptions, run_whole

    parts = read_whole_recipe(options.recipe, is_quick=options.quick)
    chosen = WholeOptions(
        seed=options.seed, cache=options.cache, device=options.device, minutes=options.minutes,
        n_resamples=QUICK_RESAMPLES if options.quick else WholeOptions.n_resamples,
    )  # fmt: skip
    result = run_whole(parts, options.data, options.out, chosen, say=lambda text: print(text, flush=True))
    report = write_report(result, parts, options.data, options.out, command=_command(options))
    print(report.read_text(encoding="utf-8"))
    return 0


def _command(options: argparse.Namespace) -> str:
    """Return the command with what decides the result; no folder of this machine is in it."""
    words = [f"histcode-train all {options.recipe.name} --data DATA --out OUT --seed {options.seed}"]
    if options.minutes is not None:
        words.append(f"--minutes {options.minutes:g}")
    words += ["--quick"] * options.quick
    return " ".join(words)
