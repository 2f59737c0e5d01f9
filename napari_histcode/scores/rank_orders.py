"""From a map to the order in which its tiles are taken away; ties are broken by the draw."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.scores.scores import TileMap
from napari_histcode.scores.subsets import Order


def rank_orders(tile_map: TileMap, cuts: NDArray[np.intp], *, n_draws: int, seed: int) -> list[Order]:
    """Order the tiles from the most to the least relevant.

    Only ties that a cut runs through matter: which of equal tiles comes first changes no bag otherwise.

    Parameters
    ----------
    tile_map : TileMap
        The map.
    cuts : ndarray of int
        Where the order will be cut, from 0 to the number of tiles.
    n_draws : int
        Draws that break ties, each with its mirror image: a constant map has an SRG of exactly 0.
    seed : int
        Seed of the draws.

    Returns
    -------
    list of ndarray
        One order, or several where a cut runs between tiles of equal value.

    Raises
    ------
    ValueError
        If a tile has no finite value.
    """
    values = tile_map.values
    if not np.isfinite(values).all():
        raise ValueError(f"Map {tile_map.name!r} has no value on some tiles: its tiles cannot be ranked.")
    order = np.argsort(-values)
    ordered, inner = values[order], cuts[1:-1]
    cut_ties = inner[ordered[inner - 1] == ordered[inner]]
    if not len(cut_ties):
        return [order]
    starts = np.flatnonzero(np.diff(ordered, prepend=np.nan) != 0)
    groups = np.unique(np.searchsorted(starts, cut_ties, side="right") - 1)
    ends = np.append(starts[1:], len(ordered))
    random = np.random.default_rng([seed, 1])
    orders = []
    for _ in range(n_draws):
        drawn, mirrored = order.copy(), order.copy()
        for group in groups:
            part = slice(starts[group], ends[group])
            drawn[part] = random.permutation(np.sort(order[part]))
            mirrored[part] = drawn[part][::-1]
        orders += [drawn, mirrored]
    return orders
