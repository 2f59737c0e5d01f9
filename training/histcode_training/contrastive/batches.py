"""Which tiles make which batch: mixed over slides, and decided by seed and epoch alone.

A batch of one slide would make negatives trivial: colour and scanner tell its tiles from all others. Every
slide is spread over the whole epoch, so that batches hold slides in the shares that they have among the
tiles; then single tiles are exchanged where a batch holds too few slides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from histcode_training.errors import RecipeError


def n_batches(weight: NDArray[np.float64], batch_size: int) -> int:
    """Return the number of whole batches of an epoch.

    Raises
    ------
    RecipeError
        If there are fewer tiles than a batch.
    """
    if len(weight) < batch_size:
        raise RecipeError(
            f"There are {len(weight)} tiles, fewer than a batch of {batch_size}.",
            advice="Choose a smaller batch_size, or more tiles.",
        )
    return max(1, round(float(weight.sum())) // batch_size)


def plan_epoch(
    slide_of: NDArray[np.int64],
    weight: NDArray[np.float64],
    *,
    batch_size: int,
    min_slides: int,
    seed: int,
    epoch: int,
) -> NDArray[np.int64]:
    """Plan the batches of one epoch.

    Parameters
    ----------
    slide_of : ndarray
        (n_tiles,) number of each tile's slide.
    weight : ndarray
        (n_tiles,) how often each tile is seen in an epoch, on average.
    batch_size : int
        Tiles of a batch.
    min_slides : int
        Least number of different slides in each batch, where there are so many and they find room.
    seed, epoch : int
        Decide everything.

    Returns
    -------
    ndarray
        (n_batches, batch_size) positions of tiles; no batch holds a tile twice.

    Raises
    ------
    RecipeError
        If there are fewer tiles than a batch.
    """
    count = n_batches(weight, batch_size)
    random = np.random.default_rng([seed, epoch])
    seen = _drawn(weight, random)
    seen = _spread(seen, slide_of, random)
    short = count * batch_size - len(seen)
    if short > 0:  # weights below 1 left fewer than a batch, or draws fell short of their mean
        seen = np.concatenate([seen, random.choice(len(slide_of), short)])
    plan = seen[: count * batch_size].reshape(count, batch_size).copy()
    order = random.permutation(len(slide_of))
    slides = np.unique(slide_of)
    wanted = min(min_slides, batch_size, len(slides))
    for batch in plan:
        _without_repeats(batch, order, random)
        _with_slides(batch, slide_of, slides, wanted, random)
    return plan


def _drawn(weight: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    """Positions of tiles, each as often as its weight says; a fraction is a chance."""
    times = np.floor(weight) + (random.random(len(weight)) < weight - np.floor(weight))
    return np.repeat(np.arange(len(weight)), times.astype(np.int64))


def _spread(
    seen: NDArray[np.int64], slide_of: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    """Order tiles so that each slide is spread evenly over the epoch, at places drawn by chance."""
    seen = random.permutation(seen)
    seen = seen[np.argsort(slide_of[seen], kind="stable")]
    _, start, n = np.unique(slide_of[seen], return_index=True, return_counts=True)
    rank = np.arange(len(seen)) - np.repeat(start, n)
    place = (rank + random.random(len(seen))) / np.repeat(n, n)
    return seen[np.argsort(place, kind="stable")]


def _without_repeats(batch: NDArray[np.int64], order: NDArray[np.int64], random: np.random.Generator) -> None:
    """Put other tiles in the place of those that a batch holds already."""
    _, first = np.unique(batch, return_index=True)
    twice = np.setdiff1d(np.arange(len(batch)), first)
    if not len(twice):
        return
    others = order[~np.isin(order, batch)]
    batch[twice] = random.choice(others, len(twice), replace=False)


def _with_slides(
    batch: NDArray[np.int64],
    slide_of: NDArray[np.int64],
    slides: NDArray[np.int64],
    wanted: int,
    random: np.random.Generator,
) -> None:
    """Exchange tiles of the slides that have most of them for tiles of slides that have none."""
    present = np.unique(slide_of[batch])
    if len(present) >= wanted:
        return
    missing = random.permutation(np.setdiff1d(slides, present))[: wanted - len(present)]
    for slide in missing:
        here = slide_of[batch]
        numbers, counts = np.unique(here, return_counts=True)
        most = numbers[np.argmax(counts)]
        leaving = random.choice(np.flatnonzero(here == most))
        batch[leaving] = random.choice(np.flatnonzero(slide_of == slide))
