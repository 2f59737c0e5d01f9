"""``histcode-train evaluate``: measure the predictions of a run again, or those of another program."""

from __future__ import annotations

import argparse
from pathlib import Path

from histcode_training.commands import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("evaluate", help="measure the predictions of a run of heads")
    parser.add_argument(
        "run_folder", type=Path, metavar="RUN", help="folder that `heads` wrote, or a .parquet"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where results go (default: the run's folder)"
    )
    parser.add_argument(
        "--fold-changes", type=Path, metavar="FILE", help="table gene,log2_fold_change, for the curve"
    )
    parser.add_argument("--resamples", type=int, default=1000, help="draws of the bootstrap (default: 1000)")
    parser.add_argument(
        "--permutations", type=int, default=999, help="permutations of the null (default: 999)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of both (default: 0)")
    parser.add_argument(
        "--quick", action="store_true", help="50 draws and 39 permutations: a trial of the machinery"
    )
    parser.add_argument("--verbose", action="store_true", help="say what is being done")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from histcode_training.measures.evaluate import EvaluationConfig, evaluate_run
    from histcode_training.measures.predictions import read_predictions
    from histcode_training.measures.report import evaluation_markdown, write_evaluation
    from histcode_training.mil.job import PREDICTIONS
    from histcode_training.targets.tables import read_fold_changes

    is_file = options.run_folder.suffix == ".parquet"
    path = options.run_folder if is_file else options.run_folder / PREDICTIONS
    known = read_fold_changes(options.fold_changes) if options.fold_changes else None
    config = EvaluationConfig(
        n_resamples=50 if options.quick else options.resamples,
        n_permutations=39 if options.quick else options.permutations,
        seed=options.seed,
    )
    evaluation = evaluate_run(read_predictions(path), fold_changes=known, config=config)
    folder = options.out or path.parent
    write_evaluation(evaluation, folder, name=path.parent.name)
    print(evaluation_markdown(evaluation))
    return 0
