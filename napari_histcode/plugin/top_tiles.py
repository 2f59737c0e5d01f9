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
        Positions in the grid; of equal values the first counts as higher, as on a contact sheet.
    """
    values = tile_map.values
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(-values[known], kind="stable")]
    return tuple((order if is_top else order[::-1])[:n_tiles].tolist())
