from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_histcode.slide.tile_cache import TileCache


def tile(value: int = 0) -> NDArray[np.uint8]:
    return np.full((10, 10, 3), value, np.uint8)  # 300 bytes


def test_least_recently_used_tiles_go_first() -> None:
    cache = TileCache(900)
    for key in "abc":
        cache.get(key, tile)
    cache.get("a", pytest.fail)
    cache.get("d", tile)
    assert cache.n_bytes == 900
    for key in "acd":
        cache.get(key, pytest.fail)
    made = []
    cache.get("b", lambda: made.append(1) or tile())  # type: ignore[func-returns-value]
    assert made


def test_a_tile_above_the_budget_is_returned_and_not_kept() -> None:
    cache = TileCache(100)
    assert cache.get("a", tile).shape == (10, 10, 3)
    assert cache.n_bytes == 0


def test_tiles_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        TileCache(900).get("a", tile)[0, 0] = 1


def test_threads_that_want_one_tile_make_it_once() -> None:
    cache = TileCache(900)
    n_made = 0
    start = threading.Barrier(8)

    def make() -> NDArray[np.uint8]:
        nonlocal n_made
        n_made += 1
        time.sleep(0.05)
        return tile(7)

    def ask(_: int) -> NDArray[np.uint8]:
        start.wait(10)
        return cache.get("a", make)

    with ThreadPoolExecutor(8) as threads:
        tiles = list(threads.map(ask, range(8)))
    assert n_made == 1
    assert all(t is tiles[0] for t in tiles)


def test_errors_reach_every_waiter_and_are_not_kept() -> None:
    cache = TileCache(900)
    start = threading.Barrier(3)

    def fail() -> NDArray[np.uint8]:
        time.sleep(0.05)
        raise OSError("damaged")

    def ask(_: int) -> NDArray[np.uint8]:
        start.wait(10)
        return cache.get("a", fail)

    with ThreadPoolExecutor(3) as threads:
        for asked in [threads.submit(ask, i) for i in range(3)]:
            with pytest.raises(OSError, match="damaged"):
                asked.result()
    assert cache.get("a", tile).shape == (10, 10, 3)
