"""How long does the window keep the reader waiting? Run ``python -m tests.benchmarks.view`` under a screen.

Opens a large slide in the real window and measures the time to the first frame, and how long the GUI thread
is blocked while panning, on far jumps, and while an analysis runs. The same pans over a small picture in
memory give the floor: what napari and the graphics driver need by themselves. Prints one line of JSON; blocks
are in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QTimer

from napari_histcode.plugin.dock import HistCodeDock
from napari_histcode.plugin.session import Phase
from napari_histcode.plugin.window import open_window, settle, wait_until
from tests.benchmarks.large_slide import large_slide

BEAT_MS = 2
PATIENCE_S = 120.0


class Heartbeat:
    """A timer on the GUI thread whose late beats are the blocks."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._blocks: list[float] = []
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MS)

    def _beat(self) -> None:
        now = time.perf_counter()
        self._blocks.append((now - self._last) * 1000 - BEAT_MS)
        self._last = now

    @contextmanager
    def blocks(self) -> Iterator[list[float]]:
        """Collect the blocks of this phase, in milliseconds."""
        self._blocks = collected = []
        self._last = time.perf_counter()
        yield collected


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job-seconds", type=float, default=20.0)
    options = parser.parse_args()
    path = large_slide()
    with tempfile.TemporaryDirectory() as cache:  # a run before must not have done the work
        os.environ["HISTCODE_CACHE"] = cache
        measure(path, options.job_seconds)


def measure(path: Path, job_seconds: float) -> None:
    """Drive the window, and print what was seen."""
    viewer, dock = open_window()
    viewer.window.resize(1366, 768)
    heart = Heartbeat()
    settle(viewer, dock, patience_s=PATIENCE_S)

    result: dict[str, object] = {"benchmark": "view", "cores": os.cpu_count()}
    floor = small_picture_pans(viewer, heart)
    start = time.perf_counter()
    with heart.blocks() as opening:
        dock.controller.open_slide(path)
        wait_until(lambda: is_first_frame_drawn(viewer), patience_s=PATIENCE_S)
    result["first_frame_s"] = round(time.perf_counter() - start, 2)
    settle(viewer, dock, patience_s=PATIENCE_S)
    result["open_block_max_ms"] = round(max(opening, default=0.0), 1)
    result["floor"] = summary(floor)
    result["pan"] = summary(pans(viewer, heart))
    result["far_jump"] = summary(far_jumps(viewer, heart))
    result["job"] = summary(during_job(viewer, dock, heart, job_seconds))
    print(json.dumps(result))
    viewer.close()


def summary(blocks: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum of the blocks that anybody could notice (over 5 ms)."""
    noticed = sorted(block for block in blocks if block > 5) or [0.0]
    return {
        "median_ms": round(statistics.median(noticed), 1),
        "p95_ms": round(float(np.percentile(noticed, 95)), 1),
        "max_ms": round(noticed[-1], 1),
    }


def is_first_frame_drawn(viewer: napari.Viewer) -> bool:
    """Whether a slide layer is there and has its pixels."""
    return any(layer.loaded for layer in viewer.layers)


def live(seconds: float) -> None:
    """Let the window live for a while."""
    end = time.perf_counter() + seconds
    wait_until(lambda: time.perf_counter() > end, patience_s=seconds + 1)


def steps(n: int, step: Callable[[int], None], pause_s: float) -> None:
    """Do something again and again, letting the window live in between."""
    for i in range(n):
        step(i)
        live(pause_s)


def pans(viewer: napari.Viewer, heart: Heartbeat) -> list[float]:
    """Drag across the slide at a resolution where single cells are seen."""
    height, width = (extent for extent in viewer.layers[0].extent.world[1])
    viewer.scene.camera.zoom = 1 / 1.0
    viewer.scene.camera.center = (height * 0.3, width * 0.3)
    live(1.5)

    def drag(i: int) -> None:
        viewer.scene.camera.center = (height * 0.3 + 40 * i, width * 0.3 + 60 * i)

    with heart.blocks() as blocks:
        steps(40, drag, 0.06)
    return blocks


def far_jumps(viewer: napari.Viewer, heart: Heartbeat) -> list[float]:
    """Jump to places that no cache can hold."""
    height, width = (extent for extent in viewer.layers[0].extent.world[1])
    random = np.random.default_rng(0)

    def jump(_: int) -> None:
        viewer.scene.camera.center = tuple(random.uniform(0.1, 0.9, 2) * (height, width))

    with heart.blocks() as blocks:
        steps(10, jump, 0.5)
    return blocks


def small_picture_pans(viewer: napari.Viewer, heart: Heartbeat) -> list[float]:
    """Move the same way over a picture in memory: the floor."""
    picture = np.random.default_rng(0).integers(0, 255, (1024, 1024, 3), dtype=np.uint8)
    layer = viewer.add_image(picture, rgb=True)
    live(1.0)

    def drag(i: int) -> None:
        viewer.scene.camera.center = (300 + 4 * i, 300 + 6 * i)

    with heart.blocks() as blocks:
        steps(40, drag, 0.06)
    viewer.layers.remove(layer)
    return blocks


def during_job(viewer: napari.Viewer, dock: HistCodeDock, heart: Heartbeat, seconds: float) -> list[float]:
    """Analyse without touching the window; cancel after a while."""
    live(1.0)
    with heart.blocks() as blocks:
        dock.controller.analyse()
        wait_until(lambda: dock.session.analysing.phase is Phase.IDLE, patience_s=seconds)
        dock.controller.cancel_analysis()
        wait_until(lambda: dock.session.analysing.phase is Phase.IDLE, patience_s=PATIENCE_S)
    return blocks


if __name__ == "__main__":
    main()
