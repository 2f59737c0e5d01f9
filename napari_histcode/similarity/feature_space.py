r"""The features of a slide made ready to be compared: each tile as a direction from a common centre.

The cosine of two features as they are also counts what all tiles have in common, such as glass and stain,
and features that have passed a rectifier are never negative, so that no two tiles ever look opposite. With
the mean feature :math:`m` as origin,

.. math:: s_{ij} = \frac{(x_i - m) \cdot (x_j - m)}{|x_i - m| \, |x_j - m|}

is 0 for tiles that differ from the mean in unrelated ways, and negative for those that differ in opposite
ones. The origin is the slide's own mean by default, or that of a reference; cosines from zero are offered as
well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import ModelMismatchError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress

Centring = Literal["slide", "reference", "none"]

BLOCK_TILES = 4096
"""Tiles worked on at once; bounds the memory whatever the slide."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureSpace:
    """The features of a slide with the origin they are compared from. Made by `make_space`."""

    bag: FeatureBag
    """The features."""
    centring: Centring
    """What the origin is: the slide's mean, that of a reference, or zero."""
    centre: NDArray[np.float32]
    """(feature_dim,) the origin; read-only."""
    lengths: NDArray[np.float32]
    """(n_tiles,) distance of each tile from the origin; read-only."""

    def __post_init__(self) -> None:
        self.centre.flags.writeable = False
        self.lengths.flags.writeable = False

    def directions(self, tiles: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return unit vectors (k, feature_dim) of some tiles; zero for a tile at the origin."""
        return directions(self.bag.features[tiles], self.centre)


def make_space(
    bag: FeatureBag,
    *,
    centring: Centring = "slide",
    reference: NDArray[np.floating] | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> FeatureSpace:
    """Choose the origin and measure each tile's distance from it: once a slide, before any number of queries.

    Parameters
    ----------
    bag : FeatureBag
        The slide's features.
    centring : {"slide", "reference", "none"}
        Origin of the directions: the mean of this slide's tiles, ``reference``, or zero.
    reference : ndarray, (feature_dim,), optional
        The origin for ``centring="reference"``, such as the mean of a cohort.
    progress : callable
        Called once a block of tiles.
    cancel : CancelToken, optional
        Looked at as often.

    Raises
    ------
    ModelMismatchError
        If the reference has another length, or features are not finite.
    AnalysisCancelledError
        If it was cancelled.
    """
    cancel = cancel or CancelToken()
    n_passes = 2 if centring == "slide" else 1
    total, done = n_passes * len(bag), 0

    def step(n: int) -> None:
        nonlocal done
        done += n
        progress(Progress(stage="comparing tiles", done=done, total=total))
        cancel.raise_if_cancelled()

    centre = _origin(bag, centring, reference)
    if centring == "slide":
        total_feature = np.zeros(bag.encoder.feature_dim)
        for block in blocks(bag.features):
            total_feature += block.sum(axis=0, dtype=np.float64)
            step(len(block))
        centre = (total_feature / max(len(bag), 1)).astype(np.float32)
    lengths = np.empty(len(bag), np.float32)
    start = 0
    for block in blocks(bag.features):
        with np.errstate(invalid="ignore"):  # refused below
            away = block - centre
            lengths[start : start + len(block)] = np.sqrt(np.einsum("ij,ij->i", away, away))
        start += len(block)
        step(len(block))
    if not np.isfinite(lengths).all():
        raise ModelMismatchError(
            f"Features of {bag.grid.slide.alias} hold values that are not finite.",
            advice="Encode the slide again.",
        )
    return FeatureSpace(bag=bag, centring=centring, centre=centre, lengths=lengths)


def directions(features: NDArray[np.floating], centre: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn features (k, feature_dim) into unit vectors seen from a centre; zero for one at the centre."""
    away = np.asarray(features, np.float32) - centre
    length = np.linalg.norm(away, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # what is not finite stays so, for the caller to refuse
        return np.asarray(np.divide(away, length, out=np.zeros_like(away), where=length != 0))


def blocks(features: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Give rows of features a few thousand at a time, as plain arrays whether or not they are mapped."""
    for start in range(0, len(features), BLOCK_TILES):
        yield np.asarray(features[start : start + BLOCK_TILES])


def _origin(
    bag: FeatureBag, centring: Centring, reference: NDArray[np.floating] | None
) -> NDArray[np.float32]:
    feature_dim = bag.encoder.feature_dim
    if (centring == "reference") != (reference is not None):
        raise ValueError('A reference goes with centring="reference", and with no other.')
    if reference is None:
        return np.zeros(feature_dim, np.float32)
    if reference.shape != (feature_dim,):
        raise ModelMismatchError(
            f"The reference has shape {reference.shape}, and features of {bag.encoder.name} have length "
            f"{feature_dim}."
        )
    return np.array(reference, np.float32)
