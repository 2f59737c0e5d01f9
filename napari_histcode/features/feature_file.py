"""Feature files: TRIDENT's layout, written whole or not at all, read without loading them.

``features`` is (n, feature_dim) float32 and ``coords`` (n, 2) int64, level-0 x and y of the top-left
corner, with TRIDENT's attributes. TRIDENT rounds corners to whole pixels; ``tile_index``, column and row
on the lattice, keeps them exact. Attributes that begin with ``histcode_`` say what made the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import FeatureFileError
from napari_histcode.files import replacing
from napari_histcode.models.card import EncoderRecord
from napari_histcode.tiling.grid import TileGrid

Block = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Lattice indices (k, 2) and features (k, feature_dim) of some tiles."""

KEY_ATTRIBUTE = "histcode_key"


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredFeatures:
    """The content of a feature file."""

    index: NDArray[np.int32]
    """(n_tiles, 2) column and row on the lattice."""
    features: NDArray[np.float32]
    """(n_tiles, feature_dim), mapped from the file, so that memory stays bounded."""
    key: str
    """What made the features: slide, lattice and encoder in one digest."""


def write_feature_file(
    path: Path, blocks: Iterable[Block], *, n_tiles: int, grid: TileGrid, encoder: EncoderRecord, key: str
) -> None:
    """Write features block by block into a file that appears only when it is complete.

    Parameters
    ----------
    path : Path
        Where to write; replaced if it exists.
    blocks : iterable of (index, features)
        Lattice indices (k, 2) and features (k, feature_dim); ``n_tiles`` rows in all.
    n_tiles : int
        Number of tiles in all blocks.
    grid : TileGrid
        The lattice.
    encoder : EncoderRecord
        The encoder that made them.
    key : str
        Digest of what made the features.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        features = file.create_dataset("features", (n_tiles, encoder.feature_dim), dtype="float32")
        coords = file.create_dataset("coords", (n_tiles, 2), dtype="int64")
        index = file.create_dataset("tile_index", (n_tiles, 2), dtype="int32")
        start = 0
        for block_index, block_features in blocks:
            stop = start + len(block_index)
            features[start:stop] = block_features
            index[start:stop] = block_index
            coords[start:stop] = np.rint(block_index * np.asarray(grid.stride_px0)).astype(np.int64)
            start = stop
        features.attrs.update({"name": grid.slide.alias, "savetodir": "", "encoder": encoder.name})
        coords.attrs.update(_trident_attributes(grid))
        file.attrs.update(
            {
                KEY_ATTRIBUTE: key,
                "histcode_encoder_digest": encoder.digest,
                "histcode_slide_digest": grid.slide.digest,
                "histcode_stride_px0": grid.stride_px0,
                "histcode_size_px0": grid.size_px0,
            }
        )


def _trident_attributes(grid: TileGrid) -> dict[str, int | float | str]:
    return {
        "patch_size": grid.config.tile_px,
        "patch_size_level0": round(grid.size_px0[0]),
        "level0_magnification": round(10 / grid.mpp.mean, 3),
        "target_magnification": round(10 / grid.config.target_mpp, 3),
        "overlap": round(grid.config.tile_px * (1 - grid.stride_px0[0] / grid.size_px0[0])),
        "name": grid.slide.alias,
        "savetodir": "",
        "level0_width": grid.slide.dimensions[0],
        "level0_height": grid.slide.dimensions[1],
    }


def read_feature_file(path: Path) -> StoredFeatures:
    """Map a feature file that this package wrote.

    Raises
    ------
    FeatureFileError
        If the file is damaged or was written by another program.
    """
    try:
        with h5py.File(path, "r") as file:
            key = str(file.attrs[KEY_ATTRIBUTE])
            index = np.asarray(file["tile_index"][:], dtype=np.int32)
            features = _map_dataset(path, file["features"])
    except (OSError, KeyError, ValueError) as error:
        raise FeatureFileError(
            f"The feature file of {path.parent.name!r} cannot be read: {error}.",
            advice="Delete it and analyse the slide again.",
        ) from error
    if index.shape != (len(features), 2):
        raise FeatureFileError(
            f"The feature file of {path.parent.name!r} has {len(features)} features for {len(index)} tiles.",
            advice="Delete it and analyse the slide again.",
        )
    return StoredFeatures(index=index, features=features, key=key)


def _map_dataset(path: Path, dataset: h5py.Dataset) -> NDArray[np.float32]:
    """Map a contiguous dataset; one that is chunked or compressed has to be loaded."""
    offset = dataset.id.get_offset()
    if offset is None or dataset.chunks is not None or dataset.dtype != np.dtype("<f4"):
        return np.asarray(dataset[:], dtype=np.float32)
    return np.memmap(path, dtype="<f4", mode="r", offset=offset, shape=dataset.shape)
