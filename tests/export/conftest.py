"""A small result, in memory and as a folder, shared by the tests of export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_histcode.export.analysis import export_analysis
from napari_histcode.heatmap import Heatmap, default_config, draw_heatmap
from napari_histcode.scores.scores import SlideScores
from tests.builders import make_scores


@pytest.fixture(scope="session")
def scores() -> SlideScores:
    return make_scores(6, 4, mpp=0.37, overlap=0.25)


@pytest.fixture(scope="session")
def heatmaps(scores: SlideScores) -> list[Heatmap]:
    return [draw_heatmap(scores, tile_map.name, default_config(tile_map)) for tile_map in scores.maps]


@pytest.fixture(scope="session")
def overview() -> np.ndarray:
    return np.random.default_rng(3).integers(120, 255, (90, 130, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def result_folder(
    scores: SlideScores,
    heatmaps: list[Heatmap],
    overview: np.ndarray,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A finished result; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("JaneDoe_1950-01-01")
    return export_analysis(scores, heatmaps, overview, folder, timing={"encoding tiles": 12.3})
