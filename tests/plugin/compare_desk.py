"""A comparison with everything around it, on planted scores: no napari, no Qt, no threads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shapely import box

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.session import Result
from napari_histcode.scores.scores import SlideScores
from tests.builders import make_grid, make_map, make_scores
from tests.plugin.fakes import FakeCanvas, FakeRunner

N_COLUMNS, N_ROWS = 12, 10
TUMOUR, NECROSIS = "tissue.viable_tumour.single_tile", "tissue.necrosis.single_tile"
GENE = "genes.CD3E.single_tile"


class CompareDesk:
    """Opens a slide, and takes planted scores for its result."""

    def __init__(self) -> None:
        self.canvas, self.jobs = FakeCanvas(), FakeRunner()
        self.controller = Controller(self.canvas, self.jobs)
        self.session = self.controller.session
        self.compare = CompareController(self.session, self.canvas, self.jobs)
        self.state = self.compare.state

    def open(self, path: Path, scores: SlideScores | None = None) -> None:
        self.controller.open_slide(path)
        self.jobs.run_all()
        if scores is not None:
            self.take(scores)

    def take(self, scores: SlideScores) -> None:
        """Make scores the result of the current slide, whatever slide they are of."""
        record = self.session.current.record
        placed = replace(scores, grid=replace(scores.grid, slide=record))
        self.controller.results.take(self.session.current.key, Result(scores=placed))

    def look(self) -> None:
        self.compare.set_in_front(is_in_front=True)
        self.jobs.run_all()


def planted_scores(seed: int = 0) -> SlideScores:
    """Scores of a lattice whose left half is tumour: that map knows it, though not everywhere."""
    grid = make_grid(N_COLUMNS, N_ROWS)
    random = np.random.default_rng(seed)
    is_left = grid.index[:, 0] < N_COLUMNS // 2

    def values(shift: float) -> NDArray[np.float64]:
        return np.where(is_left, shift, -shift) + random.normal(0, 1, len(grid))

    attention = random.gamma(0.5, size=len(grid))
    return make_scores(
        grid=grid,
        maps=(
            make_map(TUMOUR, values(1.0), is_signed=True, quantity="log-odds"),
            make_map(NECROSIS, values(-1.0), is_signed=True, quantity="log-odds"),
            make_map("tissue.attention", attention / attention.sum()),
            make_map(GENE, values(0.5), is_signed=True, quantity="log2 fold change", unit="log2"),
        ),
    )


def planted_regions(left: str = "Tumor", right: str = "Necrosis") -> tuple[Annotation, ...]:
    """Two regions that share the lattice between them, on the edges of tiles."""
    grid = make_grid(N_COLUMNS, N_ROWS)
    stride = grid.stride_px0[0]
    middle, width, height = N_COLUMNS // 2 * stride, N_COLUMNS * stride, N_ROWS * stride
    return (
        Annotation(geometry=box(0, 0, middle, height), class_name=left),
        Annotation(geometry=box(middle, 0, width, height), class_name=right),
    )
