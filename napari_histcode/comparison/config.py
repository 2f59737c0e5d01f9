"""What to compare, and how: the configuration of a comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np

from napari_histcode.comparison.classes_of import is_class

KappaWeights = Literal["none", "linear", "quadratic"]


class Stream(IntEnum):
    """What randomness is drawn for; each purpose has a stream of its own, so that none disturbs another."""

    BLOCKS = 0
    SHIFTS = 1
    TIES = 2
    BASELINE = 3
    PATIENTS = 4


@dataclass(frozen=True, kw_only=True)
class ComparisonConfig:
    """How maps are compared with regions. The same configuration gives the same numbers everywhere."""

    positive: tuple[str, ...]
    """Classes of regions that count as positive; see `napari_histcode.comparison.classes_of.is_class`."""
    maps: tuple[str, ...] = ()
    """Names of the maps to compare; all of them if empty."""
    is_exhaustive: bool = False
    """Whether everything was annotated that is positive, so that unannotated tissue is negative. Otherwise
    only tissue inside regions of some class was looked at."""
    least_share: float = 0.5
    """Share of a tile's area from which on it is positive."""
    cut_offs: tuple[float, ...] = (0.1, 0.5, 0.9)
    """Shares at which the sensitivity run labels border tiles as well."""
    threshold: float | None = None
    """Fixed threshold on the raw values of the maps; where None, zero for signed maps and the uniform weight
    for attention."""
    top_shares: tuple[float, ...] = (0.05, 0.1, 0.2)
    """Shares of the slide's tiles that the top-p thresholds take."""
    top_counts: tuple[int, ...] = (1, 5, 10)
    """Numbers of best tiles for the precision at k; one per cent of the tiles is always added."""
    max_fpr: float = 0.1
    """False-positive rate up to which the partial AUROC goes."""
    tolerance_um: float | None = None
    """Tolerance of the boundary in micrometres; half a tile if None, and never less."""
    class_of_output: tuple[tuple[str, str], ...] = ()
    """Pairs of a head's output and the class of regions it stands for, for the confusion matrix."""
    kappa_weights: KappaWeights = "none"
    """Weights of Cohen's kappa for ordered classes."""
    n_bins: int = 10
    """Bins of equal width of the reliability plot."""
    block_um: float = 1000.0
    """Width of the blocks of the spatial bootstrap in micrometres."""
    n_resamples: int = 1000
    """Draws of every bootstrap; 0 for no intervals."""
    n_shifts: int = 999
    """Shifts of the null; 0 for no p-values."""
    seed: int = 0
    """Seed of all randomness."""

    def __post_init__(self) -> None:
        if not self.positive:
            raise ValueError("positive names at least one class.")
        for share in (self.least_share, *self.cut_offs, *self.top_shares, self.max_fpr):
            if not 0 < share <= 1:
                raise ValueError(f"A share is above 0 and at most 1, not {share}.")
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise ValueError(f"threshold is a number, not {self.threshold}.")
        if not self.block_um > 0:
            raise ValueError(f"block_um must be positive, not {self.block_um}.")
        if self.n_resamples < 0 or self.n_shifts < 0:
            raise ValueError("n_resamples and n_shifts are at least 0.")
        if self.n_bins < 1:
            raise ValueError(f"n_bins must be at least 1, not {self.n_bins}.")
        if min(self.top_counts, default=1) < 1:
            raise ValueError(f"top_counts are at least 1, not {self.top_counts}.")


def is_of_another_class(output: str | None, config: ComparisonConfig) -> bool:
    """Whether an output stands for a class that is not positive here, so that its maps should disagree."""
    name = dict(config.class_of_output).get(output or "")
    return name is not None and not is_class(name, config.positive)


def random_for(seed: int, stream: Stream) -> np.random.Generator:
    """Return the generator of one purpose."""
    return np.random.default_rng([seed, int(stream)])
