"""What a user waits for: processor seconds, so that a busy machine does not fail it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from napari_histcode.annotations import read_annotations, write_annotations

N_OBJECTS = 100_000


def test_a_hundred_thousand_objects_load_in_five_seconds(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    angle = np.linspace(0, 2 * np.pi, 13)
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    outlines = (rng.uniform(100, 60_000, (N_OBJECTS, 1, 2)) + 9 * unit).round(2)
    path = tmp_path / "cells.geojson"
    with path.open("w") as file:
        file.write('{"type":"FeatureCollection","features":[')
        for i, ring in enumerate(outlines.tolist()):
            comma = "," if i else ""
            file.write(
                f'{comma}{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":[{ring}]}},'
                '"properties":{"objectType":"detection","classification":{"name":"Tumor","color":[200,0,0]}}}'
            )
        file.write("]}")
    start = time.process_time()
    result = read_annotations(path)
    assert time.process_time() - start < 5
    assert len(result) == N_OBJECTS
    assert not result.report.findings
    start = time.process_time()
    write_annotations(result.annotations[: N_OBJECTS // 5], tmp_path / "again.geojson")
    assert time.process_time() - start < 3
