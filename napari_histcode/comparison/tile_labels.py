"""Label tiles by how much of their area a pathologist's regions cover."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation
from napari_histcode.tiling.grid import TileGrid


class TileLabel(IntEnum):
    """What the reference says of a tile."""

    OUTSIDE = -2
    """Not inside any annotated region, or inside an ignored one: nobody looked."""
    BORDER = -1
    """Partly covered: neither one nor the other."""
    NEGATIVE = 0
    """Annotated as something else."""
    POSITIVE = 1
    """Annotated as the class in question."""


def label_tiles(
    grid: TileGrid,
    annotations: Sequence[Annotation],
    positive: Sequence[str],
    *,
    least_share: float = 0.5,
    is_exhaustive: bool = False,
) -> NDArray[np.int8]:
    """Label tiles as positive, negative, border or outside.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    annotations : sequence of Annotation
        Regions in level-0 pixels.
    positive : sequence of str
        Classes that count as positive.
    least_share : float
        Share of a tile's area from which on it is positive.
    is_exhaustive : bool
        Whether everything that is not annotated is known to be negative. Otherwise only tiles that
        regions of other classes cover by ``least_share`` are negative.

    Returns
    -------
    ndarray of int8, (n_tiles,)
        Values of `TileLabel`.
    """
    from napari_histcode.comparison.reference import make_reference

    return make_reference(
        grid, annotations, positive, least_share=least_share, is_exhaustive=is_exhaustive
    ).labels
