"""The tiles of one source on disk: cut once, mapped into memory afterwards.

``<key>.tiles`` holds the pixels of one tile after the other, and ``<key>.json`` how many tiles each slide
has. The key is a digest of the source and of how tiles are cut.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from histcode_training.contrastive.sources.config import TilesConfig
from histcode_training.contrastive.sources.cut import Tile, cut_item
from histcode_training.contrastive.sources.items import SourceItems
from histcode_training.errors import CohortError
from napari_histcode.files import replacing

logger = logging.getLogger(__name__)

_NOT_IN_KEY = (
    "name",
    "licence",
    "table",
    "folder",
    "files",
    "split",
    "exclude",
    "weight",
    "extent_px",
    "max_slides",
)
"""What does not change the pixels, or shows in the list of files."""
LAYOUT = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredTiles:
    """The tiles of one source."""

    key: str
    """What they are, in hex."""
    pixels: NDArray[np.uint8]
    """(n, read_px, read_px, 3), mapped."""
    counts: dict[str, int]
    """Tiles of each slide, in their order."""


def source_key(items: SourceItems, tiles: TilesConfig) -> str:
    """Return a digest of all that decides the pixels."""
    choices = {name: value for name, value in asdict(items.source).items() if name not in _NOT_IN_KEY}
    content = {
        "layout": LAYOUT,
        "source": choices,
        "read_px": tiles.read_px,
        "mpp": tiles.mpp,
        "files": [
            [item.name, [[file.parent.name, file.name, file.stat().st_size] for file in item.files]]
            for item in items.training
        ],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def store_tiles(items: SourceItems, tiles: TilesConfig, folder: Path) -> StoredTiles:
    """Cut the tiles of a source, or find them cut.

    Parameters
    ----------
    items : SourceItems
        The source and its slides.
    tiles : TilesConfig
        Size and resolution.
    folder : Path
        Where they are kept.

    Raises
    ------
    CohortError
        If a picture cannot be read, or there is not one tile.
    OutputError
        If they cannot be written.
    """
    key = source_key(items, tiles)
    found = open_stored(folder, key, tiles.read_px)
    if found is not None:
        return found
    counts: dict[str, int] = {}
    with replacing(folder / f"{key}.tiles") as temporary:
        with temporary.open("wb") as file:
            for item in items.training:
                counts[item.name] = _write(cut_item(item, items.source, tiles), file)
        if not sum(counts.values()):
            raise CohortError(
                f"Source {items.source.name!r} has no tile of {tiles.read_px * tiles.mpp:.0f} um.",
                advice="Read smaller tiles (read_px), or lower min_tissue.",
            )
    with replacing(folder / f"{key}.json") as temporary:
        temporary.write_text(json.dumps({"read_px": tiles.read_px, "counts": counts}), encoding="utf-8")
    stored = open_stored(folder, key, tiles.read_px)
    if stored is None:
        raise CohortError(f"The tiles of source {items.source.name!r} were changed while they were written.")
    return stored


def open_stored(folder: Path, key: str, read_px: int) -> StoredTiles | None:
    """Map tiles that were cut before; None where there are none, or not all."""
    pixels, facts = folder / f"{key}.tiles", folder / f"{key}.json"
    if not (pixels.is_file() and facts.is_file()):
        return None
    try:
        counts = {str(name): int(n) for name, n in json.loads(facts.read_text("utf-8"))["counts"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("The kept tiles %s cannot be read and are cut anew: %s.", facts.name, error)
        return None
    shape = (sum(counts.values()), read_px, read_px, 3)
    if pixels.stat().st_size != np.prod(shape) or not shape[0]:
        logger.warning("The kept tiles %s are not whole and are cut anew.", pixels.name)
        return None
    return StoredTiles(key=key, pixels=np.memmap(pixels, np.uint8, "r", shape=shape), counts=counts)


def _write(tiles: Iterable[Tile], file: BinaryIO) -> int:
    n = 0
    for tile in tiles:
        file.write(np.ascontiguousarray(tile).data)
        n += 1
    return n
