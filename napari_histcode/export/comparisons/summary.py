"""The key numbers of a comparison for the report of a slide."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.comparison import Comparison
from napari_histcode.export.comparisons.page import agreement_parts, ranking_parts, reference_parts

MOST_PICTURES = 2
"""Maps whose agreement is painted: those that rank best."""


def summary_parts(
    comparison: Comparison, overview_rgb: NDArray[np.uint8], *, page: str | None = None
) -> Iterator[str]:
    """Give the reference, the ranking of maps and baselines, and pictures of the agreement.

    The numbers are the comparison's own, set by the functions that set them on its page.

    Parameters
    ----------
    comparison : Comparison
        Maps beside a reference.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide.
    page : str, optional
        Address of the page with all numbers, relative to the report.
    """
    yield "<h2>Comparison with the reference</h2>"
    if page is not None:
        yield f'<p>All numbers: <a href="{escape(page)}">comparison</a>.</p>'
    for part in (
        *reference_parts(comparison),
        *ranking_parts(comparison),
        *agreement_parts(comparison, overview_rgb, most=MOST_PICTURES),
    ):
        yield part.replace("<h2>", "<h3>").replace("</h2>", "</h3>")
