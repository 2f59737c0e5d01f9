"""``histcode-train genes``: heads that learn the expression of regions, tested on that of spots."""

from __future__ import annotations

import argparse
from pathlib import Path

from histcode_training.commands import Commands, command_line


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "genes", help="learn genes from regions of spatial transcriptomics, test them on its spots"
    )
    parser.add_argument("recipe", type=Path, help="every choice of the run, a TOML file")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the data folder")
    parser.add_argument(
        "--encoder", default="", metavar="MODEL",
        help="name or folder of the model whose encoder is taken (default: ImageNet's)",
    )  # fmt: skip
    parser.add_argument("--model", type=Path, metavar="FOLDER", help="write the gene model here")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the results as Markdown")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keep features here from run to run")
    parser.add_argument("--seed", type=int, default=0, help="first seed (default: 0)")
    parser.add_argument("--device", default="cpu", help="where tiles are encoded (default: cpu)")
    parser.add_argument(
        "--model-only",
        action="store_true",
        help="run the model's fold alone: minutes in place of half an hour",
    )
    parser.add_argument(
        "--quick", action="store_true", help="one seed, few epochs and draws: a trial of the machinery"
    )
    parser.add_argument("--verbose", action="store_true", help="say what is being done")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from histcode_training.spatial.experiment import SpatialOptions, run_experiment
    from histcode_training.spatial.page import spatial_page
    from histcode_training.spatial.recipe import SpatialRecipe, quick, read_spatial_recipe
    from napari_histcode.files import replacing
    from napari_histcode.models.model_file import load_model

    recipe: SpatialRecipe = read_spatial_recipe(options.recipe)
    if options.quick:
        recipe = quick(recipe)
    encoder = load_model(options.encoder, device=options.device).encoder if options.encoder else None
    result = run_experiment(
        options.data,
        recipe,
        SpatialOptions(
            seed=options.seed,
            cache=options.cache,
            device=options.device,
            is_comparing=not options.quick,
            is_model_only=options.model_only,
            encoder=encoder,
        ),
        model=options.model,
        say=lambda text: print(text, flush=True),
    )
    command = command_line(options, "genes", also=("model-only", "quick"))
    if options.encoder:
        command += f" --encoder {Path(options.encoder).name}"
    page = spatial_page(result, recipe, command=command)
    print(page)
    if options.page:
        with replacing(options.page) as temporary:
            temporary.write_text(page, encoding="utf-8", newline="\n")
    return 0
