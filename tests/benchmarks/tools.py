"""How do the tools on cached features grow? Run ``python -m tests.benchmarks.tools [--tiles N ...]``.

Similarity, teaching, projection and clusters on 10,000, 50,000 and 200,000 tiles, whose features are drawn
as in `tests.benchmarks.search`. Prints one line of JSON for each size, in milliseconds: medians of five
rounds, save for what is done once a slide.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from math import ceil, sqrt

import numpy as np

from napari_histcode.exploration.clusters import find_clusters
from napari_histcode.exploration.components import principal_components
from napari_histcode.exploration.project import N_COMPONENTS
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.library import read_card
from napari_histcode.similarity.feature_space import make_space
from napari_histcode.similarity.query import query_tiles
from napari_histcode.similarity.within import rank_within, similarity_map
from napari_histcode.teaching.marks import make_marks
from napari_histcode.teaching.scaling import measure_scaling
from napari_histcode.teaching.teach import teach
from napari_histcode.teaching.uncertain import most_uncertain
from tests.benchmarks.search import made_up, real_features
from tests.builders import make_grid

ROUNDS = 5


def main() -> None:
    """Measure, and print a line of JSON for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    real = real_features()
    for n in parser.parse_args().tiles:
        features = np.empty((n, real.shape[1]), np.float32)
        random = np.random.default_rng(0)
        for start in range(0, n, 10_000):
            block = features[start : start + 10_000]
            block[:] = made_up(real, len(block), random)
        columns = ceil(sqrt(n))
        grid = make_grid(columns, ceil(n / columns)).select(np.arange(n))
        bag = FeatureBag(features=features, grid=grid, encoder=read_card("bundled").encoder)
        print(json.dumps({"benchmark": "tools", "tiles": n, "cores": os.cpu_count(), **measure(bag)}))


def measure(bag: FeatureBag) -> dict[str, float]:
    """Time every tool on a bag."""
    result: dict[str, float] = {}

    def timed(name: str, work: Callable[[], object], *, rounds: int = ROUNDS) -> object:
        seconds = []
        for _ in range(rounds):
            begin = time.perf_counter()
            value = work()
            seconds.append(time.perf_counter() - begin)
        result[f"{name}_ms"] = round(1000 * statistics.median(seconds), 1)
        return value

    n = len(bag)
    space = make_space(bag)
    timed("similarity_once_a_slide", lambda: make_space(bag), rounds=1)
    query = query_tiles(space, [n // 3])
    values = similarity_map(space, query).values
    timed("similarity_map", lambda: similarity_map(space, query))
    timed("similarity_list_apart", lambda: rank_within(space, query, values, is_apart=True))

    scaling = measure_scaling(bag.features)
    timed("scaling_once_a_slide", lambda: measure_scaling(bag.features), rounds=1)
    random = np.random.default_rng(0)
    for per_class in (10, 1000):
        drawn = random.choice(n, 3 * per_class, replace=False).reshape(3, per_class)
        marks = make_marks(bag.grid, {str(c): drawn[c] for c in range(3)})
        name = f"teach_{3 * per_class}_marks"
        taught = teach(bag, marks, strength=0.01, with_quality=False, scaling=scaling)
        timed(
            f"{name}_live",
            lambda marks=marks: teach(bag, marks, strength=0.01, with_quality=False, scaling=scaling),
        )
        timed(f"{name}_next", lambda taught=taught: most_uncertain(taught, 10, scaling=scaling))
        if per_class == 10:
            timed(f"{name}_validated", lambda marks=marks: teach(bag, marks, scaling=scaling))

    timed("plane", lambda: principal_components(bag, 2), rounds=1)
    components = principal_components(bag, N_COMPONENTS)
    timed("components_50", lambda: principal_components(bag, N_COMPONENTS), rounds=1)
    timed("clusters_8", lambda: find_clusters(bag, 8, components=components), rounds=1)
    return result


if __name__ == "__main__":
    main()
