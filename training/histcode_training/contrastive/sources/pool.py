"""All training tiles of a recipe, whatever source they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.contrastive.recipe import EncoderRecipe
from histcode_training.contrastive.sources.items import check_held_out, find_items
from histcode_training.contrastive.sources.store import StoredTiles, store_tiles


@dataclass(frozen=True, kw_only=True, eq=False)
class TilePool:
    """Tiles with the slide that each comes from."""

    parts: tuple[NDArray[np.uint8], ...]
    """Tiles of each source, (n, read_px, read_px, 3)."""
    slide_of: NDArray[np.int64]
    """(n_tiles,) number of each tile's slide, over all sources."""
    extent_px: NDArray[np.float32]
    """(n_tiles,) width of each tile in pixels at the encoder's resolution."""
    weight: NDArray[np.float64]
    """(n_tiles,) how often each tile is seen in an epoch, on average."""
    digest: str
    """What the tiles are, in hex."""

    def __len__(self) -> int:
        return len(self.slide_of)

    @property
    def n_slides(self) -> int:
        """Number of slides that have tiles."""
        return len(np.unique(self.slide_of))

    def read(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Read tiles: (n, read_px, read_px, 3)."""
        ends = np.cumsum([len(part) for part in self.parts])
        source = np.searchsorted(ends, positions, side="right")
        tiles = np.empty((len(positions), *self.parts[0].shape[1:]), np.uint8)
        for k, part in enumerate(self.parts):
            mine = np.flatnonzero(source == k)
            tiles[mine] = part[positions[mine] - (ends[k] - len(part))]
        return tiles


def gather_pool(
    recipe: EncoderRecipe, data: Path, recipes: Path, folder: Path, *, say: Callable[[str], None]
) -> TilePool:
    """Cut the tiles of all sources, or find them cut.

    Parameters
    ----------
    recipe : EncoderRecipe
        The recipe.
    data : Path
        The data folder.
    recipes : Path
        Folder of the recipe.
    folder : Path
        Where tiles are kept.
    say : callable
        Told how many tiles each source has.

    Raises
    ------
    CohortError
        If a source lacks something or has no tile.
    SplitError
        If a held-out slide is unknown, or would be learned from.
    """
    sources = [find_items(source, data, recipes) for source in recipe.source]
    check_held_out(sources)
    stored: list[StoredTiles] = []
    for items in sources:
        stored.append(store_tiles(items, recipe.tiles, folder))
        held_out = f", {len(items.held_out)} held out" if items.held_out else ""
        say(
            f"{items.source.name}: {len(stored[-1].pixels):,} tiles of {len(items.training)} slides or "
            f"groups{held_out}"
        )
    return _pool(recipe, stored)


def _pool(recipe: EncoderRecipe, stored: list[StoredTiles]) -> TilePool:
    counts = [n for one in stored for n in one.counts.values()]
    lengths = [len(one.pixels) for one in stored]
    extents = [
        (source.extent_px or recipe.tiles.tile_px) if source.kind == "tiles" else recipe.tiles.read_px
        for source in recipe.source
    ]
    keys = "".join(one.key for one in stored)
    return TilePool(
        parts=tuple(one.pixels for one in stored),
        slide_of=np.repeat(np.arange(len(counts)), counts),
        extent_px=np.repeat(np.asarray(extents, np.float32), lengths),
        weight=np.repeat([source.weight for source in recipe.source], lengths),
        digest=hashlib.sha256(keys.encode()).hexdigest(),
    )
