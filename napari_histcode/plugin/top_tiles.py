"""The tiles at the two ends of a map."""

from __future__ import annotations

import numpy as np

from napari_histcode.scores.scores import TileMap

N_SHOWN = 10


def end_tiles(tile_map: TileMap, *, is_top: bool, n_tiles: int = N_SHOWN) -> tuple[int, ...]:
    """Name the tiles with the highest or the lowest values, the most extreme first.

    Parameters
    ----------
    tile_map : TileMap
        The map; tiles without a value are left out.
    is_top : bool
        Whether the highest are wanted.
    n_tiles : int
        How many.

    Returns
    -------
    tuple of int
        Positions in the grid; of equal values the first.
    """
    values = tile_map.values if not is_top else -tile_map.values
    order = np.argsort(values, kind="stable")
    return tuple(int(place) for place in order[np.isfinite(values[order])][:n_tiles])
