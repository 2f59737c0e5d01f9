from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box
from sklearn.metrics import roc_auc_score

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.ranking import auroc, auroc_with_interval
from napari_histcode.comparison.tile_labels import TileLabel, covered_fraction, label_tiles
from tests.features.fakes import TILE_PX, full_grid, gradient_slide

GRID = full_grid(gradient_slide(columns=12, rows=9))


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 200), levels=st.sampled_from([2, 5, 1000]))
def test_auroc_equals_scikit_learns(seed: int, n: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, n).astype(float)
    is_positive = rng.random(n) > 0.5
    if is_positive.all() or not is_positive.any():
        assert np.isnan(auroc(scores, is_positive))
    else:
        assert auroc(scores, is_positive) == pytest.approx(roc_auc_score(is_positive, scores))


def region(x0: float, y0: float, x1: float, y1: float, name: str) -> Annotation:
    """A rectangle given in tiles."""
    corners = (v * TILE_PX for v in (x0, y0, x1, y1))
    return Annotation(geometry=box(*corners), class_name=name)


def test_covered_fraction_is_exact_and_counts_overlaps_once() -> None:
    regions = [region(0, 0, 2.5, 1, "a").geometry, region(2.25, 0, 2.5, 1, "b").geometry]
    covered = covered_fraction(GRID, regions)
    assert covered[:4].tolist() == pytest.approx([1, 1, 0.5, 0])
    assert covered.sum() == pytest.approx(2.5)


def test_tiles_are_positive_negative_border_or_outside() -> None:
    annotations = [region(0, 0, 2.25, 1, "Tumor"), region(3, 0, 5, 1, "Stroma")]
    labels = label_tiles(GRID, annotations, ["Tumor"])
    assert labels[:6].tolist() == [1, 1, TileLabel.BORDER, 0, 0, TileLabel.OUTSIDE]
    assert set(labels[12:]) == {TileLabel.OUTSIDE}
    exhaustive = label_tiles(GRID, annotations, ["Tumor"], is_exhaustive=True)
    assert (exhaustive == TileLabel.NEGATIVE).sum() == len(GRID) - 3


def test_a_planted_map_has_a_known_auroc_and_an_interval_around_it() -> None:
    annotations = [region(0, 0, 6, 9, "Tumor"), region(6, 0, 12, 9, "Stroma")]
    labels = label_tiles(GRID, annotations, ["Tumor"])
    perfect = auroc_with_interval(-GRID.index[:, 0].astype(float), labels, GRID, block_um=3 * TILE_PX)
    assert (perfect.value, perfect.low, perfect.high) == (1, 1, 1)
    noise = np.random.default_rng(0).normal(size=len(GRID))
    chance = auroc_with_interval(noise, labels, GRID, block_um=3 * TILE_PX)
    assert chance.low < 0.5 < chance.high
    assert (chance.n_positive, chance.n_negative) == (54, 54)


def test_nothing_annotated_is_no_number() -> None:
    labels = label_tiles(GRID, [], ["Tumor"])
    interval = auroc_with_interval(np.zeros(len(GRID)), labels, GRID)
    assert np.isnan([interval.value, interval.low, interval.high]).all()
