"""What rankings by chance do to an output: the band around random curves, and the null of the SRG.

A slide's SRG has no sampling error: head, bag and map are what they are. What it can be held against is the
SRG that rankings without any knowledge reach on the same bag. That is about 0, and spreads the more, the
fewer tiles decide the prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.faithfulness_curve import area_under
from napari_histcode.scores.subsets import AskNested, Record, make_cuts

ORDERS_AT_ONCE = 8
"""Random orders that are in memory together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RandomOrders:
    """Deletion in random orders."""

    share: NDArray[np.float64]
    """(n_steps,) share of the tiles that are gone, rising from 0 to 1."""
    mean: NDArray[np.float64]
    """(n_steps,) mean recorded output."""
    low: NDArray[np.float64]
    """(n_steps,) 2.5th percentile."""
    high: NDArray[np.float64]
    """(n_steps,) 97.5th percentile."""
    srg: NDArray[np.float64]
    """(n_random,) SRG of each order; that of the same order read from its other end is its negative."""

    def __post_init__(self) -> None:
        for array in (self.share, self.mean, self.low, self.high, self.srg):
            array.flags.writeable = False

    @property
    def srg_limit(self) -> float:
        """Half the width of the 95 % interval of a random ranking's SRG, which is symmetric about 0."""
        return float(np.quantile(np.abs(self.srg), 0.95))

    def p(self, srg: float) -> float:
        """Share of random rankings, read from either end, whose SRG is at least as great; never 0."""
        draws = np.concatenate([self.srg, -self.srg])
        return float((1 + (draws >= srg).sum()) / (1 + len(draws)))


def draw_random_orders(
    ask: AskNested, records: Sequence[Record], n_tiles: int, config: FaithfulnessConfig
) -> list[RandomOrders]:
    """Delete tiles in random orders.

    Parameters
    ----------
    ask : callable
        From `ask_sums` or `ask_again`.
    records : sequence of callable
        From the raw outputs that ``ask`` gives to a recorded quantity.
    n_tiles : int
        Tiles; at least one.
    config : FaithfulnessConfig
        How many orders and steps, and the seed. Equal seeds give equal orders.

    Returns
    -------
    list of RandomOrders
        One for each recorded quantity.
    """
    cuts = make_cuts(n_tiles, config.n_steps, config.top_shares)
    random = np.random.default_rng([config.seed, 0])
    shape = (len(records), config.n_random, len(cuts))
    front, back = np.empty(shape), np.empty(shape)
    for start in range(0, config.n_random, ORDERS_AT_ONCE):
        now = slice(start, min(start + ORDERS_AT_ONCE, config.n_random))
        found = ask([random.permutation(n_tiles) for _ in range(now.start, now.stop)], cuts)
        for k, record in enumerate(records):
            front[k, now] = record(found.rest)
            back[k, now] = record(found.first)[:, ::-1]
    return [_summary(cuts / n_tiles, *one) for one in zip(front, back, strict=True)]


def _summary(
    share: NDArray[np.float64], front: NDArray[np.float64], back: NDArray[np.float64]
) -> RandomOrders:
    both = np.concatenate([front, back])
    low, high = np.percentile(both, [2.5, 97.5], axis=0)
    areas = [area_under(share, b) - area_under(share, f) for f, b in zip(front, back, strict=True)]
    return RandomOrders(share=share, mean=both.mean(axis=0), low=low, high=high, srg=np.array(areas))
