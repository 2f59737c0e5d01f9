"""``histcode-train probes``: judge encoders by frozen linear probes on held-out parts."""

from __future__ import annotations

import argparse
from pathlib import Path

from histcode_training.commands import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("probes", help="judge encoders by linear probes on held-out parts")
    parser.add_argument("recipe", type=Path, help="every choice of the run, a TOML file")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the data folder")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where probes.json goes")
    parser.add_argument(
        "--encoder", action="append", default=[], metavar="NAME=FOLDER",
        help="an encoder to judge: a model folder, or one that `encoder` wrote; may be given again",
    )  # fmt: skip
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables as Markdown")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keep features here from run to run")
    parser.add_argument("--seed", type=int, default=0, help="of draws and random weights (default: 0)")
    parser.add_argument("--device", default="cpu", help="where tiles are encoded (default: cpu)")
    parser.add_argument(
        "--quick", action="store_true", help="few tiles, penalties and draws: a trial of the machinery"
    )
    parser.add_argument("--verbose", action="store_true", help="say what is being done")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from histcode_training.probes.document import write_probes
    from histcode_training.probes.encoders import judged_encoders
    from histcode_training.probes.material import read_sources
    from histcode_training.probes.page import probes_page
    from histcode_training.probes.recipe import quick, read_probe_recipe
    from histcode_training.probes.run import run_probes
    from napari_histcode.files import replacing

    def say(text: str) -> None:
        print(text, flush=True)

    given = named_folders(options.encoder)
    recipe = read_probe_recipe(options.recipe)
    if options.quick:
        recipe = quick(recipe)
    encoders = judged_encoders(given, recipe.tiles, device=options.device, seed=options.seed)
    sources = read_sources(recipe, options.data, options.recipe.parent)
    results = run_probes(sources, recipe, encoders, cache=options.cache, seed=options.seed, say=say)
    write_probes(results, recipe, options.out)
    page = probes_page(results, recipe, command=_command(options, given))
    print(page)
    if options.page:
        with replacing(options.page) as temporary:
            temporary.write_text(page, encoding="utf-8", newline="\n")
    return 0


def named_folders(texts: list[str]) -> dict[str, Path]:
    """Read ``NAME=FOLDER`` arguments.

    Raises
    ------
    RecipeError
        If one is something else, or a name is given twice.
    """
    from histcode_training.errors import RecipeError

    found: dict[str, Path] = {}
    for text in texts:
        name, _, folder = text.partition("=")
        if not name.strip() or not folder:
            raise RecipeError(f"--encoder {text!r} is not NAME=FOLDER.", advice="Write AdCo=runs/adco.")
        if name.strip() in found:
            raise RecipeError(f"--encoder gives the name {name.strip()!r} twice.", advice="Take two names.")
        found[name.strip()] = Path(folder)
    return found


def _command(options: argparse.Namespace, given: dict[str, Path]) -> str:
    """Return the command with what decides the result; no folder of this machine is in it."""
    words = [f"histcode-train probes {options.recipe.name} --data DATA --out OUT --seed {options.seed}"]
    words += [f'--encoder "{name}=FOLDER"' for name in given]
    words += ["--quick"] * options.quick
    return " ".join(words)
