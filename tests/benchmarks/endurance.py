"""Does the window grow? Run ``python -m tests.benchmarks.endurance [--minutes 10]`` under a screen.

Reads a large slide for ten minutes as a person might: drags, zooms, jumps, an analysis of what is in view,
maps switched on and recoloured, tiles flown to. Prints the process's memory once a minute and at the end one
line of JSON: before the slide was opened, the growth to the end and at most, in MB.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle

import napari
import numpy as np
import psutil

from napari_histcode.plugin.dock import HistCodeDock
from napari_histcode.plugin.session import Phase
from napari_histcode.plugin.window import open_window, settle, wait_until
from tests.benchmarks.large_slide import large_slide

PATIENCE_S = 300.0
BREATH_S = 0.3


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    path = large_slide()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HISTCODE_CACHE"] = cache
        viewer, dock = open_window()
        viewer.window.resize(1366, 768)
        settle(viewer, dock, patience_s=PATIENCE_S)
        before = memory_mb()
        dock.controller.open_slide(path)
        settle(viewer, dock, patience_s=PATIENCE_S)
        seen = [memory_mb()]
        start = last = time.monotonic()
        n_deeds = 0
        for _ in deeds(viewer, dock):
            seen.append(memory_mb())
            n_deeds += 1
            now = time.monotonic()
            if now - last > 60:
                last = now
                print(f"{(now - start) / 60:.0f} min, {n_deeds} deeds: {seen[-1]:.0f} MB", flush=True)
            if now - start > 60 * minutes:
                break
        result = {
            "benchmark": "endurance", "minutes": minutes, "deeds": n_deeds, "before_mb": round(before),
            "growth_at_the_end_mb": round(seen[-1] - before), "growth_at_most_mb": round(max(seen) - before),
        }  # fmt: skip
        print(json.dumps(result))
        dock.shut_down()
        viewer.close()


def memory_mb() -> float:
    """Memory that the process holds."""
    return psutil.Process().memory_info().rss / 1e6


def live(seconds: float) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end, patience_s=seconds + 1)


def deeds(viewer: napari.Viewer, dock: HistCodeDock) -> Iterator[None]:
    """Do one thing after another, for ever."""
    random = np.random.default_rng(0)
    height, width = (extent for extent in viewer.layers[0].extent.world[1])
    camera = viewer.scene.camera
    for what in cycle(("jump", "drag", "zoom", "jump", "drag", "maps", "jump", "drag", "analyse", "tiles")):
        if what == "jump":
            camera.center = tuple(random.uniform(0.15, 0.85, 2) * (height, width))
            live(BREATH_S)
        elif what == "zoom":
            for zoom in np.geomspace(1 / 32, 2, 12):
                camera.zoom = zoom
                live(BREATH_S)
            camera.zoom = 1
        elif what == "drag":
            for _ in range(15):
                camera.center = tuple(np.add(camera.center[-2:], (40, 60)))
                live(BREATH_S / 3)
        elif what == "maps":
            recolour(dock)
        elif what == "analyse":
            analyse_view(dock)
        elif dock.session.result is not None and dock.tiles_panel.gallery.positions:
            dock.controller.fly_to_tile(int(random.choice(dock.tiles_panel.gallery.positions)))
            live(BREATH_S)
        yield


def recolour(dock: HistCodeDock) -> None:
    """Show each map in turn, in another colour scale and normalisation."""
    if dock.session.result is None:
        return
    maps = dock.controller.maps
    for tile_map in dock.session.result.scores.maps[:6]:
        maps.show_alone(tile_map.name)
        for colormap in ("viridis", "magma"):
            maps.set_colormap(colormap)
            live(BREATH_S)


def analyse_view(dock: HistCodeDock) -> None:
    """Analyse the whole slide for a while; what is cached is not done again."""
    dock.controller.analyse()
    end = time.monotonic() + 20
    wait_until(
        lambda: dock.session.analysing.phase is Phase.IDLE or time.monotonic() > end, patience_s=PATIENCE_S
    )
    dock.controller.cancel_analysis()
    wait_until(lambda: dock.session.analysing.phase is Phase.IDLE, patience_s=PATIENCE_S)


if __name__ == "__main__":
    main()
