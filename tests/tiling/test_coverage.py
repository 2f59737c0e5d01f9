from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from napari_histcode.tiling.coverage import covered_fraction, merge_regions, merged_fraction
from tests.builders import make_grid

GRID = make_grid(12, 9)
TILE = GRID.size_px0[0]


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), overlap=st.sampled_from([0.0, 0.5]))
def test_only_near_tiles_are_looked_at_and_none_is_missed(seed: int, overlap: float) -> None:
    random = np.random.default_rng(seed)
    grid = make_grid(12, 9, overlap=overlap)
    regions = [
        Point(random.uniform(-1, 13) * TILE, random.uniform(-1, 10) * TILE).buffer(
            random.uniform(0.1, 3) * TILE
        )
        for _ in range(2)
    ]
    union = regions[0] | regions[1]
    expected = [box(x, y, x + TILE, y + TILE).intersection(union).area / TILE**2 for x, y in grid.xy_px0]
    np.testing.assert_allclose(covered_fraction(grid, regions), expected, atol=1e-9)


def test_what_has_no_area_covers_nothing() -> None:
    assert not covered_fraction(GRID, []).any()
    assert not covered_fraction(GRID, [Polygon()]).any()
    assert not covered_fraction(GRID, [LineString([(0, 0), (9 * TILE, 9 * TILE)])]).any()
    assert not merged_fraction(GRID, MultiPolygon()).any()
    assert not merged_fraction(GRID, merge_regions([box(-9, -9, -1, -1)])).any()


def test_an_outline_that_crosses_itself_is_mended() -> None:
    bow_tie = Polygon([(0, 0), (4 * TILE, 4 * TILE), (4 * TILE, 0), (0, 4 * TILE)])
    assert covered_fraction(GRID, [bow_tie]).sum() * TILE**2 == 8 * TILE**2
