"""Colours for heatmaps that neither invent edges nor exclude colour-blind readers.

Unsigned values get a perceptually uniform sequential scale. Signed values get a diverging one whose
neutral middle is pinned to zero, so that "for" and "against" cannot be confused. Rainbow scales are not
offered: they draw borders where the values have none.

References
----------
Nunez, Anderton, Renslow (2018). Optimizing colormaps with consideration for color vision deficiency.
PLoS ONE 13(7): e0199239.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_histcode.heatmap.heatmap import Heatmap, Normalisation

SEQUENTIAL = ("viridis", "magma", "inferno", "cividis")
"""Scales for unsigned values; the first is the default (it has no pink, the colour of the tissue)."""

DIVERGING = ("RdBu_r", "PuOr_r", "coolwarm")
"""Scales for signed values, safe for red-green blindness; the first is the default."""

_ROBUST_PERCENTILES = (1.0, 99.0)
_Z_LIMIT = 3.0


def default_colormap(heatmap: Heatmap) -> str:
    """Name the colour scale (as matplotlib knows it) that suits a heatmap."""
    return DIVERGING[0] if heatmap.is_signed else SEQUENTIAL[0]


def default_limits(
    values: ArrayLike, *, is_signed: bool, normalisation: Normalisation
) -> tuple[float, float]:
    """Choose the values at the two ends of the colour scale.

    Parameters
    ----------
    values : array_like
        Normalised values; those that are not finite are left out.
    is_signed : bool
        Whether the limits must be symmetric about zero.
    normalisation : {"raw", "percentile", "z"}
        What was done to the values.

    Returns
    -------
    low, high : float
        0 and 100 for percentiles, -3 and 3 for z-scores. For raw values the 1st and the 99th percentile,
        so that a few extreme tiles do not fade all others, made symmetric where signed; the whole range
        where those two agree. Always ``low < high``.
    """
    if normalisation == "percentile":
        return 0.0, 100.0
    if normalisation == "z":
        return -_Z_LIMIT, _Z_LIMIT
    found = np.asarray(values, dtype=np.float64).ravel()
    found = found[np.isfinite(found)]
    if not found.size:
        found = np.zeros(1)
    low, high = np.percentile(found, _ROBUST_PERCENTILES)
    if not low < high:
        low, high = found.min(), found.max()
    if is_signed:
        reach = max(abs(low), abs(high)) or 1.0
        return -float(reach), float(reach)
    if not low < high:  # a constant map: from zero to its value
        low, high = min(low, 0.0), max(high, 0.0)
    return (float(low), float(high)) if low < high else (0.0, 1.0)


def colour_table(name: str, n_colours: int = 256) -> NDArray[np.float64]:
    """Sample a colour scale from its low to its high end.

    Parameters
    ----------
    name : str
        Name of a matplotlib colour scale.
    n_colours : int
        How many samples.

    Returns
    -------
    ndarray of float64, (n_colours, 4)
        RGBA, 0 to 1.

    Raises
    ------
    ValueError
        If there is no scale of that name.
    """
    from matplotlib import colormaps

    if name not in colormaps:
        offered = ", ".join((*SEQUENTIAL, *DIVERGING))
        raise ValueError(f"There is no colour scale {name!r}: choose {offered} or another of matplotlib's.")
    return np.asarray(colormaps[name](np.linspace(0, 1, n_colours)), dtype=np.float64)


def colourise(
    heatmap: Heatmap, colormap: str | None = None, limits: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Turn a heatmap into colours.

    Parameters
    ----------
    heatmap : Heatmap
        What to colour.
    colormap : str, optional
        Name of the colour scale; `default_colormap` if not given.
    limits : tuple of float, optional
        Values at the ends of the scale; the heatmap's own if not given. Values beyond take the end's colour.

    Returns
    -------
    ndarray of uint8, (rows, columns, 4)
        RGBA; fully transparent where there is no tile.

    Raises
    ------
    ValueError
        If the limits are not in ascending order, or the scale is unknown.
    """
    low, high = heatmap.limits if limits is None else limits
    if not low < high:
        raise ValueError(f"Limits of a colour scale ascend: {low:g} is not below {high:g}.")
    table = np.round(255 * colour_table(colormap or default_colormap(heatmap))).astype(np.uint8)
    table = np.vstack([table, np.zeros((1, 4), np.uint8)])  # the last entry is "no tile"
    n_colours = len(table) - 1
    is_missing = np.isnan(heatmap.raster)
    scaled = np.clip((heatmap.raster.astype(np.float64) - low) / (high - low), 0, 1)
    place = np.where(is_missing, 0, scaled) * n_colours
    place = np.minimum(place.astype(np.intp), n_colours - 1)
    return table[np.where(is_missing, n_colours, place)]
