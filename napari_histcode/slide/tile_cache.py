"""A cache of decoded tiles with a budget in bytes, shared by threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

Tile = NDArray[np.uint8] | NDArray[np.uint16]
"""(height, width, n_samples)."""


class TileCache:
    """Least recently used tiles are dropped first; a tile wanted by two threads is made once.

    Parameters
    ----------
    budget : int
        Most bytes of pixels to keep.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._lock = threading.Lock()
        self._tiles: OrderedDict[Hashable, Tile] = OrderedDict()
        self._n_bytes = 0
        self._pending: dict[Hashable, Future[Tile]] = {}

    @property
    def n_bytes(self) -> int:
        """Bytes of pixels kept now."""
        return self._n_bytes

    def get(self, key: Hashable, make: Callable[[], Tile]) -> Tile:
        """Return the tile of this key, made by `make` if it is not there.

        A thread that asks while another is making the tile waits for it, and gets its error if it fails;
        errors are not kept. Returned tiles are shared and read-only.
        """
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
                return tile
            pending = self._pending.get(key)
            if pending is None:
                mine = self._pending[key] = Future()
        if pending is not None:
            return pending.result()
        try:
            tile = make()
        except BaseException as error:
            with self._lock:
                del self._pending[key]
            mine.set_exception(error)
            raise
        tile.flags.writeable = False
        with self._lock:
            del self._pending[key]
            self._keep(key, tile)
        mine.set_result(tile)
        return tile

    def _keep(self, key: Hashable, tile: Tile) -> None:
        if tile.nbytes > self.budget:
            return
        self._tiles[key] = tile
        self._n_bytes += tile.nbytes
        while self._n_bytes > self.budget:
            _, dropped = self._tiles.popitem(last=False)
            self._n_bytes -= dropped.nbytes
