"""Where to cut a map in two: rules that do not know the answer, and one that does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.curves import best_dice
from napari_histcode.statistics.estimate import NAN

_OTSU_BINS = 256

Rule = Literal["fixed", "otsu", "top", "oracle"]


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A cut: tiles with at least this value are taken."""

    rule: Rule
    """"fixed" before the slide was seen, "otsu" from the slide's values, "top" a share of the slide's tiles,
    or "oracle", which knows the reference and is an upper bound, not a result."""
    value: float
    """The threshold on raw values; NaN where there is none."""
    share: float | None = None
    """Share of tiles that a "top" threshold asks for."""
    reason: str = ""
    """Why there is no threshold."""

    @property
    def name(self) -> str:
        """The rule as shown: "fixed", "Otsu", "top 10 %", "oracle"."""
        if self.share is not None:
            return f"top {100 * self.share:g} %"
        return {"otsu": "Otsu"}.get(self.rule, self.rule)

    @property
    def is_oracle(self) -> bool:
        """Whether it was chosen with the reference in sight."""
        return self.rule == "oracle"


def fixed_threshold(value: float | None, *, reason: str = "") -> Threshold:
    """Take a threshold that was set before the slide was seen, or say that there is none."""
    if value is None:
        return Threshold(rule="fixed", value=NAN, reason=reason or "no threshold was fixed for this map")
    return Threshold(rule="fixed", value=value)


def otsu_threshold(values: NDArray[np.floating]) -> Threshold:
    """Cut between the two groups of finite values that differ most (Otsu 1979), over 256 bins."""
    from skimage.filters import threshold_otsu

    finite = np.asarray(values, np.float64)[np.isfinite(values)]
    if not len(finite) or finite.min() == finite.max():
        return Threshold(rule="otsu", value=NAN, reason="the map has one value everywhere")
    low, high = float(finite.min()), float(finite.max())
    scaled = (finite - low) / (high - low)  # the histogram fails on values of tiny spread, as attention has
    # skimage gives the middle of the last bin below; the cut is where that bin ends
    cut = float(threshold_otsu(scaled, nbins=_OTSU_BINS)) + 0.5 / _OTSU_BINS
    return Threshold(rule="otsu", value=low + cut * (high - low))


def top_threshold(values: NDArray[np.floating], share: float) -> Threshold:
    """Take the highest share of the finite values, at least one; all tiles of the last value come along."""
    finite = np.asarray(values, np.float64)[np.isfinite(values)]
    if not len(finite):
        return Threshold(rule="top", value=NAN, share=share, reason="the map has no value")
    k = max(1, round(share * len(finite)))
    return Threshold(rule="top", value=float(np.partition(finite, -k)[-k]), share=share)


def oracle_threshold(scores: NDArray[np.floating], is_positive: NDArray[np.bool_]) -> Threshold:
    """Choose the threshold of greatest Dice with the reference in sight."""
    value, _ = best_dice(scores, is_positive)
    reason = "" if np.isfinite(value) else "no tile is positive"
    return Threshold(rule="oracle", value=value, reason=reason)
