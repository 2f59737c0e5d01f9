"""Round numbers for scale bars and colour bars."""

from __future__ import annotations

import math
from itertools import pairwise

_ROUND_STEPS = (1.0, 2.0, 5.0, 10.0)
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUS = "\N{MINUS SIGN}"

TIMES = "\N{MULTIPLICATION SIGN}"
"""Between the sides of an area and before a power of ten."""


def round_length(longest: float) -> float:
    """Return the greatest of 1, 2 and 5 times a power of ten that is not above ``longest``."""
    magnitude = 10.0 ** math.floor(math.log10(longest))
    fitting = [step * magnitude for step in _ROUND_STEPS if step * magnitude <= longest * (1 + 1e-9)]
    return max(fitting, default=magnitude)


def length_label(length_um: float) -> str:
    """Write a length as pathologists do: "200 µm", "2 mm"."""
    return f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"


def round_ticks(low: float, high: float, n_steps: int = 6) -> list[float]:
    """Choose three or more round values from low to high, at about ``n_steps`` distances.

    Zero is exactly zero, and is there whenever it lies between.
    """
    raw_step = (high - low) / n_steps
    magnitude = 10.0 ** math.floor(math.log10(raw_step))
    steps = [step * magnitude for step in _ROUND_STEPS]
    place = next(i for i, step in enumerate(steps) if step >= raw_step * (1 - 1e-9))
    ticks = _multiples(steps[place], low, high)
    return ticks if len(ticks) >= 3 else _multiples(steps[place - 1], low, high)


def _multiples(step: float, low: float, high: float) -> list[float]:
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [count * step for count in range(first, last + 1)]


def common_exponent(low: float, high: float) -> int:
    """Return the power of ten to factor out of tick labels; 0 where plain numbers are short enough."""
    largest = max(abs(low), abs(high))
    exponent = math.floor(math.log10(largest)) if largest else 0
    return 0 if -3 < exponent < 4 else exponent


def power_of_ten(exponent: int) -> str:
    """Write a power of ten with a raised exponent: "10⁻⁵"."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def tick_labels(ticks: list[float], exponent: int = 0) -> list[str]:
    """Write ticks, divided by a power of ten, with equally many decimals."""
    scaled = [tick / 10.0**exponent for tick in ticks]
    gaps = [b - a for a, b in pairwise(scaled)]
    smallest = min(gaps, default=abs(scaled[0]) if scaled else 1.0) or 1.0
    n_decimals = max(0, -math.floor(math.log10(smallest) + 1e-9))
    return [f"{value:.{n_decimals}f}".replace("-", _MINUS) for value in scaled]
