"""A number with its interval, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NAN = float("nan")

LEAST_USABLE = 0.5
"""Share of draws that must give a number for an interval to be stated."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A statistic with its 95 % interval."""

    value: float
    """The statistic on all tiles that count; NaN where it is not defined."""
    low: float = NAN
    """Lower end of the interval; NaN where there is none."""
    high: float = NAN
    """Upper end of the interval; NaN where there is none."""
    reason: str = ""
    """Why the value or the interval is missing; empty where nothing is."""

    @property
    def is_defined(self) -> bool:
        """Whether there is a value."""
        return math.isfinite(self.value)

    def __str__(self) -> str:
        if not self.is_defined:
            return f"undefined ({self.reason})" if self.reason else "undefined"
        if not math.isfinite(self.low):
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def undefined(reason: str) -> Estimate:
    """Say that there is no number, and why."""
    return Estimate(value=NAN, reason=reason)


def with_interval(value: float, draws: NDArray[np.floating], *, reason: str = "") -> Estimate:
    """Put the 2.5th and 97.5th percentile of bootstrap draws around a value.

    Parameters
    ----------
    value : float
        The statistic on all tiles.
    draws : ndarray, (n_resamples,)
        The statistic on each draw; NaN where the draw did not define it.
    reason : str
        Why the value is NaN, or why there are no draws.
    """
    if not math.isfinite(value):
        return undefined(reason or "not defined on these tiles")
    if not len(draws):
        return Estimate(value=value, reason=reason)
    usable = draws[np.isfinite(draws)]
    if len(usable) < LEAST_USABLE * len(draws):
        return Estimate(value=value, reason="most draws of the bootstrap hold a single class")
    low, high = np.percentile(usable, [2.5, 97.5])
    return Estimate(value=value, low=float(low), high=float(high))
