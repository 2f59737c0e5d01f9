"""Which of many maps a report draws, and the others in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np

from napari_histcode.export.html_table import Cell, data_table
from napari_histcode.heatmap import Heatmap
from napari_histcode.scores.scores import Prediction, SlideScores, TileMap


def choose_maps(
    scores: SlideScores, names: Sequence[str], *, most: int, wanted: Sequence[str] = ()
) -> tuple[str, ...]:
    """Choose the maps to draw: all of them, if they are few enough.

    Of many, those that are wanted come first, then each head's attention, then maps of the outputs that stand
    out: for every head in turn its highest probability, or its greatest value without regard to the sign.

    Parameters
    ----------
    scores : SlideScores
        Scores of the slide.
    names : sequence of str
        Maps to choose from.
    most : int
        How many at most.
    wanted : sequence of str
        Maps that somebody looks at.

    Returns
    -------
    tuple of str
        In the order of ``names``.
    """
    if len(names) <= most:
        return tuple(names)
    maps = [scores.map(name) for name in names]
    ranked = [name for name in wanted if name in names]
    ranked += [one.name for one in maps if one.kind == "attention"]
    ranked += [name for prediction in _standing_out(scores) for name in _maps_of(prediction, maps)[:1]]
    ranked += [name for prediction in _standing_out(scores) for name in _maps_of(prediction, maps)[1:]]
    ranked += names
    chosen = set(list(dict.fromkeys(ranked))[:most])
    return tuple(name for name in names if name in chosen)


def _standing_out(scores: SlideScores) -> list[Prediction]:
    """Order predictions so that the first of every head come first."""
    heads: dict[str, list[Prediction]] = {}
    for prediction in scores.predictions:
        heads.setdefault(prediction.head, []).append(prediction)
    columns = [sorted(found, key=_rank) for found in heads.values()]
    return [one for row in zip_longest(*columns) for one in row if one is not None]


def _rank(prediction: Prediction) -> float:
    value = prediction.value if prediction.quantity == "probability" else abs(prediction.value)
    return -value if np.isfinite(value) else np.inf


def _maps_of(prediction: Prediction, maps: Sequence[TileMap]) -> list[str]:
    """Name the maps of an output, that of single tiles first."""
    found = [one for one in maps if (one.head, one.output) == (prediction.head, prediction.output)]
    return [one.name for one in sorted(found, key=lambda one: one.kind != "single_tile")]


def other_maps(heatmaps: Sequence[Heatmap], scores: SlideScores) -> Iterator[str]:
    """Give a table of maps that are not drawn: their quantity and the spread of their raw values."""
    if not heatmaps:
        return
    yield f"<h3>{len(heatmaps):,} more maps, not drawn</h3>"
    rows: list[list[Cell]] = []
    for heatmap in heatmaps:
        tile_map = scores.map(heatmap.name)
        found = tile_map.values[np.isfinite(tile_map.values)].astype(float)
        low, middle, high = np.percentile(found, (1, 50, 99)) if found.size else (np.nan,) * 3
        quantity = f"{tile_map.quantity} ({tile_map.unit})" if tile_map.unit else tile_map.quantity
        rows.append([f"{tile_map.label}: {quantity}", float(low), float(middle), float(high)])
    yield from data_table(["map", "1st percentile of tiles", "median", "99th percentile"], rows)
