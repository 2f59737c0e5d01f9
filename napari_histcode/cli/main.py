"""``histcode``: understand the arguments, run one command, turn errors into advice."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from napari_histcode.cli.compare_options import add_compare
from napari_histcode.cli.export_options import add_export
from napari_histcode.cli.faithfulness_options import add_faithfulness
from napari_histcode.cli.similar_options import add_similar
from napari_histcode.cli.teach_options import add_teach
from napari_histcode.errors import AnalysisCancelledError, HistCodeError

RESEARCH_USE = "Research use only. Not for diagnosis."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments without the program's name; those of this process by default.

    Returns
    -------
    int
        Exit status: 0 success, 1 an error that was reported, 130 stopped by the user.
    """
    options = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="histcode: %(message)s")
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # its complaints come back as our errors
    try:
        return int(_command(options.command)(options))
    except AnalysisCancelledError as error:
        return fail(error, status=130)
    except HistCodeError as error:
        return fail(error)
    except KeyboardInterrupt:
        return 130


def fail(error: HistCodeError, *, status: int = 1) -> int:
    """Tell the user of an error and what to do, and return the exit status."""
    print(f"histcode: {error.message}", file=sys.stderr)
    if error.advice:
        print(f"  {error.advice}", file=sys.stderr)
    return status


def _command(name: str) -> Callable[[argparse.Namespace], int]:
    """Import a command only when it runs, so that ``histcode --help`` answers at once."""
    if name == "info":
        from napari_histcode.cli.info import run_info as run
    elif name == "analyse":
        from napari_histcode.cli.analyse import run_analyse as run
    elif name == "export":
        from napari_histcode.cli.export import run_export as run
    elif name == "quality":
        from napari_histcode.cli.quality import run_quality as run
    elif name == "convert":
        from napari_histcode.cli.convert import run_convert as run
    elif name == "compare":
        from napari_histcode.cli.compare import run_compare as run
    elif name == "similar":
        from napari_histcode.cli.similar import run_similar as run
    elif name == "teach":
        from napari_histcode.cli.teach import run_teach as run
    elif name == "faithfulness":
        from napari_histcode.cli.faithfulness import run_faithfulness as run
    elif name == "models":
        from napari_histcode.cli.models import run_models as run
    elif name == "view":
        from napari_histcode.cli.view import run_view as run
    else:
        from napari_histcode.cli.demo import run_demo as run
    return run


def build_parser() -> argparse.ArgumentParser:
    """Describe all commands and their options."""
    parser = argparse.ArgumentParser(
        prog="histcode",
        description="See what a contrastive encoder and attention-MIL heads see on a whole-slide image.",
        epilog=RESEARCH_USE,
    )
    parser.add_argument("--version", action="version", version=f"histcode {version('napari-histcode')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    info = commands.add_parser("info", help="say what a slide is")
    info.add_argument("slides", nargs="+", type=Path, metavar="SLIDE")
    info.add_argument("--mpp", type=float, help="micrometres per pixel, where the file does not say")
    info.add_argument("--json", action="store_true", help="print JSON")

    analyse = commands.add_parser("analyse", help="encode slides, score them, write heatmaps and tables")
    analyse.add_argument("slides", nargs="+", type=Path, metavar="SLIDE")
    analyse.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="a folder for each slide is made here"
    )
    analyse.add_argument("--model", default="bundled", help="name or folder of a model (default: bundled)")
    analyse.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps (default: auto)")
    analyse.add_argument("--mpp", type=float, metavar="X", help="micrometres per pixel; overrides the file")
    analyse.add_argument(
        "--roi", type=Path, metavar="FILE", help="only tiles inside the regions of this annotation file"
    )
    analyse.add_argument("--batch-size", type=_positive, metavar="N", help="tiles at once in the network")
    analyse.add_argument(
        "--overlap", type=float, default=0.0, metavar="SHARE", help="overlap of tiles, from 0 to below 1"
    )
    analyse.add_argument(
        "--mask-names", action="store_true", help="name the folders by the slide's digest, not by its file"
    )
    analyse.add_argument("--organ", metavar="NAME", help="what the slide is of, to compare with the model's")
    analyse.add_argument(
        "--exclude-artefacts", action="store_true", help="leave out tiles that are mostly ink, fold or blur"
    )

    analyse.add_argument(
        "--signature", type=Path, nargs="+", default=[], metavar="FILE",
        help="also the maps of gene signatures: GMT files, one signature a line",
    )  # fmt: skip

    quality = commands.add_parser("quality", help="find pen marks, folds and tissue out of focus")
    quality.add_argument("slides", nargs="+", type=Path, metavar="SLIDE")
    quality.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="a folder for each slide is made here"
    )
    quality.add_argument("--mpp", type=float, metavar="X", help="micrometres per pixel; overrides the file")
    quality.add_argument(
        "--mask-names", action="store_true", help="name the folders by the slide's digest, not by its file"
    )

    add_export(commands)

    _add_convert(commands)

    add_compare(commands)
    add_faithfulness(commands)
    add_similar(commands)
    add_teach(commands)

    models = commands.add_parser("models", help="list models, or show the card of one")
    models.add_argument("name", nargs="?", help="name or folder of a model")

    view = commands.add_parser("view", help="open slides in the window")
    view.add_argument("slides", nargs="+", type=Path, metavar="SLIDE")
    view.add_argument("--mpp", type=float, metavar="X", help="micrometres per pixel; overrides the file")
    view.add_argument("--result", type=Path, metavar="DIR", help="show a finished result with the slide")

    demo = commands.add_parser("demo", help="analyse the bundled sample and show it")
    demo.add_argument("--out", type=Path, default=Path("demo-output"), metavar="DIR")
    demo.add_argument(
        "--no-window", action="store_true", help="save a screenshot even where there is a screen"
    )
    return parser


def _add_convert(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    convert = commands.add_parser("convert", help="convert annotations between programs")
    convert.add_argument("input", type=Path, metavar="IN", help="GeoJSON, ASAP or ImageScope XML, NDPA, ...")
    convert.add_argument("output", type=Path, metavar="OUT", help=".geojson, or any name with --to")
    convert.add_argument("--slide", type=Path, metavar="S", help="the slide, for its bounds and resolution")
    convert.add_argument("--mpp", type=float, metavar="X", help="micrometres per pixel; overrides the slide")
    origins = ("auto", "slide", "bounds")
    convert.add_argument("--origin", choices=origins, default="auto", help="what IN counts from")
    convert.add_argument("--units", choices=("auto", "px", "um"), default="auto", help="units of IN")
    convert.add_argument(
        "--y-axis", choices=("auto", "down", "up", "negative"), default="auto", help="where its y grows"
    )
    convert.add_argument("--from", dest="from_format", metavar="FORMAT", help="insist on a format of IN")
    formats = "geojson, asap, imagescope or histomicsui"
    convert.add_argument(
        "--to", dest="to_format", metavar="FORMAT", help=f"{formats} (default: by OUT's name)"
    )
    convert.add_argument("--out-origin", choices=origins, default="auto", help="what OUT shall count from")
    convert.add_argument("--mask-names", action="store_true", help="leave out names and metadata of objects")
    convert.add_argument("--report", type=Path, metavar="F.csv", help="list every finding with every place")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {value}")
    return value
