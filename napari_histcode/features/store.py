"""Features on disk while and after they are made, so that no tile is ever encoded twice.

A run writes small parts, each complete in itself, into a folder beside the feature file, and merges
them into the feature file at the end. A run that was cancelled or killed leaves its parts; the next
one takes them, and whatever the feature file already holds, and encodes the rest.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import FeatureFileError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.features.feature_file import (
    Block,
    StoredFeatures,
    read_feature_file,
    write_feature_file,
)
from napari_histcode.files import replacing
from napari_histcode.models.card import EncoderRecord
from napari_histcode.tiling.grid import TileGrid

logger = logging.getLogger(__name__)

PART_TILES = 256
PART_SECONDS = 5.0


def feature_key(grid: TileGrid, encoder: EncoderRecord) -> str:
    """Digest of everything that decides a tile's feature: slide, lattice and encoder.

    The choice of tiles (tissue, region of interest) is not in it: it changes which tiles are
    needed, not what they look like.
    """
    parts = {
        "slide": grid.slide.digest,
        "stride_px0": grid.stride_px0,
        "size_px0": grid.size_px0,
        "tile_px": grid.config.tile_px,
        "encoder": [encoder.digest, encoder.mean, encoder.std, encoder.pooling],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class FeatureStore:
    """The features of one slide by one encoder, in and beside one feature file.

    Parameters
    ----------
    path : Path
        The feature file, whether or not it exists yet.
    grid : TileGrid
        The tiles that are wanted.
    encoder : EncoderRecord
        The encoder that makes them.
    """

    def __init__(self, path: Path, grid: TileGrid, encoder: EncoderRecord) -> None:
        self.path = path
        self._grid = grid
        self._encoder = encoder
        self._key = feature_key(grid, encoder)
        self._parts_folder = path.with_name(f".{path.name}.{self._key[:16]}.parts")
        self._codes = _code(grid.index, grid.lattice_shape[0])
        self._waiting: list[Block] = []
        self._last_flush = time.monotonic()
        self._complete = self._read_complete()
        self._part_paths: list[Path] = []
        self._known_codes = self._read_known()

    def missing(self) -> NDArray[np.intp]:
        """Positions in the grid of the tiles that are not stored yet."""
        return np.flatnonzero(~np.isin(self._codes, self._known_codes))

    def add(self, positions: NDArray[np.intp], features: NDArray[np.float32]) -> None:
        """Take the features of tiles at these positions of the grid; kept on disk before long."""
        self._waiting.append((self._grid.index[positions], features))
        n_waiting = sum(len(index) for index, _ in self._waiting)
        if n_waiting >= PART_TILES or time.monotonic() - self._last_flush > PART_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting as one part.

        Raises
        ------
        OutputError
            If the part cannot be written.
        """
        self._last_flush = time.monotonic()
        if not self._waiting:
            return
        index = np.concatenate([index for index, _ in self._waiting])
        features = np.concatenate([features for _, features in self._waiting])
        path = self._parts_folder / f"part-{len(self._part_paths):06d}.npz"
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, index=index, features=features)
        self._part_paths.append(path)
        self._known_codes = np.union1d(self._known_codes, _code(index, self._grid.lattice_shape[0]))
        self._waiting = []

    def finish(self) -> FeatureBag:
        """Merge all parts into the feature file and return the bag of the wanted tiles.

        Tiles of the grid that were never added (corrupt ones) are left out of the bag and counted.
        """
        self.flush()
        if self._part_paths:
            write_feature_file(
                self.path,
                self._blocks(),
                n_tiles=len(self._known_codes),
                grid=self._grid,
                encoder=self._encoder,
                key=self._key,
            )
            shutil.rmtree(self._parts_folder)
            self._part_paths = []
        return _bag(read_feature_file(self.path), self._grid, self._encoder)

    def _read_complete(self) -> StoredFeatures | None:
        """Read the feature file, if there is one that serves."""
        if not self.path.exists():
            return None
        try:
            stored = read_feature_file(self.path)
        except FeatureFileError as error:
            logger.warning("%s It is made anew.", error.message)
            return None
        return stored if stored.key == self._key else None

    def _read_known(self) -> NDArray[np.int64]:
        """Codes of the tiles in the feature file and in the parts of an earlier run."""
        columns = self._grid.lattice_shape[0]
        known = [np.empty(0, dtype=np.int64)]
        if self._complete is not None:
            known.append(_code(self._complete.index, columns))
        for path in sorted(self._parts_folder.glob("part-*.npz")):
            try:
                index, _ = _read_part(path)
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                logger.warning("A part of an earlier run cannot be read and is made anew: %s.", error)
                path.unlink()
                continue
            renamed = path.with_name(f"part-{len(self._part_paths):06d}.npz")
            path.rename(renamed)
            self._part_paths.append(renamed)
            known.append(_code(index, columns))
        return np.unique(np.concatenate(known))

    def _blocks(self) -> Iterator[Block]:
        """All stored tiles once each, in lattice order, a few parts in memory at a time.

        Parts overlap only if a run died between merging and clearing up, so that a tile in the
        feature file is not taken again from a part.
        """
        columns = self._grid.lattice_shape[0]
        seen = np.empty(0, dtype=np.int64)
        sources: list[Block] = []
        if self._complete is not None:
            sources.append((self._complete.index, self._complete.features))
        for index, features in (*sources, *(_read_part(path) for path in self._part_paths)):
            codes, first = np.unique(_code(index, columns), return_index=True)
            fresh = first[~np.isin(codes, seen)]
            seen = np.union1d(seen, codes)
            for start in range(0, len(fresh), PART_TILES):
                rows = fresh[start : start + PART_TILES]
                yield index[rows], features[rows]


def read_bag(path: Path, grid: TileGrid, encoder: EncoderRecord) -> FeatureBag:
    """Read the features of a finished run for a grid, such as that of a result folder.

    Parameters
    ----------
    path : Path
        A feature file that this package wrote.
    grid : TileGrid
        The tiles that are wanted.
    encoder : EncoderRecord
        The encoder that must have made them.

    Returns
    -------
    FeatureBag
        Memory-mapped where the file holds just these tiles.

    Raises
    ------
    FeatureFileError
        If the file is missing or damaged, is of another slide, tiling or encoder, or lacks a tile.
    """
    stored = read_feature_file(path)
    if stored.key != feature_key(grid, encoder):
        raise FeatureFileError(
            f"{path.name} does not hold features of {grid.slide.alias} by {encoder.name} for these tiles.",
            advice="Analyse the slide again.",
        )
    bag = _bag(stored, grid, encoder)
    if len(bag) != len(grid):
        raise FeatureFileError(
            f"{path.name} lacks {bag.n_corrupt} of {len(grid)} tiles.", advice="Analyse the slide again."
        )
    return bag


def _bag(stored: StoredFeatures, grid: TileGrid, encoder: EncoderRecord) -> FeatureBag:
    wanted = _code(grid.index, grid.lattice_shape[0])
    codes = _code(stored.index, grid.lattice_shape[0])
    order = np.argsort(codes)
    is_there = np.isin(wanted, codes)
    rows = order[np.searchsorted(codes, wanted[is_there], sorter=order)]
    is_whole = len(rows) == len(stored.features) and bool((np.diff(rows) == 1).all())
    return FeatureBag(
        features=stored.features if is_whole else stored.features[rows],
        grid=grid if is_there.all() else grid.select(is_there),
        encoder=encoder,
        n_corrupt=int((~is_there).sum()),
    )


def _read_part(path: Path) -> Block:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as part:
        return part["index"], part["features"]


def _code(index: NDArray[np.int32], n_columns: int) -> NDArray[np.int64]:
    """One number a lattice place, ascending by row, then column."""
    return index[:, 1].astype(np.int64) * n_columns + index[:, 0]
