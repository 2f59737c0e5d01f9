"""Tiles of one slide of a source, as they are read for training: with room around what the encoder sees."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histcode_training.contrastive.sources.config import SourceConfig, TilesConfig
from histcode_training.contrastive.sources.items import SourceItem
from histcode_training.errors import CohortError
from napari_histcode.errors import CorruptTileError, NoTilesError, NoTissueError
from napari_histcode.slide import open_slide
from napari_histcode.tiling.grid import TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tiling.read import read_tile
from napari_histcode.tissue.find import find_tissue

logger = logging.getLogger(__name__)

Tile = NDArray[np.uint8]


def cut_item(item: SourceItem, source: SourceConfig, tiles: TilesConfig) -> Iterator[Tile]:
    """Give the tiles of one slide, each (read_px, read_px, 3) uint8 RGB.

    Parameters
    ----------
    item : SourceItem
        The slide.
    source : SourceConfig
        How it is cut.
    tiles : TilesConfig
        Size and resolution.

    Raises
    ------
    CohortError
        If a picture that is a tile cannot be read.
    HistCodeError
        If a slide or field cannot be opened, or its resolution is unknown.
    """
    most = shares(len(item.files), source.max_tiles)
    for file, n in zip(item.files, most, strict=True):
        if n == 0:
            continue
        if source.kind == "tiles":
            yield read_picture(file, tiles.read_px)
        else:
            yield from _cut_slide(file, item.name, source, tiles, most=n)


def shares(n_files: int, most: int) -> Sequence[int | None]:
    """Divide a number of tiles evenly over files; without one, each has all of its own (None)."""
    if not most:
        return [None] * n_files
    ends = np.linspace(0, most, n_files + 1).round().astype(int)
    return [int(n) for n in np.diff(ends)]


def read_picture(path: Path, size_px: int) -> Tile:
    """Read a picture as one square tile.

    Raises
    ------
    CohortError
        If it is no picture.
    """
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except OSError as error:
        raise CohortError(
            f"The tile {path.name} cannot be read: {error}.", advice="Replace it, or remove its row."
        ) from error
    if picture.size != (size_px, size_px):
        picture = picture.resize((size_px, size_px), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def _cut_slide(
    file: Path, name: str, source: SourceConfig, tiles: TilesConfig, *, most: int | None
) -> Iterator[Tile]:
    tiling = TilingConfig(
        tile_px=tiles.read_px, target_mpp=tiles.mpp, overlap=source.overlap, min_tissue=source.min_tissue
    )
    with open_slide(file, mpp=source.mpp) as slide:
        try:
            grid = lay_tiles(slide, find_tissue(slide), tiling)
        except (NoTissueError, NoTilesError) as error:
            logger.warning("A picture of %s of source %s is left out: %s", name, source.name, error.message)
            return
        positions = np.arange(len(grid))
        if most is not None and most < len(grid):
            positions = np.linspace(0, len(grid) - 1, most).round().astype(int)
        n_corrupt = 0
        for i in positions:
            try:
                yield read_tile(slide, grid, int(i))
            except CorruptTileError:
                n_corrupt += 1
        if n_corrupt:
            logger.warning(
                "%d tiles of %s of source %s cannot be decoded and are left out.",
                n_corrupt, name, source.name,
            )  # fmt: skip
