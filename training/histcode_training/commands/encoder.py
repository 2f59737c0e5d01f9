"""``histcode-train encoder``: learn an encoder from unannotated tiles by contrast."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from histcode_training.commands import Commands

if TYPE_CHECKING:
    from histcode_training.contrastive.recipe import EncoderRecipe


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("encoder", help="learn an encoder from unannotated tiles by contrast")
    parser.add_argument("recipe", type=Path, help="every choice of the run, a TOML file")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the data folder")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER",
        help="where everything goes; an unfinished run of the same recipe there goes on",
    )  # fmt: skip
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keep tiles here (default: OUT/tiles)")
    parser.add_argument("--epochs", type=int, metavar="N", help="in place of the recipe's")
    parser.add_argument("--minutes", type=float, metavar="M", help="stop after so many minutes of training")
    parser.add_argument("--seed", type=int, default=0, help="decides everything random (default: 0)")
    parser.add_argument("--device", default="auto", help="where it computes (default: auto)")
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        help="of the convolutions, in place of the recipe's",
    )
    parser.add_argument("--tensorboard", action="store_true", help="also log to OUT/tensorboard")
    parser.add_argument("--quick", action="store_true", help="few tiles and steps: a trial of the machinery")
    parser.add_argument("--verbose", action="store_true", help="say what is being done")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from histcode_training.contrastive.board import Board
    from histcode_training.contrastive.progress import Reporter
    from histcode_training.contrastive.ranks import local_rank, ranks_of_environment
    from histcode_training.contrastive.recipe import read_encoder_recipe
    from histcode_training.contrastive.run import RunOptions, train_encoder
    from histcode_training.contrastive.train import Advance, Watch
    from napari_histcode.models.devices import choose_device

    recipe = _with_options(read_encoder_recipe(options.recipe), options)
    device = choose_device(options.device)
    if device.type == "cuda" and local_rank():
        device = choose_device(f"cuda:{local_rank()}")
    chosen = RunOptions(
        out=options.out,
        recipes=options.recipe.parent,
        cache=options.cache,
        seed=options.seed,
        minutes=options.minutes,
    )
    with ExitStack() as stack:
        ranks = stack.enter_context(ranks_of_environment(device.type))
        report = stack.enter_context(Reporter(recipe.name, is_silent=not ranks.is_first))
        watches: list[Watch] = [report.watch]
        if options.tensorboard and ranks.is_first:
            watches.append(stack.enter_context(Board(options.out / "tensorboard")).watch)

        def watch(advance: Advance) -> None:
            for one in watches:
                one(advance)

        facts = train_encoder(
            recipe, options.data, chosen, device=device, ranks=ranks, say=report.say, watch=watch
        )
        report.say(
            f"{options.out}: {facts['tiles_seen']:,} tiles seen in {facts['seconds'] / 60:.1f} minutes, "
            f"{facts['epochs']:.1f} epochs of {facts['n_tiles']:,}"
        )
    return 0


def _with_options(recipe: EncoderRecipe, options: argparse.Namespace) -> EncoderRecipe:
    from histcode_training.contrastive.recipe import quick

    if options.quick:
        recipe = quick(recipe)
    if options.epochs is not None:
        recipe = replace(recipe, training=replace(recipe.training, epochs=options.epochs))
    if options.precision is not None:
        recipe = replace(recipe, training=replace(recipe.training, precision=options.precision))
    return recipe
