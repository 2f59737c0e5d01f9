"""Drive the real window through its pages, on the bundled sample and on a large slide, and save pictures.

Run as ``python -m docs.tour --out DIR`` where there is a screen, or under ``xvfb-run``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from docs.tour.first_steps import first_steps
from docs.tour.guide import Guide
from docs.tour.judging import annotate, ask, compare
from docs.tour.large import large_slide_blind
from docs.tour.reading import find_genes, look_around, read_the_maps, see_tiles
from docs.tour.working import another_day, several_slides, side_by_side, take_home


def main(arguments: Sequence[str] | None = None) -> None:
    """Take the tour."""
    parser = argparse.ArgumentParser(prog="python -m docs.tour", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark", help="napari's theme")
    parser.add_argument(
        "--large", type=Path, metavar="SLIDE", help="a large slide, as tests.benchmarks.large_slide makes it"
    )
    parser.add_argument(
        "--guides", type=Path, metavar="DIR", help="also give the guides their pictures: docs/images"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:  # a tour neither reads nor changes what its user keeps
        os.environ["HISTCODE_HOME"] = os.environ["HISTCODE_CACHE"] = home
        guide = Guide(options.out, options.theme, options.guides)
        for part in (
            first_steps,
            look_around,
            read_the_maps,
            find_genes,
            see_tiles,
            annotate,
            compare,
            ask,
            take_home,
            several_slides,
            side_by_side,
        ):
            part(guide)
        another_day(guide, Path(home))
        if options.large is not None:
            large_slide_blind(guide, options.large)
        guide.end()


if __name__ == "__main__":
    main()
