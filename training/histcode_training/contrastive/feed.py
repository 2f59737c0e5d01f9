"""Batches on their way to the device: read one ahead, or kept there whole where they fit."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from histcode_training.contrastive.batches import n_batches, plan_epoch
from histcode_training.contrastive.config import OptimisationConfig
from histcode_training.contrastive.sources.pool import TilePool

SHARE_OF_MEMORY = 0.3
"""Share of a GPU's free memory that tiles may take to be kept there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """One batch."""

    step: int
    """Its number since the start of the training."""
    positions: NDArray[np.int64]
    """(N,) tiles of the whole batch, over all processes."""
    tiles: Tensor
    """(n, read_px, read_px, 3) uint8 RGB of this process's part."""


class Feed:
    """Gives the batches of a run from any step on.

    Parameters
    ----------
    pool : TilePool
        The tiles.
    config : OptimisationConfig
        Size of batches, and how many slides they hold.
    seed : int
        Decides the order, with the number of the epoch.
    part : slice
        This process's rows of a batch.
    device : torch.device
        Where the tiles are wanted.

    Raises
    ------
    RecipeError
        If there are fewer tiles than a batch.
    """

    def __init__(
        self, pool: TilePool, config: OptimisationConfig, *, seed: int, part: slice, device: torch.device
    ) -> None:
        self._pool, self._config, self._seed, self._part = pool, config, seed, part
        self._is_pinned = device.type == "cuda"
        self.steps_per_epoch = n_batches(pool.weight, config.batch_size)
        self._kept: tuple[Tensor, ...] | None = None
        if device.type == "cuda":
            n_bytes = sum(part.nbytes for part in pool.parts)
            if n_bytes <= SHARE_OF_MEMORY * torch.cuda.mem_get_info(device)[0]:
                self._kept = tuple(torch.from_numpy(np.array(part)).to(device) for part in pool.parts)

    def batches(self, first: int, end: int) -> Generator[Batch]:
        """Give the batches of steps ``first`` to ``end - 1``; close it to end the reading before."""
        if self._kept is not None:
            for step, positions in self._plans(first, end):
                tiles = take(self._kept, torch.from_numpy(positions[self._part]))
                yield Batch(step=step, positions=positions, tiles=tiles)
            return
        with ThreadPoolExecutor(1, thread_name_prefix="tiles") as reader:
            waiting: Future[Batch] | None = None
            for step, positions in self._plans(first, end):
                coming = reader.submit(self._read, step, positions)
                if waiting is not None:
                    yield waiting.result()
                waiting = coming
            if waiting is not None:
                yield waiting.result()

    def _plans(self, first: int, end: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
        plan, planned = np.zeros((0, 0), np.int64), -1
        for step in range(first, end):
            epoch, batch = divmod(step, self.steps_per_epoch)
            if epoch != planned:
                plan = plan_epoch(
                    self._pool.slide_of, self._pool.weight, batch_size=self._config.batch_size,
                    min_slides=self._config.min_slides, seed=self._seed, epoch=epoch,
                )  # fmt: skip
                planned = epoch
            yield step, plan[batch]

    def _read(self, step: int, positions: NDArray[np.int64]) -> Batch:
        tiles = torch.from_numpy(self._pool.read(positions[self._part]))
        return Batch(step=step, positions=positions, tiles=tiles.pin_memory() if self._is_pinned else tiles)


def take(parts: Sequence[Tensor], positions: Tensor) -> Tensor:
    """Take rows of tensors that stand one after the other, as if they were one: (n, ...)."""
    ends = torch.tensor([len(part) for part in parts]).cumsum(dim=0)
    source = torch.searchsorted(ends, positions, right=True)
    taken = torch.empty((len(positions), *parts[0].shape[1:]), dtype=parts[0].dtype, device=parts[0].device)
    for k, part in enumerate(parts):
        mine = (source == k).nonzero()[:, 0]
        start = int(ends[k]) - len(part)
        taken[mine.to(part.device)] = part[(positions[mine] - start).to(part.device)]
    return taken
