"""Whose word on the resolution counts, and which words are not believed."""

from __future__ import annotations

from napari_histcode.errors import ImplausibleMppError
from napari_histcode.slide.backend import StatedMpp
from napari_histcode.slide.record import Mpp

PLAUSIBLE_TIFF_RESOLUTION = (0.05, 8.0)
"""Micrometres per pixel for which the TIFF resolution tags are believed. Most programs write a screen's or a
printer's resolution there (72 dpi is 353, 300 dpi is 85 um/px), so the range is narrower than for metadata
that speaks of microscopes."""


def user_mpp(mpp: float | tuple[float, float]) -> Mpp:
    """Return the resolution that the user gave: one number, or one each for x and y.

    Raises
    ------
    ImplausibleMppError
        If no slide scanner makes that.
    """
    x, y = mpp if isinstance(mpp, tuple) else (mpp, mpp)
    return Mpp(x=float(x), y=float(y), source="user")


def judge(stated: StatedMpp | None) -> tuple[Mpp | None, str]:
    """Decide whether what the file states is to be believed.

    Returns
    -------
    mpp : Mpp or None
        The resolution, if it is plausible.
    complaint : str
        What the file states, as a sentence, if it is not; empty otherwise.
    """
    if stated is None:
        return None, ""
    complaint = (
        f"The slide's file states {stated.x:g} x {stated.y:g} um/px ({stated.source}), "
        "which is not plausible for a slide."
    )
    lowest, highest = PLAUSIBLE_TIFF_RESOLUTION
    is_printer_like = stated.source == "TIFF resolution" and not (
        lowest <= stated.x <= highest and lowest <= stated.y <= highest
    )
    if is_printer_like:
        return None, complaint
    try:
        return Mpp(x=stated.x, y=stated.y, source=stated.source), ""
    except ImplausibleMppError:
        return None, complaint
