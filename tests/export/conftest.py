"""A small result, in memory and as a folder, shared by the tests of export."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely

from napari_histcode.annotations import Annotation
from napari_histcode.export.analysis import export_analysis
from napari_histcode.heatmap import Heatmap, default_config, draw_heatmap
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide, open_slide
from napari_histcode.slide.overview import read_overview
from tests.builders import make_grid, make_scores
from tests.slide.tiffs import painted, write_pyramid


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


MARK_PX0 = (613, 402, 40, 24)
"""Left, top, width and height of the black rectangle that is planted on the slide."""


@pytest.fixture(scope="session")
def slide_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiled pyramid of 1,309 x 911 px at 1 um/px with a planted mark; its name looks like a patient's."""
    pixels = painted(1309, 911)
    left, top, width, height = MARK_PX0
    pixels[top : top + height, left : left + width] = 0
    path = tmp_path_factory.mktemp("slides") / "JaneDoe_1950-01-01.tif"
    resolution = {"resolution": (1e4, 1e4), "resolutionunit": "CENTIMETER"}
    write_pyramid(path, pixels, (4,), compression="zlib", **resolution)
    return path


@pytest.fixture(scope="session")
def slide(slide_path: Path) -> Iterator[Slide]:
    with open_slide(slide_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def slide_scores(slide: Slide) -> SlideScores:
    """Scores on tiles of that slide, with a hole and an empty first row and column."""
    chosen = np.ones((3, 4), bool)
    chosen[1, 2] = False
    grid = make_grid(chosen=chosen, first=(1, 1), mpp=1.0)
    return make_scores(grid=dataclasses.replace(grid, slide=slide.record))


@pytest.fixture(scope="session")
def slide_result(slide_scores: SlideScores, slide: Slide, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result folder of that slide, with features."""
    folder = tmp_path_factory.mktemp("JaneDoe_1950-01-01")
    names = slide_scores.map_names[:1]
    drawn = [draw_heatmap(slide_scores, name) for name in names]
    export_analysis(slide_scores, drawn, read_overview(slide, (4.0, 4.0)), folder)
    return folder


@pytest.fixture(scope="session")
def regions() -> tuple[Annotation, ...]:
    """Two regions, one of which reaches over the slide's edge, and a point."""
    return (
        Annotation(geometry=shapely.box(300, 250, 700, 600), class_name="Tumor", name="Jane Doe's tumour"),
        Annotation(geometry=shapely.box(-50, 700, 400, 2000), class_name="Stroma <&>"),
        Annotation(geometry=shapely.Point(5, 5), class_name="Other"),
    )
