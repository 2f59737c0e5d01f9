"""How fast does a slide answer? Run ``python -m tests.benchmarks.scores [--tiles 10000 50000 200000]``.

Scores bags of random features with the bundled model, and with a head of many genes in addition: all maps,
what-if, faithfulness of all maps, integrated gradients. Every size runs in a process of its own. Prints a
table with medians in milliseconds and how they grow with the tiles (1: in proportion), and a line of JSON.
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
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from shapely.geometry import Point

from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.card import HeadRecord, OutputRecord
from napari_histcode.models.heads import build_head
from napari_histcode.models.model import Model, build_model
from napari_histcode.models.model_file import load_model
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.faithfulness import measure_faithfulness
from napari_histcode.scores.integrated_gradients import N_STEPS, integrate_gradients
from napari_histcode.scores.score import score_bag, scores_of
from napari_histcode.scores.what_if import what_if
from napari_histcode.tiling.lookup import tiles_inside
from tests.builders import make_grid

SIZES = (10_000, 50_000, 200_000)
N_GENES = 20


def main() -> None:
    """Measure, and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only, options.rounds)))
        return
    found = {size: in_new_process(size, options.rounds) for size in options.tiles}
    print("\n".join(table(found)))
    print(json.dumps({"benchmark": "scores", "cores": os.cpu_count(), "ms": found}))


def in_new_process(size: int, rounds: int) -> dict[str, float]:
    """Measure one size in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.scores", "--only", str(size), "--rounds", str(rounds)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(output.splitlines()[-1]))


def table(found: dict[int, dict[str, float]]) -> list[str]:
    """Set medians and growth as a table in Markdown."""
    sizes = list(found)
    steps = [f"growth {small:,} to {large:,}" for small, large in pairwise(sizes)]
    rows = [["", *[f"{size:,} tiles" for size in sizes], *steps]]
    rows.append(["---"] * len(rows[0]))
    for name in found[sizes[0]]:
        values = [found[size][name] for size in sizes]
        growth = [
            f"{after / before / (large / small):.2f}"
            for (before, after), (small, large) in zip(pairwise(values), pairwise(sizes), strict=True)
        ]
        rows.append([name, *[f"{value:,.1f}" for value in values], *growth])
    return ["| " + " | ".join(row) + " |" for row in rows]


def measure(n_tiles: int, rounds: int) -> dict[str, float]:
    """Time everything on one bag; milliseconds, and memory in megabytes."""
    bundled = load_model("bundled")
    genes = with_genes(bundled)
    bag = random_bag(n_tiles, bundled)
    head = bundled.heads[0].name
    score_bag(bag, bundled)  # threads start
    before_mb = peak_mb()
    explanation = explain_bag(bag, bundled)
    both = explain_bag(bag, genes)
    random = np.random.default_rng(1)
    is_kept = random.random(n_tiles) < 0.9
    width, height = np.asarray(bag.grid.lattice_shape) * bag.grid.stride_px0
    region = Point(width / 2, height / 2).buffer(width / 8)  # one twentieth of the slide

    def without_region() -> None:
        kept = np.ones(n_tiles, bool)
        kept[tiles_inside(bag.grid, [region])] = False
        what_if(explanation, kept)

    times = {
        "all maps of all heads, from features": median_ms(lambda: score_bag(bag, bundled), rounds),
        f"the same with {N_GENES} genes more": median_ms(lambda: score_bag(bag, genes), rounds),
        "all maps, from the explanation": median_ms(lambda: scores_of(explanation), rounds),
        "what if, predictions alone": median_ms(lambda: what_if(explanation, is_kept, maps=()), rounds),
        "what if, all maps": median_ms(lambda: what_if(explanation, is_kept), rounds),
        f"what if, all maps, {N_GENES} genes more": median_ms(lambda: what_if(both, is_kept), rounds),
        "what if, tiles in a region found first": median_ms(without_region, rounds),
        "faithfulness of all maps": median_ms(lambda: measure_faithfulness(explanation), min(rounds, 3)),
    }
    start = time.perf_counter()
    integrate_gradients(bag, bundled, head)
    times[f"integrated gradients, {N_STEPS} steps"] = 1000 * (time.perf_counter() - start)
    return times | {"memory beside features and network (MB)": peak_mb() - before_mb}


def with_genes(model: Model) -> Model:
    """Add a head of many genes with random weights."""
    names = [f"G{k}" for k in range(N_GENES)]
    record = HeadRecord(
        name="genes", label="genes", pooling="gated_attention", hidden_dim=256, attention_dim=128,
        activation="identity",
        outputs=tuple(OutputRecord(name=name, label=name, quantity="log2 fold change") for name in names),
    )  # fmt: skip
    torch.manual_seed(0)
    head = build_head(record, model.encoder.feature_dim)
    return build_model(model.encoder, (*model.heads, head), name="with-genes")


def random_bag(n_tiles: int, model: Model) -> FeatureBag:
    """Make a bag of random features on a lattice of about 5 to 4."""
    n_columns = round((n_tiles * 1.25) ** 0.5)
    grid = make_grid(n_columns, -(-n_tiles // n_columns)).select(np.arange(n_tiles))
    random = np.random.default_rng(0)
    features = random.standard_normal((n_tiles, model.encoder.feature_dim), dtype=np.float32)
    return FeatureBag(features=features, grid=grid, encoder=model.encoder.record)


def median_ms(work: Callable[[], object], rounds: int) -> float:
    """Median wall time in milliseconds, after one round that does not count."""
    work()
    seconds: list[float] = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return 1000 * statistics.median(seconds)


def peak_mb() -> float:
    """Peak memory of this process in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
