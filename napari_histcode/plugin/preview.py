"""From the thread that encodes to the one that draws: the map so far."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from napari_histcode.scores.scores import TileMap
from napari_histcode.tiling import TileGrid

if TYPE_CHECKING:
    from napari_histcode.scores.preview import TilePreview  # brings torch

INTERVAL_S = 4.0
"""Each drawing repaints the whole canvas, which must not be felt while somebody moves about."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MapSoFar:
    """A map of which some tiles are known."""

    tile_map: TileMap
    """NaN where a tile has not been encoded."""
    grid: TileGrid
    """All tiles of the run."""


class MapBox:
    """Collects the first output's single-tile map; filled by one thread and looked into by another."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: MapSoFar | None = None
        self._is_news = False
        self._taken = float("-inf")

    def put(self, preview: TilePreview) -> None:
        """Take a batch of tiles."""
        if not preview.maps:
            return
        part = preview.maps[0]
        with self._lock:
            before = self._known.tile_map.values if self._known is not None else None
            values = np.full(len(preview.grid), np.nan, np.float32) if before is None else before.copy()
            values[preview.positions] = part.values
            so_far = replace(part, label=f"{part.label}, so far", values=values)
            self._known = MapSoFar(tile_map=so_far, grid=preview.grid)
            self._is_news = True

    def take(self) -> MapSoFar | None:
        """Return the map so far if something has come, and it is time to draw again."""
        now = time.monotonic()
        with self._lock:
            if not self._is_news or now - self._taken < INTERVAL_S:
                return None
            self._is_news, self._taken = False, now
            return self._known
