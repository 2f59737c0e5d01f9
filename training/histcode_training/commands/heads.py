"""``histcode-train heads``: train heads on a cohort, evaluate them, write the model."""

from __future__ import annotations

import argparse
from pathlib import Path

from histcode_training.commands import Commands


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
    from histcode_training.measures.report import evaluation_markdown
    from histcode_training.mil.job import HeadsOptions, heads_page, run_heads
    from histcode_training.mil.recipe import quick, read_heads_recipe
    from napari_histcode.files import replacing

    recipe = read_heads_recipe(options.recipe)
    if options.quick:
        recipe = quick(recipe)
    result = run_heads(
        recipe,
        options.data,
        options.out,
        HeadsOptions(seed=options.seed, cache=options.cache, device=options.device),
        say=lambda text: print(text, flush=True),
    )
    print(evaluation_markdown(result.evaluation))
    if options.page:
        command = (
            f"histcode-train heads {options.recipe.name} --data DATA --out OUT" + " --quick" * options.quick
        )
        with replacing(options.page) as temporary:
            temporary.write_text(
                heads_page(result.evaluation, recipe, command=command), encoding="utf-8", newline="\n"
            )
    return 0
