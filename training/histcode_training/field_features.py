"""Turn fields into features through the same stages as a slide: open, find tissue, lay tiles, encode.

Training may see more views of a field than the pipeline does, overlapping tiles and tiles that are
flipped and turned, but every view is a tile as the pipeline reads it.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohort import Cohort, Field
from histcode_training.recipe import ViewConfig
from napari_histcode.errors import NoTilesError, NoTissueError
from napari_histcode.features.encode import (
    default_batch_size,
    default_readers,
    encode_tiles,
    encode_within_memory,
    read_batches,
)
from napari_histcode.features.store import feature_key
from napari_histcode.files import replacing
from napari_histcode.models.encoder import Encoder
from napari_histcode.progress import CancelToken
from napari_histcode.slide import Slide, open_slide
from napari_histcode.tiling.grid import TileGrid, TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tissue.find import find_tissue

logger = logging.getLogger(__name__)

PIPELINE_VIEW = ViewConfig(overlap=0.0, turns=1)
"""What the pipeline sees: tiles side by side, as they are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldFeatures:
    """The features of one field."""

    field: Field
    """The field with its label."""
    features: NDArray[np.float32]
    """(n_tiles, feature_dim), the views of all tiles; read-only."""

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or not len(self.features):
            raise ValueError(f"A field has (n_tiles, feature_dim) features, not {self.features.shape}.")
        self.features.flags.writeable = False

    def __len__(self) -> int:
        return len(self.features)


def encode_cohort(
    cohort: Cohort,
    encoder: Encoder,
    *,
    mpp: float,
    views: ViewConfig = PIPELINE_VIEW,
    cache: Path | None = None,
    seed: int = 0,
) -> tuple[FieldFeatures, ...]:
    """Encode every field that has tissue.

    Parameters
    ----------
    cohort : Cohort
        The fields.
    encoder : Encoder
        The network, with the size and resolution of its tiles.
    mpp : float
        Micrometres per pixel of the fields.
    views : ViewConfig
        Overlap of the tiles, and how often each is seen turned.
    cache : Path, optional
        Folder where features are kept from run to run.
    seed : int
        Seed of the turns.

    Returns
    -------
    tuple of FieldFeatures
        In the order of the cohort; a field without a tile of tissue is left out, with a warning.
    """
    encoded = []
    for field in cohort.fields:
        try:
            features = encode_field(field, encoder, mpp=mpp, views=views, cache=cache, seed=seed)
        except (NoTissueError, NoTilesError) as error:
            logger.warning("Field %s is left out: %s", field.path.name, error.message)
            continue
        encoded.append(features)
    return tuple(encoded)


def encode_field(
    field: Field,
    encoder: Encoder,
    *,
    mpp: float,
    views: ViewConfig = PIPELINE_VIEW,
    cache: Path | None = None,
    seed: int = 0,
) -> FieldFeatures:
    """Encode one field; see `encode_cohort`.

    Raises
    ------
    NoTissueError, NoTilesError
        If there is nothing to encode.
    """
    record = encoder.record
    tiling = TilingConfig(tile_px=record.tile_px, target_mpp=record.mpp, overlap=views.overlap)
    with open_slide(field.path, mpp=mpp) as slide:
        grid = lay_tiles(slide, find_tissue(slide), tiling)
        parts = []
        for view in range(views.turns):
            kept = cache / f"{_view_key(grid, encoder, view, seed)}.npz" if cache else None
            features = _read_kept(kept, len(grid)) if kept else None
            if features is None:
                features = _encode_view(slide, grid, encoder, view=view, seed=seed)
                if kept:
                    _keep(kept, features)
            parts.append(features)
    return FieldFeatures(field=field, features=np.concatenate(parts))


def _encode_view(
    slide: Slide, grid: TileGrid, encoder: Encoder, *, view: int, seed: int
) -> NDArray[np.float32]:
    """Encode the tiles as they are (view 0), or each of them flipped and turned at random."""
    if view == 0:
        return encode_tiles(slide, grid, encoder).features
    random = np.random.default_rng([seed, view])
    # 1 to 7: the tile as it is has been seen already
    elements = random.integers(1, 8, size=len(grid))
    size, n_readers, chunks = default_batch_size(encoder), default_readers(encoder), []
    positions = np.arange(len(grid))
    for batch in read_batches(
        slide, grid, positions, batch_size=size, n_readers=n_readers, cancel=CancelToken()
    ):
        turned = [
            turn_tile(tile, int(elements[i])) for tile, i in zip(batch.tiles, batch.positions, strict=True)
        ]
        encoded, size = encode_within_memory(encoder, np.stack(turned), size)
        chunks.append(encoded)
    return np.concatenate(chunks)


def turn_tile(tile: NDArray[np.uint8], element: int) -> NDArray[np.uint8]:
    """Apply one of the eight symmetries of the square.

    Parameters
    ----------
    tile : ndarray, (size, size, 3)
        The tile.
    element : int
        0 to 7: quarter turns are ``element % 4``; from 4 on the tile is mirrored first.
    """
    mirrored = tile[:, ::-1] if element >= 4 else tile
    return np.ascontiguousarray(np.rot90(mirrored, element % 4))


def _view_key(grid: TileGrid, encoder: Encoder, view: int, seed: int) -> str:
    digest = hashlib.sha256(feature_key(grid, encoder.record).encode())
    digest.update(np.ascontiguousarray(grid.index).tobytes())
    digest.update(f"{view} {seed if view else 0} {encoder.precision}".encode())
    return digest.hexdigest()[:32]


def _read_kept(path: Path, n_tiles: int) -> NDArray[np.float32] | None:
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            features = np.asarray(file["features"], dtype=np.float32)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.warning("The kept features %s cannot be read and are made anew: %s.", path.name, error)
        return None
    return features if len(features) == n_tiles else None


def _keep(path: Path, features: NDArray[np.float32]) -> None:
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, features=features)


def stack_fields(
    fields: Sequence[FieldFeatures], labels: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.intp]]:
    """Put all fields into one bag.

    Returns
    -------
    features : ndarray, (n_tiles, feature_dim)
        All tiles.
    field_of : ndarray, (n_tiles,)
        Position of each tile's field.
    class_of : ndarray, (n_tiles,)
        Position of its field's label in ``labels``.
    """
    lengths = [len(field) for field in fields]
    field_of = np.repeat(np.arange(len(fields)), lengths)
    class_of_field = np.asarray([list(labels).index(f.field.label) for f in fields])
    return np.concatenate([f.features for f in fields]), field_of, class_of_field[field_of]
