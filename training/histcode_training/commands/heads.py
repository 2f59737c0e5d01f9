"""``histcode-train heads``: train heads on a cohort, evaluate them, write the model."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from histcode_training.commands import Commands

PREDICTIONS, FOLDS, HISTORY, MODEL = "predictions.parquet", "folds.csv", "training.csv", "model"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "heads", help="train heads on bags of a cohort, evaluate them, write the model"
    )
    parser.add_argument("recipe", type=Path, help="every choice of the run, a TOML file")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the data folder")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where everything goes")
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep features of tiles here from run to run"
    )
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables as Markdown")
    parser.add_argument("--seed", type=int, default=0, help="first seed (default: 0)")
    parser.add_argument("--device", default="cpu", help="where tiles are encoded (default: cpu)")
    parser.add_argument(
        "--quick", action="store_true", help="one seed, few epochs and draws: a trial of the machinery"
    )
    parser.add_argument("--verbose", action="store_true", help="say what is being done")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from histcode_training.cohorts.config import FoldConfig
    from histcode_training.cohorts.fold_files import make_folds, write_folds
    from histcode_training.measures.evaluate import EvaluationConfig, evaluate_run
    from histcode_training.measures.predictions import write_predictions
    from histcode_training.measures.report import evaluation_markdown, write_evaluation
    from histcode_training.mil.export import write_model
    from histcode_training.mil.material import read_material
    from histcode_training.mil.recipe import quick, read_heads_recipe
    from histcode_training.mil.run import run_folds, train_final, write_history
    from histcode_training.targets.tables import read_fold_changes
    from napari_histcode.files import replacing

    def say(text: str) -> None:
        print(text, flush=True)

    recipe = read_heads_recipe(options.recipe)
    if options.quick:
        recipe = quick(recipe)
    known = read_fold_changes(options.data / recipe.fold_changes) if recipe.fold_changes else None
    say("reading bags")
    material = read_material(recipe, options.data, cache=options.cache, device=options.device)
    config: FoldConfig = replace(recipe.folds, seed=recipe.folds.seed + options.seed)
    folds = make_folds(material.table, config, options.data)
    write_folds(options.out / FOLDS, folds, material.table)
    found = run_folds(recipe, material, folds, seed=options.seed, say=say)
    write_predictions(found.predictions, options.out / PREDICTIONS)
    write_history(found, options.out / HISTORY)
    say("evaluating")
    evaluation = evaluate_run(
        found.predictions,
        fold_changes=known,
        config=EvaluationConfig(
            n_resamples=recipe.n_resamples, n_permutations=recipe.n_permutations, seed=options.seed
        ),
    )
    notes = " ".join(recipe.notes.split())
    write_evaluation(evaluation, options.out, name=recipe.name, notes=notes)
    if recipe.model is not None:
        say("training the model's head on the whole cohort")
        trained, epochs = train_final(recipe, material, found, seed=options.seed)
        folder = options.out / MODEL
        write_model(recipe, material, trained, evaluation, folder, epochs=epochs)
        say(f"{folder}: {sum(f.stat().st_size for f in folder.iterdir()) / 1e6:.1f} MB")
    text = evaluation_markdown(evaluation)
    print(text)
    if options.page:
        command = (
            f"histcode-train heads {options.recipe.name} --data DATA --out OUT" + " --quick" * options.quick
        )
        title = f"# {recipe.name.replace('_', ' ').capitalize()}\n\nMade by\n\n    {command}\n\n"
        with replacing(options.page) as temporary:
            temporary.write_text(
                title + (f"{notes}\n\n" if notes else "") + text, encoding="utf-8", newline="\n"
            )
    return 0
