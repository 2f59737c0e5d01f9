"""Distance and spread as maps that can be painted over the slide."""

from __future__ import annotations

import numpy as np

from napari_histcode.scores.scores import TileMap
from napari_histcode.trust.distance import OodScores
from napari_histcode.trust.ensemble import EnsembleSpread

DISTANCE_MAP = "trust.distance"
"""Name of the map of distances."""


def distance_map(ood: OodScores) -> TileMap:
    """Paint how far each tile lies from the training tiles, from 0 to 1."""
    return TileMap(
        name=DISTANCE_MAP,
        label="distance from training tiles",
        head="trust",
        output=None,
        kind="distance",
        values=np.array(ood.distance, np.float32),
        quantity="distance",
        unit="",
        is_signed=False,
    )


def spread_map(spread: EnsembleSpread) -> TileMap:
    """Paint how much the members of an ensemble differ about each tile."""
    return TileMap(
        name=f"{spread.ensemble}.{spread.output}.spread",
        label=f"{spread.label}, spread of {len(spread.heads)} heads",
        head=spread.ensemble,
        output=spread.output,
        kind="spread",
        values=np.array(spread.tile_spread, np.float32),
        quantity="standard deviation of the output",
        unit="",
        is_signed=False,
    )
