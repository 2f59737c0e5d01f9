"""Learning rates as functions of how far the training has come."""

from __future__ import annotations

from math import cos, pi


def half_cosine(progress: float, *, start: float, end: float) -> float:
    """Go from ``start`` at progress 0 to ``end`` at 1 along half a cosine; constant outside.

    Loshchilov and Hutter, ICLR 2017 (arXiv 1608.03983), without restarts.
    """
    clamped = min(max(progress, 0.0), 1.0)
    return end + (start - end) * (1 + cos(pi * clamped)) / 2


def warm_up(step: int, n_steps: int) -> float:
    """Return the factor that grows linearly to 1: ``(step + 1) / n_steps`` in step 0 to ``n_steps - 1``."""
    return min(1.0, (step + 1) / n_steps) if n_steps else 1.0


def learning_rate(step: int, progress: float, *, peak: float, final: float, warmup_steps: int) -> float:
    """Return the network's rate: warm-up times half cosine.

    Parameters
    ----------
    step : int
        Steps taken so far.
    progress : float
        Share of the training that is over, by steps or by time.
    peak, final : float
        Rate that the cosine begins and ends with.
    warmup_steps : int
        Steps of the warm-up.
    """
    return warm_up(step, warmup_steps) * half_cosine(progress, start=peak, end=final)
