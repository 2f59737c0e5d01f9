"""Does reading hide behind the network? Run ``python -m tests.benchmarks.encode [--tiles N]``.

Reads tiles of a large slide without a network, runs the network on tiles in memory, and does both as the
pipeline does, each in a process of its own that starts cold, in turns, so that a noisy machine disturbs all
alike. Prints one line of JSON: medians in seconds, ``ratio`` = both / max(read, network), and the peak
memory of the process that does both.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from napari_histcode.features.encode import default_batch_size, encode_tiles, read_batches
from napari_histcode.models.devices import choose_device
from napari_histcode.models.model_file import load_model
from napari_histcode.progress import CancelToken
from napari_histcode.slide import Slide, open_slide
from napari_histcode.tiling import TileGrid, TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tissue.find import find_tissue
from tests.benchmarks.large_slide import large_slide


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="bundled")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", choices=["read", "network", "both"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure_one(options)))
        return
    large_slide()
    runs: dict[str, list[dict[str, float]]] = {"read": [], "network": [], "both": []}
    for _ in range(options.rounds):
        for name, results in runs.items():
            results.append(in_new_process(name, options))
    seconds = {name: statistics.median(r["seconds"] for r in results) for name, results in runs.items()}
    print(
        json.dumps(
            {
                "benchmark": "encode",
                "tiles": runs["both"][0]["tiles"],
                "cores": os.cpu_count(),
                "device": options.device,
                **{f"{name}_s": round(value, 2) for name, value in seconds.items()},
                "tiles_per_s": round(runs["both"][0]["tiles"] / seconds["both"], 1),
                "ratio": round(seconds["both"] / max(seconds["read"], seconds["network"]), 3),
                "peak_memory_mb": round(max(r["peak_memory_mb"] for r in runs["both"])),
            }
        )
    )


def in_new_process(name: str, options: argparse.Namespace) -> dict[str, float]:
    """Measure one thing in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.encode", "--only", name, "--tiles", str(options.tiles)]
    command += ["--model", options.model, "--device", options.device]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(output.splitlines()[-1]))


def measure_one(options: argparse.Namespace) -> dict[str, float]:
    """Time reading, the network, or both on the same tiles."""
    model = load_model(options.model).to(choose_device(options.device))
    encoder = model.encoder
    batch_size = default_batch_size(encoder)
    tile_px = encoder.record.tile_px
    warm = np.random.default_rng(0).integers(0, 255, (batch_size, tile_px, tile_px, 3), dtype=np.uint8)
    encoder.encode(warm)
    encoder.encode(warm)
    with open_slide(large_slide()) as slide:
        grid = grid_of(slide, encoder.record.tile_px, encoder.record.mpp, options.tiles)
        start = time.perf_counter()
        if options.only == "both":
            encode_tiles(slide, grid, encoder, batch_size=batch_size)
        elif options.only == "read":
            for _ in read_batches(
                slide,
                grid,
                np.arange(len(grid)),
                batch_size=batch_size,
                n_readers=os.cpu_count() or 1,
                cancel=CancelToken(),
            ):
                pass
        else:
            for _ in range(0, len(grid), batch_size):
                encoder.encode(warm)
        seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "tiles": len(grid), "peak_memory_mb": peak_mb}


def grid_of(slide: Slide, tile_px: int, mpp: float, n_tiles: int) -> TileGrid:
    """Lay the first ``n_tiles`` tissue tiles of the slide, in reading order."""
    grid = lay_tiles(slide, find_tissue(slide), TilingConfig(tile_px=tile_px, target_mpp=mpp))
    return grid.select(np.arange(min(n_tiles, len(grid))))


if __name__ == "__main__":
    main()
