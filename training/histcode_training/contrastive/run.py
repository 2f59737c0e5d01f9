"""A whole run: tiles, training, and the folder with the encoder, the log, the curves and the facts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from histcode_training.contrastive.augment.augment import Augmentation
from histcode_training.contrastive.config import OptimisationConfig
from histcode_training.contrastive.export import normalisation, write_encoder
from histcode_training.contrastive.history import read_history
from histcode_training.contrastive.learner import Learner
from histcode_training.contrastive.negatives import make_negatives
from histcode_training.contrastive.network import make_network
from histcode_training.contrastive.ranks import Ranks
from histcode_training.contrastive.recipe import EncoderRecipe
from histcode_training.contrastive.sources.pool import TilePool, gather_pool
from histcode_training.contrastive.train import HISTORY, Training, Watch
from histcode_training.errors import RecipeError, ResumeError
from napari_histcode.files import replacing
from napari_histcode.models.precision import Precision, has_fast_bfloat16

ENCODER, FACTS, TILES, CURVES = "encoder", "run.json", "tiles", "curves.png"


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What is chosen when a run is started, apart from the recipe."""

    out: Path
    """Where everything goes."""
    recipes: Path
    """Folder of the recipe, where its split files lie."""
    cache: Path | None = None
    """Where tiles are kept; a folder in ``out`` by default."""
    seed: int = 0
    """Decides start, batches and views."""
    minutes: float | None = None
    """Most minutes of training."""

    def __post_init__(self) -> None:
        if self.minutes is not None and not self.minutes > 0:
            raise RecipeError(f"--minutes is {self.minutes}, and must be above 0.")
        if self.seed < 0:
            raise RecipeError(f"--seed is {self.seed}, and must not be negative.")


def run_digest(recipe: EncoderRecipe, pool: TilePool, options: RunOptions, precision: Precision) -> str:
    """Return what decides the result of a run, in hex."""
    content = f"{recipe.digest()} {pool.digest} {options.seed} {options.minutes} {precision}"
    return hashlib.sha256(content.encode()).hexdigest()


def choose_precision(config: OptimisationConfig, device: torch.device) -> Precision:
    """Return what convolutions compute in on that device."""
    if config.precision != "auto":
        return config.precision
    return "bfloat16" if device.type == "cuda" and has_fast_bfloat16(device) else "float32"


def train_encoder(
    recipe: EncoderRecipe,
    data: Path,
    options: RunOptions,
    *,
    device: torch.device,
    ranks: Ranks | None = None,
    say: Callable[[str], None],
    watch: Watch,
) -> dict[str, Any]:
    """Train an encoder and write all that comes of it.

    Parameters
    ----------
    recipe : EncoderRecipe
        Every choice.
    data : Path
        The data folder.
    options : RunOptions
        Folders, seed and budget.
    device : torch.device
        Where it computes.
    ranks : Ranks, optional
        The processes.
    say : callable
        Told what is being done.
    watch : callable
        Told of every step.

    Returns
    -------
    dict
        The facts of the run, as in ``run.json``.

    Raises
    ------
    CohortError, SplitError, RecipeError
        If the material or a choice does not fit.
    ResumeError
        If the folder holds another run.
    CollapseError, DivergedError
        If training goes wrong.
    """
    ranks = ranks or Ranks()
    precision = choose_precision(recipe.training, device)
    pool = _gather(recipe, data, options, ranks, say)
    run = run_digest(recipe, pool, options, precision)
    found = _finished(options.out, run)
    if found is not None:
        say("the run in this folder is finished")
        return found
    network = make_network(recipe.network, seed=options.seed)
    negatives = make_negatives(recipe.negatives, recipe.network.projection_dim, device)
    learner = Learner(network, negatives, recipe.training, device=device, precision=precision, ranks=ranks)
    mean, std = normalisation(recipe.network.architecture)
    augmentation = Augmentation(recipe.augmentation, tile_px=recipe.tiles.tile_px, mean=mean, std=std)
    training = Training(
        recipe, pool, learner, augmentation,
        folder=options.out, run=run, seed=options.seed, device=device, minutes=options.minutes,
    )  # fmt: skip
    if training.resumed_at:
        say(f"going on after step {training.resumed_at:,}")
    try:
        training.run(watch)
    finally:
        if ranks.is_first:
            draw_curves(options.out)
    training.settle()
    facts = _facts(recipe, pool, training, options, run=run, precision=precision, device=device, ranks=ranks)
    if ranks.is_first:
        weights = {name: value.cpu() for name, value in learner.network.encoder.state_dict().items()}
        card = write_encoder(weights, recipe, options.out / ENCODER, results={"contrastive_training": facts})
        facts["encoder_digest"] = card.encoder.digest
        with replacing(options.out / FACTS) as temporary:
            temporary.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    ranks.wait()
    return facts


def draw_curves(out: Path) -> None:
    """Draw the log in a folder, if it has a row."""
    from histcode_training.contrastive.curves import curves_png  # matplotlib, and all of comparison

    rows = read_history(out / HISTORY) if (out / HISTORY).is_file() else []
    if rows:
        with replacing(out / CURVES) as temporary:
            temporary.write_bytes(curves_png(rows))


def _gather(
    recipe: EncoderRecipe, data: Path, options: RunOptions, ranks: Ranks, say: Callable[[str], None]
) -> TilePool:
    """Cut the tiles in the first process; the others then find them cut."""
    folder = options.cache or options.out / TILES
    if not ranks.is_first:
        ranks.wait()
    pool = gather_pool(recipe, data, options.recipes, folder, say=say)
    if ranks.is_first:
        ranks.wait()
    return pool


def _finished(out: Path, run: str) -> dict[str, Any] | None:
    """Return the facts of a finished run of this kind.

    Raises
    ------
    ResumeError
        If it is another one.
    """
    path = out / FACTS
    if not path.is_file():
        return None
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        other = facts["run"] != run
    except (ValueError, KeyError, TypeError) as error:
        raise ResumeError(
            f"{FACTS} in {out.name!r} cannot be read.", advice="Choose another folder."
        ) from error
    if other:
        raise ResumeError(
            f"The folder {out.name!r} holds a finished run of another recipe, seed or set of tiles.",
            advice="Choose another folder.",
        )
    return facts


def _facts(
    recipe: EncoderRecipe,
    pool: TilePool,
    training: Training,
    options: RunOptions,
    *,
    run: str,
    precision: Precision,
    device: torch.device,
    ranks: Ranks,
) -> dict[str, Any]:
    return {
        "recipe": asdict(recipe),
        "run": run,
        "recipe_digest": recipe.digest(),
        "tiles_digest": pool.digest,
        "n_tiles": len(pool),
        "n_slides": pool.n_slides,
        "seed": options.seed,
        "minutes": options.minutes,
        "steps": training.step,
        "epochs": training.epochs,
        "tiles_seen": training.step * recipe.training.batch_size,
        "seconds": round(training.seconds, 1),
        "device": device.type,
        "processes": ranks.size,
        "precision": precision,
        "versions": {name: version(name) for name in ("napari-histcode", "torch", "numpy")},
    }
