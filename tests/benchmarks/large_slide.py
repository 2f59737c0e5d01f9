"""A large, real-looking slide: the her2st sections side by side, again and again, as a JPEG pyramid.

Run ``python -m tests.benchmarks.large_slide`` to build it; the other benchmarks build it when it is missing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / ".benchmarks"

CELL = (9280, 9920)
"""Width and height of one section's place; whole tiles and whole pixels at every level."""
REPEATS = 4
DOWNSAMPLES = (1, 4, 16, 64)
TILE = 256
MPP = 0.69


def large_slide() -> Path:
    """Path of the slide, about 37,000 x 40,000 px at 0.69 um/px; built the first time."""
    path = FOLDER / "her2st_mosaic.tif"
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        temporary = path.with_suffix(".part")
        _build(temporary)
        temporary.replace(path)
    return path


def _sections() -> list[NDArray[np.uint8]]:
    data = Path(os.environ.get("HISTCODE_SHARED", REPOSITORY.parent / "shared")) / "data" / "her2st"
    paths = sorted(data.glob("C*/section.jpg"))
    if not paths:
        sys.exit("This benchmark needs the developers' data beside the repository (her2st).")
    Image.MAX_IMAGE_PIXELS = None
    sections = []
    for path in paths:
        cell = Image.new("RGB", CELL, (240, 240, 240))
        with Image.open(path) as section:
            cell.paste(section, (0, 0))
        sections.append(np.asarray(cell))
    return sections


def _build(path: Path) -> None:
    sections = _sections()
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        for downsample in DOWNSAMPLES:
            size = (CELL[0] // downsample, CELL[1] // downsample)
            cells = [
                np.asarray(Image.fromarray(section).resize(size, Image.Resampling.BOX))
                for section in sections
            ]
            writer.write(
                _tiles(cells),
                shape=(size[1] * REPEATS, size[0] * REPEATS, 3),
                dtype=np.uint8,
                tile=(TILE, TILE),
                photometric="rgb",
                compression="jpeg",
                compressionargs={"level": 80},
                resolution=(1e4 / (MPP * downsample), 1e4 / (MPP * downsample)),
                resolutionunit="CENTIMETER",
                subifds=len(DOWNSAMPLES) - 1 if downsample == 1 else None,
                subfiletype=0 if downsample == 1 else 1,
            )


def _tiles(cells: list[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Tiles of the mosaic, row by row; section and its mirrored forms change from place to place."""
    height, width = cells[0].shape[:2]
    for band_top in range(0, height * REPEATS, TILE):
        band = np.full((TILE, width * REPEATS, 3), 240, dtype=np.uint8)
        for y in range(TILE):
            row = band_top + y
            if row >= height * REPEATS:
                break
            for column in range(REPEATS):
                place = (row // height) * REPEATS + column
                cell = cells[place % len(cells)]
                line = cell[row % height]
                band[y, column * width : (column + 1) * width] = line[::-1] if place % 3 == 1 else line
        for left in range(0, width * REPEATS, TILE):
            tile = band[:, left : left + TILE]
            if tile.shape[1] < TILE:
                tile = np.pad(tile, ((0, 0), (0, TILE - tile.shape[1]), (0, 0)), constant_values=240)
            yield np.ascontiguousarray(tile)


if __name__ == "__main__":
    print(large_slide())
