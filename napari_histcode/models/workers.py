"""Threads that each compute alone on one core.

torch splits every operation over all cores and waits for the slowest at its end. Where other work
runs beside it, such as reading tiles, that waiting dominates: on two busy cores it made a small
network five to ten times slower. Batches that go side by side, each on one core, never wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import torch

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


def map_over_cores(function: Callable[[_Part], _Result], parts: Sequence[_Part]) -> list[_Result]:
    """Apply a function to parts side by side, on as many cores as torch may use in this thread.

    Parameters
    ----------
    function : callable
        Computes with torch on the processor; must not call this function itself.
    parts : sequence
        Its arguments.

    Returns
    -------
    list
        The results in the order of the parts. The first exception is raised.
    """
    n_workers = torch.get_num_threads()
    if n_workers == 1 or len(parts) == 1:
        return [function(part) for part in parts]
    return list(_pool(n_workers).map(function, parts))


@lru_cache(maxsize=4)
def _pool(n_workers: int) -> ThreadPoolExecutor:
    """Start threads in which torch uses one core each; they live as long as the program."""
    all_started = threading.Barrier(n_workers)
    pool = ThreadPoolExecutor(n_workers, thread_name_prefix="histcode-core", initializer=_use_one_core)
    list(pool.map(lambda _: all_started.wait(), range(n_workers)))
    # the number is kept for each thread, but the last one set is also what new threads start with
    torch.set_num_threads(n_workers)
    return pool


def _use_one_core() -> None:
    torch.get_num_threads()  # a thread's first question fetches the common number; set it after that
    torch.set_num_threads(1)
