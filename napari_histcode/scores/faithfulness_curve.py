"""Deletion and insertion curves of one map, and the numbers that sum them up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class FaithfulnessCurve:
    """What is recorded of one output while tiles go, most relevant first or least relevant first.

    Only which tiles are there counts, never in which order they went: adding the most relevant tiles first
    passes through the same bags as deleting the least relevant ones first, the other way round. The
    two insertion curves are therefore the two deletion curves read backwards.
    """

    share: NDArray[np.float64]
    """(n_steps,) share of the tiles that are gone, rising from 0 to 1, symmetric about 1/2."""
    most_first: NDArray[np.float64]
    """(n_steps,) recorded output, most relevant tiles deleted first (MoRF)."""
    least_first: NDArray[np.float64]
    """(n_steps,) recorded output, least relevant tiles deleted first (LeRF)."""

    def __post_init__(self) -> None:
        for array in (self.share, self.most_first, self.least_first):
            array.flags.writeable = False

    @property
    def aupc_morf(self) -> float:
        """Area under the curve with the most relevant tiles deleted first; lower is better."""
        return area_under(self.share, self.most_first)

    @property
    def aupc_lerf(self) -> float:
        """Area under the curve with the least relevant tiles deleted first; higher is better."""
        return area_under(self.share, self.least_first)

    @property
    def srg(self) -> float:
        """Symmetric relevance gain: ``aupc_lerf - aupc_morf``; 0 is chance, higher is better."""
        return self.aupc_lerf - self.aupc_morf

    @property
    def insert_most_first(self) -> NDArray[np.float64]:
        """(n_steps,) recorded output over the share of tiles that are there, most relevant added first."""
        return self.least_first[::-1]

    @property
    def insert_least_first(self) -> NDArray[np.float64]:
        """(n_steps,) recorded output over the share of tiles that are there, least relevant added first."""
        return self.most_first[::-1]

    def with_only(self, share: float) -> float:
        """Give the recorded output with only that share of the most relevant tiles (sufficiency)."""
        return float(self.insert_most_first[self._step(share)])

    def without(self, share: float) -> float:
        """Give the recorded output without that share of the most relevant tiles (necessity)."""
        return float(self.most_first[self._step(share)])

    def _step(self, share: float) -> int:
        """Return the step nearest to a share, and at least one tile."""
        return max(int(np.abs(self.share - share).argmin()), 1)


def area_under(share: NDArray[np.float64], recorded: NDArray[np.float64]) -> float:
    """Area under a curve over the share of tiles, by the trapezoidal rule: the mean of the curve."""
    return float(((recorded[1:] + recorded[:-1]) / 2 * np.diff(share)).sum())
