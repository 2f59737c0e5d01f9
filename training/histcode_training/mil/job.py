"""Heads on a cohort from beginning to end: read, train, predict, evaluate, write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from histcode_training.cohorts.config import FoldConfig
from histcode_training.cohorts.fold_files import make_folds, write_folds
from histcode_training.errors import RecipeError
from histcode_training.measures.evaluate import EvaluationConfig, RunEvaluation, evaluate_run
from histcode_training.measures.predictions import write_predictions
from histcode_training.measures.report import evaluation_markdown, write_evaluation
from histcode_training.mil.export import write_model
from histcode_training.mil.material import read_material
from histcode_training.mil.recipe import HeadsRecipe
from histcode_training.mil.run import Say, run_folds, train_final, write_history
from histcode_training.targets.tables import read_fold_changes
from napari_histcode.models.card import ModelCard
from napari_histcode.models.encoder import Encoder

PREDICTIONS, FOLDS, HISTORY, MODEL = "predictions.parquet", "folds.csv", "training.csv", "model"
"""Names of what is written."""


@dataclass(frozen=True, kw_only=True)
class HeadsOptions:
    """What is not in the recipe."""

    seed: int = 0
    """First seed."""
    cache: Path | None = None
    """Folder where features of tiles are kept from run to run."""
    device: str = "cpu"
    """Where tiles are encoded."""
    encoder: Encoder | None = None
    """Takes the place of that of ``features.model``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadsResult:
    """What came of it."""

    evaluation: RunEvaluation
    """What was measured."""
    card: ModelCard | None
    """Of the model that was written; None where the recipe has none."""


def run_heads(recipe: HeadsRecipe, data: Path, out: Path, options: HeadsOptions, *, say: Say) -> HeadsResult:
    """Train heads, evaluate them, and write folds, predictions, history, evaluation and model.

    Parameters
    ----------
    recipe : HeadsRecipe
        Every choice.
    data : Path
        The data folder.
    out : Path
        Where everything goes.
    options : HeadsOptions
        Seed, cache, device, encoder.
    say : callable
        Told what is being done.

    Raises
    ------
    HistCodeError
        If cohort or features are incomplete, or something cannot be written.
    """
    known = read_fold_changes(data / recipe.fold_changes) if recipe.fold_changes else None
    say("reading bags")
    material = read_material(
        recipe, data, cache=options.cache, device=options.device, encoder=options.encoder
    )
    _check_shown(recipe, material.table.outputs)
    config: FoldConfig = replace(recipe.folds, seed=recipe.folds.seed + options.seed)
    folds = make_folds(material.table, config, data)
    write_folds(out / FOLDS, folds, material.table)
    found = run_folds(recipe, material, folds, seed=options.seed, say=say)
    write_predictions(found.predictions, out / PREDICTIONS)
    write_history(found, out / HISTORY)
    say("evaluating")
    evaluation = evaluate_run(
        found.predictions,
        fold_changes=known,
        config=EvaluationConfig(
            n_resamples=recipe.n_resamples, n_permutations=recipe.n_permutations, seed=options.seed
        ),
    )
    write_evaluation(evaluation, out, name=recipe.name, notes=_notes(recipe))
    card = None
    if recipe.model is not None:
        say("training the model's head on the whole cohort")
        trained, epochs = train_final(recipe, material, found, seed=options.seed)
        folder = out / MODEL
        card = write_model(recipe, material, trained, evaluation, folder, epochs=epochs)
        say(f"{folder}: {sum(f.stat().st_size for f in folder.iterdir()) / 1e6:.1f} MB")
    return HeadsResult(evaluation=evaluation, card=card)


def heads_page(evaluation: RunEvaluation, recipe: HeadsRecipe, *, command: str) -> str:
    """Return the tables of a run as a page of Markdown."""
    notes = _notes(recipe)
    title = f"# {recipe.name.replace('_', ' ').capitalize()}\n\nMade by\n\n    {command}\n\n"
    return title + (f"{notes}\n\n" if notes else "") + evaluation_markdown(evaluation)


def _check_shown(recipe: HeadsRecipe, outputs: tuple[str, ...]) -> None:
    if recipe.shown and len(recipe.shown) != len(outputs):
        raise RecipeError(
            f"{recipe.name}: shown lists {len(recipe.shown)} names, and there are {len(outputs)} outputs.",
            advice=f"Name each of {', '.join(outputs)}, in this order.",
        )


def _notes(recipe: HeadsRecipe) -> str:
    return " ".join(recipe.notes.split())
