"""The processes of one training run: alone, or side by side under torchrun."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from histcode_training.errors import RecipeError

TIMEOUT_MINUTES = 30
"""Longest wait for another process: one of them may be reading tiles for the cache."""


class Ranks:
    """What processes exchange; one alone exchanges nothing.

    Parameters
    ----------
    rank, size : int
        Which process this is, of how many. With more than one the process group has been made.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def share_of(self, n: int) -> slice:
        """Return this process's rows of a batch.

        Raises
        ------
        RecipeError
            If a batch cannot be divided evenly.
        """
        if n % self.size:
            raise RecipeError(
                f"A batch of {n} tiles cannot be divided among {self.size} processes.",
                advice="Choose a batch_size that is a multiple of them.",
            )
        each = n // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def gather(self, rows: Tensor) -> Tensor:
        """Return the rows of all processes in order; the gradient reaches this process's own rows."""
        if self.size == 1:
            return rows
        parts = [torch.empty_like(rows) for _ in range(self.size)]
        dist.all_gather(parts, rows.detach().contiguous())
        parts[self.rank] = rows
        return torch.cat(parts)

    def add(self, value: Tensor) -> Tensor:
        """Add a tensor up over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(value)
        return value

    def add_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Add the gradients of all processes up, as one message."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = self.add(torch.cat([g.flatten() for g in gradients]))
        for gradient, part in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def agree(self, value: float, device: torch.device) -> float:
        """Return the first process's value."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=device)
        dist.broadcast(shared, src=0)
        return float(shared)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            dist.barrier()


@contextmanager
def ranks_of_environment(device_type: str) -> Iterator[Ranks]:
    """Join the processes that torchrun started; outside of it there is one.

    Parameters
    ----------
    device_type : str
        "cuda" talks through NCCL, anything else through gloo.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Ranks()
        return
    backend = "nccl" if device_type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=timedelta(minutes=TIMEOUT_MINUTES))
    try:
        yield Ranks(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


def local_rank() -> int:
    """Return which GPU of its machine this process has."""
    return int(os.environ.get("LOCAL_RANK", "0"))
