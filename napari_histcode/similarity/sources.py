"""Feature files that an index is built from, told by their own attributes alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from napari_histcode.errors import FeatureFileError, ModelMismatchError
from napari_histcode.features.feature_file import KEY_ATTRIBUTE
from napari_histcode.models.card import EncoderRecord

FEATURE_FILE = "features.h5"
"""Name of a feature file in a result folder."""


@dataclass(frozen=True, kw_only=True)
class IndexedEncoder:
    """What has to agree for features to be comparable."""

    name: str
    """Name of the encoder, for messages."""
    digest: str
    """SHA-256 over its weights."""
    feature_dim: int
    """Length of its features."""
    tile_px: int
    """Width of its tiles in pixels."""
    magnification: float
    """Magnification at which it sees them, 10 / mpp, as feature files hold it."""

    @property
    def identity(self) -> tuple[str, int, int, float]:
        """Everything but the name."""
        return self.digest, self.feature_dim, self.tile_px, self.magnification

    def check(self, other: IndexedEncoder, *, where: str) -> None:
        """Refuse features of another encoder.

        Raises
        ------
        ModelMismatchError
            If anything but the name differs.
        """
        if other.identity != self.identity:
            raise ModelMismatchError(
                f"{where} has features of encoder {other.name} ({other.digest[:8]}, {other.tile_px} px at "
                f"{other.magnification:g}x); the index is of {self.name} ({self.digest[:8]}, "
                f"{self.tile_px} px at {self.magnification:g}x).",
                advice="Analyse the slide with the model of the index, or make an index of its own.",
            )


@dataclass(frozen=True, kw_only=True)
class FeatureSource:
    """A feature file of a slide, without its features."""

    path: Path
    """The file."""
    key: str
    """Digest of what made the features and of which tiles there are."""
    alias: str
    """Alias of the slide."""
    slide_digest: str
    """Digest of the slide."""
    encoder: IndexedEncoder
    """What made the features."""
    n_tiles: int
    """Number of tiles."""
    size_px0: tuple[float, float]
    """Width and height of a tile in level-0 pixels."""
    stride_px0: tuple[float, float]
    """Spacing of the lattice in level-0 pixels."""


def encoder_of(record: EncoderRecord) -> IndexedEncoder:
    """Tell an encoder's record the way feature files do."""
    return IndexedEncoder(
        name=record.name,
        digest=record.digest,
        feature_dim=record.feature_dim,
        tile_px=record.tile_px,
        magnification=round(10 / record.mpp, 3),
    )


def find_feature_files(folder: Path) -> tuple[Path, ...]:
    """List the feature files in a folder of result folders, however deep, in order of their paths."""
    return tuple(sorted(folder.rglob(FEATURE_FILE)))


def read_source(path: Path) -> FeatureSource:
    """Read what a feature file says of itself.

    Raises
    ------
    FeatureFileError
        If the file is damaged or was written by another program.
    """
    try:
        with h5py.File(path, "r") as file:
            features, coords = file["features"], file["coords"]
            index = np.ascontiguousarray(file["tile_index"][:], np.int32)
            if index.shape != (len(features), 2):
                raise ValueError(f"{len(index)} places for {len(features)} tiles")
            digest = hashlib.sha256(str(file.attrs[KEY_ATTRIBUTE]).encode())
            digest.update(index.tobytes())
            return FeatureSource(
                path=path,
                key=digest.hexdigest()[:32],
                alias=str(features.attrs["name"]),
                slide_digest=str(file.attrs["histcode_slide_digest"]),
                encoder=IndexedEncoder(
                    name=str(features.attrs["encoder"]),
                    digest=str(file.attrs["histcode_encoder_digest"]),
                    feature_dim=int(features.shape[1]),
                    tile_px=int(coords.attrs["patch_size"]),
                    magnification=float(coords.attrs["target_magnification"]),
                ),
                n_tiles=int(features.shape[0]),
                size_px0=_pair(file.attrs["histcode_size_px0"]),
                stride_px0=_pair(file.attrs["histcode_stride_px0"]),
            )
    except (OSError, KeyError, ValueError, IndexError, TypeError) as error:
        raise FeatureFileError(
            f"A feature file cannot be read: {error}.", advice="Delete it and analyse the slide again."
        ) from error


def _pair(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
    x, y = values
    return float(x), float(y)
