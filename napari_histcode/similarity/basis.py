"""The origin and the main axes of an index.

The origin centres all slides alike, so that similarities of different slides mean the same. The axes are the
first principal directions of a sample of unit vectors; any orthonormal ones would do, but these hold most of
every vector in few numbers (see `napari_histcode.similarity.search`).
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from napari_histcode.errors import IndexFileError, ModelMismatchError
from napari_histcode.features.feature_file import read_feature_file
from napari_histcode.files import replacing
from napari_histcode.progress import CancelToken
from napari_histcode.similarity.feature_space import directions
from napari_histcode.similarity.manifest import basis_file
from napari_histcode.similarity.sources import FeatureSource

N_AXES = 127
"""Axes; with the length of the rest a tile's prefix has 128 numbers, half a kilobyte."""
SAMPLE_TILES = 20_000
"""Tiles of all slides together that the basis comes from."""
MOST_OF_A_SLIDE = 4_000
"""Tiles of one slide among them, at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Basis:
    """Origin and axes of an index."""

    centre: NDArray[np.float32]
    """(feature_dim,) mean feature, each slide counting the same; read-only."""
    axes: NDArray[np.float32]
    """(feature_dim, n_axes) orthonormal columns; read-only."""

    def __post_init__(self) -> None:
        self.centre.flags.writeable = False
        self.axes.flags.writeable = False

    @property
    def n_axes(self) -> int:
        """Number of axes."""
        return int(self.axes.shape[1])

    @property
    def name(self) -> str:
        """Start of a digest over both."""
        digest = hashlib.sha256(self.centre.tobytes())
        digest.update(np.ascontiguousarray(self.axes).tobytes())
        return digest.hexdigest()[:12]


def make_basis(sources: tuple[FeatureSource, ...], *, cancel: CancelToken | None = None) -> Basis:
    """Compute origin and axes from evenly spaced tiles of every slide.

    Raises
    ------
    ModelMismatchError
        If no feature is finite.
    """
    cancel = cancel or CancelToken()
    per_slide = max(1, min(MOST_OF_A_SLIDE, SAMPLE_TILES // len(sources)))
    samples = []
    for source in sources:
        cancel.raise_if_cancelled()
        features = read_feature_file(source.path).features
        rows = np.unique(np.linspace(0, len(features) - 1, min(per_slide, len(features))).astype(np.intp))
        sample = np.asarray(features[rows], np.float32)
        sample = sample[np.isfinite(sample).all(axis=1)]  # a damaged slide is refused when its turn comes
        if len(sample):
            samples.append(sample)
    if not samples:
        raise ModelMismatchError("No feature is finite.", advice="Encode the slides again.")
    centre = np.mean([sample.mean(axis=0, dtype=np.float64) for sample in samples], axis=0)
    return basis_of(np.concatenate(samples), centre.astype(np.float32))


def basis_of(sample: NDArray[np.float32], centre: NDArray[np.float32], n_axes: int = N_AXES) -> Basis:
    """Compute the axes from a sample (n, feature_dim), seen from a centre."""
    unit = directions(sample, centre)
    feature_dim = unit.shape[1]
    n_axes = min(n_axes, feature_dim)
    moments = (unit.T @ unit).astype(np.float64)
    _, vectors = eigh(moments, subset_by_index=(feature_dim - n_axes, feature_dim - 1))
    axes = np.ascontiguousarray(vectors[:, ::-1], np.float32)
    return Basis(centre=np.array(centre, np.float32), axes=axes)


def write_basis(basis: Basis, folder: Path) -> None:
    """Write the basis into the folder of its index.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replacing(folder / basis_file(basis.name)) as temporary, temporary.open("wb") as file:
        np.savez(file, centre=basis.centre, axes=basis.axes)


def read_basis(folder: Path, name: str) -> Basis:
    """Read the basis of that name.

    Raises
    ------
    IndexFileError
        If it is missing or damaged.
    """
    path = folder / basis_file(name)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            basis = Basis(centre=arrays["centre"], axes=arrays["axes"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise IndexFileError(
            f"{path} cannot be read: {error}.", advice="Delete the index and build it again."
        ) from error
    if basis.name != name:
        raise IndexFileError(f"{path} is damaged.", advice="Delete the index and build it again.")
    return basis
