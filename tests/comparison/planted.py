"""A slide whose agreement with its annotation is known in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.reference import TileReference, make_reference
from napari_histcode.scores.scores import SlideScores
from napari_histcode.tiling.grid import TileGrid
from tests.builders import make_grid, make_map, make_scores

COLUMNS, ROWS = 12, 9
GRID = make_grid(COLUMNS, ROWS)
TILE = GRID.size_px0[0]

QUICK = {"n_resamples": 100, "n_shifts": 99, "block_um": 600.0}


def region(x0: float, y0: float, x1: float, y1: float, name: str | None = "Tumor") -> Annotation:
    """A rectangle given in tiles."""
    return Annotation(geometry=box(*(v * TILE for v in (x0, y0, x1, y1))), class_name=name)


def shape(geometry: BaseGeometry, name: str | None = "Tumor") -> Annotation:
    return Annotation(geometry=geometry, class_name=name)


def reference_of(
    annotations: Sequence[Annotation],
    *,
    grid: TileGrid = GRID,
    positive: Sequence[str] = ("Tumor",),
    is_exhaustive: bool = True,
) -> TileReference:
    return make_reference(grid, annotations, positive, is_exhaustive=is_exhaustive)


def config(**options: object) -> ComparisonConfig:
    return ComparisonConfig(**{"positive": ("Tumor",), "is_exhaustive": True, **QUICK, **options})  # type: ignore[arg-type]


def scores_of(*values: np.ndarray, grid: TileGrid = GRID, names: Sequence[str] = ()) -> SlideScores:
    """Scores with single-tile maps of those values, signed."""
    names = names or [f"tissue.c{k}.single_tile" for k in range(len(values))]
    maps = [
        make_map(name, value, is_signed=not name.endswith("attention"), quantity="log-odds")
        for name, value in zip(names, values, strict=True)
    ]
    return make_scores(grid=grid, maps=maps)
