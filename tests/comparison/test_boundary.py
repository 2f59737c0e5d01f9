from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, directed_hausdorff
from shapely.geometry import Point
from shapely.ops import unary_union

from napari_histcode.comparison.boundary import (
    boundary_distances,
    outline_of_regions,
    outline_of_tiles,
    tolerance_of,
)
from napari_histcode.comparison.lattice import TileLattice
from tests.comparison.planted import GRID, TILE, region

LATTICE = TileLattice(grid=GRID)
TILE_UM = 224.0


def tiles_in(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    column, row = GRID.index.T
    return (column >= x0) & (column < x1) & (row >= y0) & (row < y1)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_the_outline_of_tiles_is_shapelys(seed: int) -> None:
    taken = np.random.default_rng(seed).random(len(GRID)) < 0.4
    outline = outline_of_tiles(taken, LATTICE)
    cells = [cell for cell, is_in in zip(LATTICE.cells_px0(), taken, strict=True) if is_in]
    # cells that touch at a corner alone are apart in the union, as in the outline
    assert outline.length_um.sum() == pytest.approx(unary_union(cells).length * 0.5)


@settings(deadline=None, max_examples=15)
@given(x=st.floats(3, 9), y=st.floats(3, 6), r=st.floats(0.8, 2.9))
def test_distances_are_those_of_scipy(x: float, y: float, r: float) -> None:
    first = outline_of_tiles(tiles_in(3, 2, 8, 7), LATTICE)
    second = outline_of_regions(Point(x * TILE, y * TILE).buffer(r * TILE, 64), LATTICE)
    found = boundary_distances(first, second, tolerance_um=TILE_UM / 2)
    distance = cdist(first.xy_um, second.xy_um)
    there, back = distance.min(axis=1), distance.min(axis=0)
    expected = max(np.percentile(there, 95), np.percentile(back, 95))
    assert found.hd95_um == pytest.approx(expected, abs=first.piece_um)
    greatest = max(
        directed_hausdorff(first.xy_um, second.xy_um)[0], directed_hausdorff(second.xy_um, first.xy_um)[0]
    )
    assert found.hd95_um <= greatest + 1e-6
    lengths = np.concatenate([first.length_um, second.length_um])
    within = np.concatenate([there, back]) <= TILE_UM / 2
    assert found.nsd == pytest.approx((lengths * within).sum() / lengths.sum())
    swapped = boundary_distances(second, first, tolerance_um=TILE_UM / 2)
    assert (swapped.nsd, swapped.hd95_um) == pytest.approx((found.nsd, found.hd95_um))


def test_equal_outlines_agree_and_concentric_ones_are_apart() -> None:
    inner = outline_of_tiles(tiles_in(4, 3, 8, 6), LATTICE)
    same = outline_of_regions(region(4, 3, 8, 6).geometry, LATTICE)
    equal = boundary_distances(inner, same, tolerance_um=TILE_UM / 2)
    assert equal.nsd == 1
    assert equal.hd95_um <= equal.piece_um / 2
    outer = outline_of_regions(region(3, 2, 9, 7).geometry, LATTICE)
    apart = boundary_distances(inner, outer, tolerance_um=TILE_UM / 2)
    assert apart.nsd == 0
    assert TILE_UM <= apart.hd95_um <= np.sqrt(2) * TILE_UM
    near = boundary_distances(inner, outer, tolerance_um=1.5 * TILE_UM)
    assert near.nsd == 1


def test_no_outline_gives_a_reason_and_a_fine_tolerance_is_refused() -> None:
    some = outline_of_tiles(tiles_in(0, 0, 2, 2), LATTICE)
    none = outline_of_tiles(np.zeros(len(GRID), bool), LATTICE)
    assert "no tile" in boundary_distances(none, some, tolerance_um=200).reason
    nothing = boundary_distances(some, outline_of_regions(Point(), LATTICE), tolerance_um=200)
    assert np.isnan([nothing.nsd, nothing.hd95_um]).all()
    assert tolerance_of(LATTICE, None) == TILE_UM / 2
    with pytest.raises(ValueError, match="half a tile"):
        tolerance_of(LATTICE, 50)
