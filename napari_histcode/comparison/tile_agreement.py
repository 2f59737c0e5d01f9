"""The agreement of a map with the reference tile by tile, as a layer with its own colours."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.reference import TileReference
from napari_histcode.comparison.tile_labels import TileLabel


class TileAgreement(IntEnum):
    """What a thresholded map and the reference say together of a tile."""

    NOT_ASSESSED = 0
    """Nobody looked at it, or the map has no value there."""
    TRUE_NEGATIVE = 1
    """Neither."""
    TRUE_POSITIVE = 2
    """Both."""
    FALSE_POSITIVE = 3
    """The map alone."""
    FALSE_NEGATIVE = 4
    """The reference alone."""
    BORDER = 5
    """Partly covered: it does not count."""


AGREEMENT_COLOURS: dict[TileAgreement, tuple[int, int, int]] = {
    TileAgreement.TRUE_POSITIVE: (0x00, 0x72, 0xB2),
    TileAgreement.FALSE_POSITIVE: (0xD5, 0x5E, 0x00),
    TileAgreement.FALSE_NEGATIVE: (0xF0, 0xE4, 0x42),
    TileAgreement.BORDER: (0x99, 0x99, 0x99),
}
"""Colours that people with any colour vision tell apart (Okabe and Ito); the others are not painted."""

AGREEMENT_LABELS: dict[TileAgreement, str] = {
    TileAgreement.TRUE_POSITIVE: "true positive",
    TileAgreement.FALSE_POSITIVE: "false positive",
    TileAgreement.FALSE_NEGATIVE: "false negative",
    TileAgreement.TRUE_NEGATIVE: "true negative",
    TileAgreement.BORDER: "border",
    TileAgreement.NOT_ASSESSED: "not assessed",
}
"""Names as shown."""


def agree(values: NDArray[np.floating], threshold: float, reference: TileReference) -> NDArray[np.int8]:
    """Compare a map at a threshold with the reference, tile by tile.

    Cheap enough for a slider.

    Parameters
    ----------
    values : ndarray, (n_tiles,)
        The map.
    threshold : float
        Tiles with at least this value are taken; NaN takes none and leaves all not assessed.
    reference : TileReference
        The reference.

    Returns
    -------
    ndarray of int8, (n_tiles,)
        Values of `TileAgreement`.
    """
    agreement = np.full(len(values), TileAgreement.NOT_ASSESSED, np.int8)
    if not np.isfinite(threshold):
        return agreement
    known = np.isfinite(values)
    taken = known & (np.where(known, values, 0) >= threshold)
    is_positive = reference.is_positive & known
    is_negative = (reference.labels == TileLabel.NEGATIVE) & known
    agreement[is_negative & ~taken] = TileAgreement.TRUE_NEGATIVE
    agreement[is_positive & taken] = TileAgreement.TRUE_POSITIVE
    agreement[is_negative & taken] = TileAgreement.FALSE_POSITIVE
    agreement[is_positive & ~taken] = TileAgreement.FALSE_NEGATIVE
    agreement[(reference.labels == TileLabel.BORDER) & known] = TileAgreement.BORDER
    return agreement
