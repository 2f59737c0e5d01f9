"""What the training tiles' features look like, small enough to travel with the model.

Features are standardised one by one, ``u = (x - mean) / scale``, and the directions ``V`` in which training
tiles vary most are kept. A tile's distance is the share of its peculiarity that lies in none of them,

    d(x) = | u - V^T V u | / | u |,

the sine of the angle between what is peculiar to the tile and what training tiles vary in: 0 if the training
can make up the tile, 1 if it is at right angles to all of it. It does not depend on how strongly features
answer, which blur and thin tissue lower; a Mahalanobis distance does, and ranks blurred tiles as usual ones
[1]_ [2]_. For 64 directions of 1,280 features that is 180 kB, where a covariance takes 6.5 MB.

References
----------
.. [1] I. Ndiour et al.: Out-of-distribution detection with subspace techniques and probabilistic modeling of
   features, 2020.
.. [2] M. Ammar et al.: NECO: neural collapse based out-of-distribution detection, 2024.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from napari_histcode.errors import ModelFileError, ModelMismatchError

Floats = NDArray[np.float32]

_ADVICE = "Download or write the model again."
_ARRAYS = ("mean", "scale", "components", "levels", "distances", "group_shares")
_CHUNK_TILES = 4096

BEYOND = 0.95
"""A tile farther than this share of held-out training tiles is out of distribution."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureStatistics:
    """Directions in which training tiles vary, and how far tiles of training slides lie from them."""

    mean: Floats
    """(feature_dim,) mean of each feature."""
    scale: Floats
    """(feature_dim,) standard deviation of each feature, with a floor; positive."""
    components: Floats
    """(k, feature_dim) orthonormal directions of most variance of the standardised features."""
    levels: Floats
    """(q,) probabilities from 0 to 1, rising."""
    distances: Floats
    """(q,) those quantiles of the distances of training tiles, their slides held out in turn."""
    group_shares: Floats
    """(n_groups,) share of each slide's tiles beyond `BEYOND` when it was held out, rising."""
    n_tiles: int
    """Training tiles."""

    def __post_init__(self) -> None:
        one = (self.components.shape[1],)
        for name, shape in (("mean", one), ("scale", one), ("distances", self.levels.shape)):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, not {shape}.")
        if not (self.scale > 0).all():
            raise ValueError("Scales are positive.")
        if (np.diff(self.levels) <= 0).any() or (np.diff(self.distances) < 0).any():
            raise ValueError("Levels rise, and distances do not fall.")
        for name in _ARRAYS:
            array = getattr(self, name)
            if not np.isfinite(array).all():
                raise ValueError(f"{name} holds values that are not finite.")
            array.flags.writeable = False

    @property
    def feature_dim(self) -> int:
        """Length of a feature."""
        return len(self.mean)

    @property
    def n_groups(self) -> int:
        """Training slides."""
        return len(self.group_shares)

    def distance(self, features: NDArray[np.floating]) -> Floats:
        """Measure how far tiles lie from the training tiles.

        Parameters
        ----------
        features : ndarray, (n_tiles, feature_dim)
            Features of any float type.

        Returns
        -------
        ndarray of float32, (n_tiles,)
            From 0, made of what training tiles vary in, to 1, at right angles to it.

        Raises
        ------
        ModelMismatchError
            If the features are of another length, or are not finite.
        """
        if features.ndim != 2 or features.shape[1] != self.feature_dim:
            raise ModelMismatchError(
                f"These statistics are of {self.feature_dim} features, not of an array {features.shape}.",
                advice="Encode the slide with the model's own encoder.",
            )
        distances = np.empty(len(features), np.float32)
        inverse = 1 / self.scale
        for start in range(0, len(features), _CHUNK_TILES):
            chunk = np.array(features[start : start + _CHUNK_TILES], np.float32)
            chunk -= self.mean
            chunk *= inverse
            along = chunk @ self.components.T  # (n, k)
            total = np.einsum("ij,ij->i", chunk, chunk)
            share = 1 - np.einsum("ij,ij->i", along, along) / np.maximum(total, 1e-12)
            distances[start : start + len(chunk)] = np.sqrt(np.clip(share, 0, 1))
            distances[start : start + len(chunk)][total == 0] = 0
        if not np.isfinite(distances).all():
            raise ModelMismatchError("Some features are not finite.", advice="Encode the slide again.")
        return distances

    def percentile(self, distance: NDArray[np.floating]) -> Floats:
        """Return the share of held-out training tiles that lie nearer, 0 to 1, of distances (n_tiles,)."""
        return np.asarray(np.interp(distance, self.distances, self.levels), np.float32)

    def threshold(self, level: float = BEYOND) -> float:
        """Return the distance beyond which only a share ``1 - level`` of held-out training tiles lies."""
        return float(np.interp(level, self.levels, self.distances))


def statistics_bytes(statistics: FeatureStatistics) -> bytes:
    """Return the content of a statistics file; directions are stored in float16."""
    tensors = {name: np.ascontiguousarray(getattr(statistics, name), np.float32) for name in _ARRAYS}
    tensors["components"] = tensors["components"].astype(np.float16)
    tensors["n_tiles"] = np.asarray([statistics.n_tiles], np.int64)
    return bytes(save_tensors(tensors))


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a statistics file, in hex."""
    return hashlib.sha256(content).hexdigest()


def read_statistics(path: Path, *, digest: str, feature_dim: int) -> FeatureStatistics:
    """Read a statistics file and make sure that it is the one that the card describes.

    Parameters
    ----------
    path : Path
        The file.
    digest : str
        Its SHA-256 by the card.
    feature_dim : int
        Length of the encoder's features.

    Raises
    ------
    ModelFileError
        If it is missing, damaged, another one, or of another encoder.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"{name} cannot be read ({error.strerror or error}), and the card describes it.", advice=_ADVICE
        ) from error
    if digest_of(content) != digest:
        raise ModelFileError(
            f"{name} is not the file that the card describes (its digest differs).", advice=_ADVICE
        )
    try:
        tensors = load_tensors(content)
        statistics = FeatureStatistics(
            **{key: tensors[key].astype(np.float32) for key in _ARRAYS},
            n_tiles=int(tensors["n_tiles"][0]),
        )
    except (SafetensorError, KeyError, IndexError, ValueError) as error:
        raise ModelFileError(f"{name} holds no feature statistics ({error}).", advice=_ADVICE) from error
    if statistics.feature_dim != feature_dim:
        raise ModelFileError(
            f"{name} describes {statistics.feature_dim} features, and the encoder gives {feature_dim}.",
            advice=_ADVICE,
        )
    return statistics
