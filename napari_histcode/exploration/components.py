"""Principal components of a slide's features, from a sample of its tiles where there are many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from napari_histcode.errors import ModelMismatchError, NoTilesError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress

SAMPLE_TILES = 10_000
"""Tiles that the axes come from, at most; evenly spaced over the grid."""
STEP_TILES = 16_384
"""Tiles between two looks at the cancel token."""
BLOCK_TILES = 1024
"""Tiles that one core takes at a time."""

STAGE = "projecting tiles"


@dataclass(frozen=True, kw_only=True, eq=False)
class Components:
    """Tiles along the directions in which the features of their slide vary most."""

    points: NDArray[np.float32]
    """(n_tiles, n_components), centred on the mean of the sample; read-only."""
    axes: NDArray[np.float32]
    """(feature_dim, n_components) orthonormal, the largest entry of each positive; read-only."""
    explained: NDArray[np.float64]
    """(n_components,) share of the sample's variance along each, descending; read-only."""

    def __post_init__(self) -> None:
        for array in (self.points, self.axes, self.explained):
            array.flags.writeable = False


def principal_components(
    bag: FeatureBag,
    n_components: int,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Components:
    """Compute the first principal components of all tiles.

    The axes are eigenvectors of the covariance of at most `SAMPLE_TILES` evenly spaced tiles: nothing is
    random. Their signs are chosen so that the largest entry of each is positive.

    Parameters
    ----------
    bag : FeatureBag
        The slide's features.
    n_components : int
        How many; cut to what n tiles and feature_dim features can have.
    progress : callable
        Called once a block of tiles.
    cancel : CancelToken, optional
        Looked at as often.

    Raises
    ------
    NoTilesError
        If the bag is empty.
    ModelMismatchError
        If features are not finite.
    AnalysisCancelledError
        If it was cancelled.
    """
    cancel = cancel or CancelToken()
    n, feature_dim = bag.features.shape
    if not n:
        raise NoTilesError(f"{bag.grid.slide.alias} has no tiles to show.", advice="Analyse the slide again.")
    progress(Progress(stage=STAGE, done=0, total=n))
    rows = np.unique(np.linspace(0, n - 1, min(n, SAMPLE_TILES)).astype(np.intp))
    sample = np.asarray(bag.features[rows], np.float32)
    if not np.isfinite(sample).all():
        raise ModelMismatchError(
            f"Features of {bag.grid.slide.alias} hold values that are not finite.",
            advice="Encode the slide again.",
        )
    mean = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
    n_components = max(1, min(n_components, feature_dim, n))
    axes, explained = _axes(sample - mean, n_components)
    points = np.empty((n, n_components), np.float32)
    for start in range(0, n, STEP_TILES):
        cancel.raise_if_cancelled()
        stop = min(n, start + STEP_TILES)
        points[start:stop] = _along(bag.features[start:stop], mean, axes)
        progress(Progress(stage=STAGE, done=stop, total=n))
    return Components(points=points, axes=axes, explained=explained)


def _axes(centred: NDArray[np.float32], n_components: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    feature_dim = centred.shape[1]
    covariance = _moments(centred)
    powers, vectors = eigh(covariance, subset_by_index=(feature_dim - n_components, feature_dim - 1))
    powers, vectors = np.maximum(powers[::-1], 0), vectors[:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.where(vectors[largest, np.arange(n_components)] < 0, -1, 1)
    whole = float(np.trace(covariance))
    return np.ascontiguousarray(vectors, np.float32), powers / whole if whole > 0 else powers


def _moments(centred: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sum of the outer products of the rows, (feature_dim, feature_dim), each core on rows of its own."""
    import torch

    from napari_histcode.models.workers import map_over_cores

    def of_part(part: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = torch.from_numpy(part)
        return (rows.T @ rows).numpy()

    parts = [centred[i : i + BLOCK_TILES] for i in range(0, len(centred), BLOCK_TILES)]
    total = np.zeros((centred.shape[1], centred.shape[1]))
    for moments in map_over_cores(of_part, parts):
        total += moments
    return total


def _along(
    features: NDArray[np.float32], mean: NDArray[np.float32], axes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Coordinates (k, n_components) of features, each core on rows of its own."""
    import torch

    from napari_histcode.models.workers import map_over_cores

    columns = torch.from_numpy(axes)

    def of_part(part: NDArray[np.float32]) -> NDArray[np.float32]:
        return (torch.from_numpy(part - mean) @ columns).numpy()

    parts = [features[i : i + BLOCK_TILES] for i in range(0, len(features), BLOCK_TILES)]
    return np.concatenate(map_over_cores(of_part, parts))
