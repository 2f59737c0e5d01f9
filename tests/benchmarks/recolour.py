"""How long does another colour scale take? Run ``python -m tests.benchmarks.recolour`` under a screen.

Shows a map of 50,000 tiles in the real window and measures how long the GUI thread is held by another colour
scale, another normalisation, another window of values and hidden tiles, each up to the moment when it could
answer the next click; and, beside it, by drawing the next frame. Prints one line of JSON, in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable
from itertools import cycle
from math import ceil, sqrt

import numpy as np

from napari_histcode.plugin.dock import HistCodeDock
from napari_histcode.plugin.session import Result
from napari_histcode.plugin.window import open_window, settle
from tests.benchmarks.large_slide import large_slide
from tests.builders import make_grid, make_scores

ROUNDS = 15


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=50_000)
    n_tiles = parser.parse_args().tiles
    viewer, dock = open_window()
    viewer.window.resize(1366, 768)
    dock.controller.open_slide(large_slide())
    settle(viewer, dock, patience_s=120)
    show_tiles(dock, n_tiles)
    settle(viewer, dock, patience_s=120)
    maps = dock.controller.maps
    found = {
        "colour_scale": timed(maps.set_colormap, ("viridis", "magma")),
        "normalisation": timed(maps.set_normalisation, ("percentile", "z", "raw")),
        "window_of_values": timed(maps.set_window, ((0.0, 1e-4), (0.0, 2e-4))),
        "hide_outside": timed(lambda is_on: maps.hide_outside(is_hidden=is_on), (True, False)),
        "next_frame": timed(lambda _: viewer.screenshot(canvas_only=True, flash=False), (0,)),
    }
    print(json.dumps({"benchmark": "recolour", "tiles": n_tiles, "cores": os.cpu_count(), "ms": found}))
    dock.shut_down()
    viewer.close()


def show_tiles(dock: HistCodeDock, n_tiles: int) -> None:
    """Put a made-up result of so many tiles on the slide, one map switched on."""
    columns = ceil(sqrt(n_tiles))
    grid = make_grid(columns, ceil(n_tiles / columns)).select(np.arange(n_tiles))
    scores = make_scores(grid=grid)
    dock.session.result = Result(scores=scores)
    dock.controller.maps.show_alone("tissue.attention")


def timed(change: Callable[..., object], values: Iterable[object]) -> dict[str, float]:
    """Time a change with these values in turn; the first of each is left out."""
    values = tuple(values)
    milliseconds = []
    for value, _ in zip(cycle(values), range(ROUNDS + len(values)), strict=False):
        start = time.perf_counter()
        change(value)
        milliseconds.append((time.perf_counter() - start) * 1000)
    kept = sorted(milliseconds[len(values) :])
    return {"median": round(statistics.median(kept), 1), "max": round(kept[-1], 1)}


if __name__ == "__main__":
    main()
