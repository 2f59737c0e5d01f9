"""Tiles with their scores as QuPath tile objects, for QuPath's measurement maps.

One polygon a tile, in level-0 pixels of the slide. QuPath crops some slides to the bounds that the
scanner recorded, and then counts from that corner: give it as ``origin_px0``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from napari_histcode.export.provenance import provenance_of, to_json
from napari_histcode.files import replacing
from napari_histcode.heatmap.normalise import percentile_ranks
from napari_histcode.progress import CancelToken
from napari_histcode.scores.scores import SlideScores
from napari_histcode.tiling.grid import TileGrid

TILES_AT_ONCE = 2000
"""Tiles formatted before they are written; bounds the memory."""

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:histcode:tile")


def export_tiles_geojson(
    scores: SlideScores,
    path: str | Path,
    *,
    maps: Sequence[str] | None = None,
    origin_px0: tuple[float, float] = (0.0, 0.0),
    provenance: Mapping[str, Any] | None = None,
    cancel: CancelToken | None = None,
) -> Path:
    """Write the tiles as a GeoJSON FeatureCollection of QuPath tiles.

    Each tile has two measurements a map, "histcode: <label> (raw)" and "histcode: <label> (percentile)".
    Its id follows from slide and place, so that a second export has the same ids. The file is written
    piece by piece, whatever the number of tiles.

    Parameters
    ----------
    scores : SlideScores
        Scores of a slide.
    path : str or Path
        The file to write; QuPath wants ".geojson" or ".json".
    maps : sequence of str, optional
        Names of the maps to write; all if not given.
    origin_px0 : tuple of float
        Where the reading program's (0, 0) is, in level-0 pixels, x then y.
    provenance : mapping, optional
        Audit record, made from the scores if not given; the member "histcode" of the collection.
    cancel : CancelToken, optional
        Stops the writing, and nothing is left behind.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    UnknownMapError
        If there is no map of a given name.
    OutputError
        If the file cannot be written.
    AnalysisCancelledError
        If it was cancelled.
    """
    path = Path(path)
    names = scores.map_names if maps is None else tuple(maps)
    measurements = measurements_of(scores, names)
    record = dict(provenance or provenance_of(scores))
    record |= {"normalisation": "raw and percentile within the slide", "origin_px0": list(origin_px0)}
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"type":"FeatureCollection","histcode":{to_json(record)},"features":[')
        separator = "\n"
        for lines in _features(scores, measurements, origin_px0):
            if cancel is not None:
                cancel.raise_if_cancelled()
            file.write(separator + ",\n".join(lines))
            separator = ",\n"
        file.write("\n]}\n")
    return path


def measurements_of(scores: SlideScores, names: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Return the measurements that QuPath shows: name to (n_tiles,) values.

    Raises
    ------
    UnknownMapError
        If there is no map of a given name.
    """
    chosen = [scores.map(name) for name in names]
    labels = [tile_map.label for tile_map in chosen]
    measurements: dict[str, NDArray[np.float32]] = {}
    for tile_map in chosen:
        is_clear = labels.count(tile_map.label) == 1
        title = tile_map.label if is_clear else f"{tile_map.label} [{tile_map.name}]"
        measurements[f"histcode: {title} (raw)"] = tile_map.values
        ranks = percentile_ranks(tile_map.values)
        measurements[f"histcode: {title} (percentile)"] = ranks.astype(np.float32)
    return measurements


def tile_ids(grid: TileGrid) -> list[UUID]:
    """Give each tile an id that follows from the slide, the lattice and its place on it."""
    lattice = f"{grid.slide.digest}/{grid.size_px0}/{grid.stride_px0}"
    return [uuid5(_NAMESPACE, f"{lattice}/{column}/{row}") for column, row in grid.index.tolist()]


def _features(
    scores: SlideScores, measurements: Mapping[str, NDArray[np.float32]], origin_px0: tuple[float, float]
) -> Iterator[list[str]]:
    """Format the tiles, some at a time. By hand: the json module takes six times as long."""
    titles = [json.dumps(name, ensure_ascii=False) for name in measurements]
    columns = list(measurements.values())
    for start in range(0, len(scores.grid), TILES_AT_ONCE):
        places = np.arange(start, min(start + TILES_AT_ONCE, len(scores.grid)))
        grid = scores.grid.select(places)
        corner = grid.xy_px0 - np.asarray(origin_px0)
        boxes = np.hstack([corner, corner + np.asarray(grid.size_px0)]).tolist()
        values = [column[places].tolist() for column in columns]
        rows = zip(*values, strict=True) if values else [()] * len(places)
        parts = zip(boxes, rows, tile_ids(grid), strict=True)
        yield [_feature(box, titles, row, tile_id) for box, row, tile_id in parts]


def _feature(box: Sequence[float], titles: Sequence[str], values: Sequence[float], tile_id: UUID) -> str:
    left, top, right, bottom = (f"{coordinate:.2f}" for coordinate in box)
    ring = f"[{left},{top}],[{right},{top}],[{right},{bottom}],[{left},{bottom}],[{left},{top}]"
    pairs = ",".join(f"{name}:{_number(value)}" for name, value in zip(titles, values, strict=True))
    return (
        f'{{"type":"Feature","id":"{tile_id}","geometry":{{"type":"Polygon","coordinates":[[{ring}]]}},'
        f'"properties":{{"objectType":"tile","isLocked":true,"measurements":{{{pairs}}}}}}}'
    )


def _number(value: float) -> str:
    """Write a number to the seven digits a float32 holds; what JSON cannot say, as QuPath writes it."""
    if math.isfinite(value):
        return f"{value:.7g}"
    if math.isnan(value):
        return '"NaN"'
    return '"Infinity"' if value > 0 else '"-Infinity"'
