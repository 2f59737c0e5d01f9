from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from napari_histcode.tiling.grid import TileGrid
from napari_histcode.tiling.lookup import (
    connected_groups,
    keep_apart,
    neighbour_reach,
    positions_of,
    tile_at,
    tiles_inside,
    tiles_touching,
    with_neighbours,
)
from tests.builders import make_grid


def holed(overlap: float = 0.0) -> TileGrid:
    chosen = np.random.default_rng(3).random((9, 11)) < 0.6
    return make_grid(chosen=chosen, overlap=overlap, first=(2, 1))


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.7])
def test_every_tile_is_found_at_its_place_and_under_its_centre(overlap: float) -> None:
    grid = holed(overlap)
    assert np.array_equal(positions_of(grid, grid.index), np.arange(len(grid)))
    for i in range(len(grid)):
        assert tile_at(grid, tuple(grid.centre_px0[i])) == i


@given(x=st.floats(-500, 6000), y=st.floats(-500, 6000), overlap=st.sampled_from([0.0, 0.5]))
def test_the_tile_under_a_point_is_the_nearest_that_holds_it(x: float, y: float, overlap: float) -> None:
    grid = holed(overlap)
    away = np.abs(grid.centre_px0 - (x, y))
    holds = np.flatnonzero((away <= np.asarray(grid.size_px0) / 2).all(axis=1))
    found = tile_at(grid, (x, y))
    if not len(holds):
        assert found is None or np.isclose(away[found], np.asarray(grid.size_px0) / 2, atol=1e-2).any()
    else:
        assert found is not None
        assert away[found].max() <= away[holds].max(axis=1).min() + 1e-2


def test_places_off_the_lattice_hold_no_tile() -> None:
    grid = make_grid(4, 3)
    outside = np.array([[-1, 0], [4, 0], [0, 3], [0, -1], [3, 2]])
    assert positions_of(grid, outside).tolist() == [-1, -1, -1, -1, 11]
    assert positions_of(grid.select(np.zeros(12, bool)), outside).tolist() == [-1] * 5


def test_a_shuffled_grid_is_searched_as_well() -> None:
    grid = holed()
    order = np.random.default_rng(0).permutation(len(grid))
    assert np.array_equal(positions_of(grid.select(order), grid.index[order]), np.arange(len(grid)))


def test_tiles_inside_are_covered_by_more_than_half() -> None:
    grid = make_grid(4, 1)
    width, height = grid.size_px0
    region = box(0, 0, 1.5 * width, height)
    assert tiles_inside(grid, [region]).tolist() == [0]  # the second is covered by exactly half
    assert tiles_inside(grid, [region], least_share=0.49).tolist() == [0, 1]
    assert tiles_inside(grid, []).tolist() == []


@pytest.mark.parametrize(("overlap", "reach"), [(0.0, (1, 1)), (0.5, (2, 2)), (0.25, (1, 1))])
def test_neighbours_touch_or_overlap(overlap: float, reach: tuple[int, int]) -> None:
    assert neighbour_reach(make_grid(3, 3, overlap=overlap)) == reach


def test_neighbours_are_added_once() -> None:
    grid = make_grid(5, 5)
    assert with_neighbours(grid, np.array([0])).tolist() == [0, 1, 5, 6]
    assert len(with_neighbours(grid, np.array([12]))) == 9
    assert len(with_neighbours(grid, np.arange(25))) == 25


@given(seed=st.integers(0, 1000), n=st.integers(1, 12), reach=st.sampled_from([(1, 1), (2, 1)]))
def test_kept_tiles_are_apart_and_every_other_one_has_a_better_neighbour(
    seed: int, n: int, reach: tuple[int, int]
) -> None:
    random = np.random.default_rng(seed)
    index = random.permutation(np.stack(np.meshgrid(np.arange(8), np.arange(6)), -1).reshape(-1, 2))
    kept = keep_apart(index, reach, n)
    near = (np.abs(index[:, None] - index[kept][None]) <= reach).all(axis=-1)  # (48, kept)
    assert (near[kept].sum(axis=1) == 1).all()
    last = kept[-1] if len(kept) == n else len(index)
    for position in range(last):
        assert near[position, kept <= position].any()
    enough = n * (2 * reach[0] + 1) * (2 * reach[1] + 1)
    assert np.array_equal(keep_apart(index[:enough], reach, n), kept)


def test_groups_are_connected_tiles() -> None:
    grid = make_grid(6, 1)
    assert connected_groups(grid, np.array([0, 1, 3, 5])).tolist() == [0, 0, 1, 2]
    diagonal = make_grid(chosen=np.eye(4, dtype=bool))
    assert connected_groups(diagonal, np.arange(4)).tolist() == [0, 0, 0, 0]
    overlapping = make_grid(6, 1, overlap=0.5)
    assert connected_groups(overlapping, np.array([0, 2, 5])).tolist() == [0, 0, 1]
    assert connected_groups(grid, np.empty(0, np.intp)).tolist() == []


def test_tiles_that_touch_a_region() -> None:
    grid = make_grid(4, 3)
    width, height = grid.size_px0
    inside = box(width * 1.2, height * 1.2, width * 1.8, height * 1.8)
    assert np.flatnonzero(tiles_touching(grid, inside)).tolist() == [5]
    across = box(width * 0.5, height * 0.5, width * 1.5, height * 0.6)
    assert np.flatnonzero(tiles_touching(grid, across)).tolist() == [0, 1]
    assert not tiles_touching(grid, box(-20, -20, -10, -10)).any()
