"""Magnification as pathologists say it: 40x shows about a quarter of a micrometre a pixel."""

from __future__ import annotations

UM_PER_PX_AT_1X = 10.0
"""A scan of 0.25 um/px is called 40x and one of 0.5 um/px 20x, whatever lens made it."""

STEPS = (1.25, 2.5, 5.0, 10.0, 20.0, 40.0)
"""What the buttons offer."""

NEARLY = 1.02
"""Beyond the scan's own resolution by less than this is not worth a word."""


def magnification(um_per_screen_px: float) -> float:
    """Name the magnification at which a pixel of the screen shows so many micrometres."""
    return UM_PER_PX_AT_1X / um_per_screen_px


def um_per_screen_px(power: float) -> float:
    """Tell how many micrometres a pixel of the screen shows at a magnification."""
    return UM_PER_PX_AT_1X / power


def is_digital(power: float, mpp: float) -> bool:
    """Whether a view is enlarged beyond the scan: more pixels than were scanned, and no more detail."""
    return power > NEARLY * magnification(mpp)


def describe(power: float) -> str:
    """Write a magnification: "0.42x", "1.25x", "14.5x"."""
    return f"{power:.2g}x" if power < 1 else f"{power:.3g}x"
