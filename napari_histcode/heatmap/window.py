"""A window on the values of a map: which of them the colours spread over, and which are shown at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_histcode.heatmap.heatmap import Heatmap

Range = tuple[float, float]

STEADY_WITHIN = 0.1
"""Share of the span by which an end of a growing map's values may move before its colours are spread anew."""


def value_range(heatmap: Heatmap) -> Range:
    """Lowest and highest value of a heatmap's tiles; ``(0, 1)`` where none has one."""
    finite = heatmap.raster[np.isfinite(heatmap.raster)]
    if not finite.size:
        return 0.0, 1.0
    return float(finite.min()), float(finite.max())


def steady(before: Range | None, now: Range) -> Range:
    """Keep the limits of colours while they hardly move, so that a map that grows does not flicker.

    Parameters
    ----------
    before : tuple of float or None
        The limits in which the map was drawn last; None for the first time.
    now : tuple of float
        Those that suit it now.

    Returns
    -------
    tuple of float
        ``before``, unless an end has moved by more than a tenth of the span of ``now``.
    """
    if before is None:
        return now
    most = STEADY_WITHIN * (now[1] - now[0])
    is_steady = all(abs(old - new) <= most for old, new in zip(before, now, strict=True))
    return before if is_steady else now


def through_window(heatmap: Heatmap, window: Range, *, hides_outside: bool) -> Heatmap:
    """Look at a heatmap through a window of its values.

    Parameters
    ----------
    heatmap : Heatmap
        Normalised as it is shown.
    window : tuple of float
        Lowest and highest value that matter. The colours of an unsigned map spread from one to the other;
        those of a signed map stay centred on zero and reach as far as the farther one.
    hides_outside : bool
        Whether tiles beyond the window are not drawn. An end that does not cut into the heatmap's own limits
        hides nothing: a few extreme tiles lie beyond those, and are the last to be hidden.

    Returns
    -------
    Heatmap
        The same tiles with other limits, NaN where hidden.

    Raises
    ------
    ValueError
        If the window does not ascend.
    """
    low, high = window
    if not low < high:
        raise ValueError(f"A window of values ascends: {low:g} is not below {high:g}.")
    limits = (low, high)
    if heatmap.is_signed:
        reach = max(abs(low), abs(high))
        limits = (-reach, reach)
    raster = heatmap.raster
    if hides_outside:
        is_low = (raster < low) & (low > heatmap.limits[0])
        is_high = (raster > high) & (high < heatmap.limits[1])
        raster = np.where(is_low | is_high, np.float32(np.nan), raster)
    return replace(heatmap, limits=limits, raster=raster)
