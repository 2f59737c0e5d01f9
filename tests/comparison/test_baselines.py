from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import hed2rgb, rgb2hed

from napari_histcode.comparison.baselines import make_baselines, mean_feature_distance, nuclear_density
from napari_histcode.comparison.tile_agreement import AGREEMENT_COLOURS, TileAgreement, agree
from tests.builders import make_grid
from tests.comparison.planted import GRID, reference_of, region


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), height=st.integers(5, 60), width=st.integers(5, 60))
def test_nuclear_density_is_the_mean_over_the_exact_tile(seed: int, height: int, width: int) -> None:
    rgb = np.random.default_rng(seed).integers(60, 255, (height, width, 3)).astype(np.uint8)
    grid = make_grid(5, 4)
    fine = 8  # pieces of a pixel, for a brute-force mean
    stain = np.kron(rgb2hed(rgb)[..., 0], np.ones((fine, fine)))
    scale = np.array([width, height]) * fine / grid.slide.dimensions
    low, high = grid.xy_px0 * scale, (grid.xy_px0 + grid.size_px0) * scale
    expected = []
    for (x0, y0), (x1, y1) in zip(low, high, strict=True):
        wx = np.clip(
            np.minimum(np.arange(width * fine) + 1, x1) - np.maximum(np.arange(width * fine), x0), 0, 1
        )
        wy = np.clip(
            np.minimum(np.arange(height * fine) + 1, y1) - np.maximum(np.arange(height * fine), y0), 0, 1
        )
        expected.append(wy @ stain @ wx / (wy.sum() * wx.sum()))
    assert nuclear_density(rgb, grid) == pytest.approx(expected, abs=1e-9)


def test_blue_tiles_are_denser_than_pink_ones() -> None:
    hed = np.zeros((40, 60, 3))
    hed[:, :30, 0], hed[:, 30:, 1] = 0.15, 0.15
    density = nuclear_density(np.round(hed2rgb(hed) * 255).astype(np.uint8), GRID)
    left = GRID.centre_px0[:, 0] < GRID.slide.dimensions[0] / 2
    assert density[left].min() > density[~left].max()


def test_distance_from_the_mean_feature() -> None:
    features = np.random.default_rng(0).normal(size=(9000, 4)).astype(np.float32)
    expected = np.linalg.norm(features - features.mean(axis=0), axis=1)
    assert mean_feature_distance(features) == pytest.approx(expected, rel=1e-4)
    assert len(mean_feature_distance(features[:0])) == 0


def test_baselines_are_those_that_the_inputs_allow() -> None:
    def names(**inputs: object) -> list[str]:
        return [
            b.name.split(".")[1]
            for b in make_baselines(GRID, **{"overview": None, "features": None, "seed": 0, **inputs})
        ]

    assert names() == ["random", "uniform", "tissue"]
    everything = names(overview=np.full((9, 9, 3), 200, np.uint8), features=np.ones((len(GRID), 3)))
    assert everything == ["random", "uniform", "tissue", "nuclei", "features"]


def test_agreement_tells_the_four_kinds_of_tiles_and_the_border() -> None:
    reference = reference_of([region(0, 0, 2.2, 1), region(2.2, 0, 4, 1, "Stroma")], is_exhaustive=False)
    values = np.zeros(len(GRID))
    values[[0, 3, 7]] = 1
    found = agree(values, 0.5, reference)
    assert [TileAgreement(k).name for k in found[:5]] == [
        "TRUE_POSITIVE", "FALSE_NEGATIVE", "BORDER", "FALSE_POSITIVE", "NOT_ASSESSED",
    ]  # fmt: skip
    assert set(found[5:]) == {TileAgreement.NOT_ASSESSED}
    values[0] = np.nan
    assert agree(values, 0.5, reference)[0] == TileAgreement.NOT_ASSESSED
    assert set(agree(values, np.nan, reference)) == {TileAgreement.NOT_ASSESSED}
    assert len({*AGREEMENT_COLOURS.values()}) == 4
