"""A bag for training: tiles with one row of targets for all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import ModelMismatchError, NoTilesError


@dataclass(frozen=True, kw_only=True, eq=False)
class MilBag:
    """Tiles of one slide, region or group."""

    name: str
    """Which one."""
    features: NDArray[np.float32]
    """(n_tiles, feature_dim); may be mapped from a file."""
    target: NDArray[np.float32]
    """(n_outputs,): 1 and 0 for classes, the quantity for regression, NaN where nobody knows."""
    group: str = ""
    """Patient, or whatever is drawn as a whole in a bootstrap."""
    views: tuple[NDArray[np.float32], ...] = ()
    """Other views of the same tiles, each (n_tiles, feature_dim): a training step takes one a tile."""

    def __post_init__(self) -> None:
        if self.features.ndim != 2:
            raise ModelMismatchError(
                f"Bag {self.name!r} has features of shape {self.features.shape}, not (n_tiles, feature_dim)."
            )
        if not len(self.features):
            raise NoTilesError(
                f"Bag {self.name!r} has no tiles.", advice="Remove it from the cohort, or encode it again."
            )
        if any(view.shape != self.features.shape for view in self.views):
            raise ModelMismatchError(f"The views of bag {self.name!r} do not have the shape of its features.")

    def __len__(self) -> int:
        return len(self.features)

    def draw(self, random: np.random.Generator, max_tiles: int) -> NDArray[np.float32]:
        """Draw tiles for a training step: at most ``max_tiles``, each in one of its views."""
        n = len(self)
        chosen = np.arange(n) if n <= max_tiles else np.sort(random.choice(n, max_tiles, replace=False))
        drawn = np.asarray(self.features[chosen], np.float32)
        if self.views:
            view_of = random.integers(0, len(self.views) + 1, len(chosen))
            for number, view in enumerate(self.views, start=1):
                drawn[view_of == number] = view[chosen[view_of == number]]
        return drawn


def check_bags(bags: Sequence[MilBag]) -> tuple[int, int]:
    """Return the length of features and targets, which all bags share.

    Raises
    ------
    ModelMismatchError
        If they differ, as with features of two encoders.
    NoTilesError
        If there is no bag.
    """
    if not bags:
        raise NoTilesError("There is no bag to learn from.", advice="Check the cohort and the split.")
    first = bags[0]
    shape = (first.features.shape[1], len(first.target))
    for bag in bags:
        found = (bag.features.shape[1], len(bag.target))
        if found != shape:
            raise ModelMismatchError(
                f"Bag {bag.name!r} has features of length {found[0]} and {found[1]} targets; bag "
                f"{first.name!r} has {shape[0]} and {shape[1]}.",
                advice="Take the features of one encoder for the whole cohort.",
            )
    return shape


def target_matrix(bags: Sequence[MilBag]) -> NDArray[np.float32]:
    """(n_bags, n_outputs) targets."""
    return np.stack([bag.target for bag in bags])


def feature_statistics(
    bags: Sequence[MilBag], *, floor: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation of the features over the tiles of all bags, one bag in memory at a time.

    Parameters
    ----------
    bags : sequence of MilBag
        The training bags; a tile in two bags counts twice.
    floor : float
        Least standard deviation, so that a feature that hardly varies is not blown up.
    """
    shift = np.asarray(bags[0].features[0], np.float64)  # keeps the sums of squares small
    n, total, squares = 0, np.zeros_like(shift), np.zeros_like(shift)
    for bag in bags:
        for array in (bag.features, *bag.views):
            values = np.asarray(array, np.float64) - shift
            n += len(values)
            total += values.sum(axis=0)
            squares += np.square(values).sum(axis=0)
    variance = np.maximum(squares / n - np.square(total / n), 0)
    return (total / n + shift).astype(np.float32), np.maximum(np.sqrt(variance), floor).astype(np.float32)
