from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_histcode.slide.pyramid import CHUNK_PX, LARGEST_TOP_PX, lazy_pyramid
from napari_histcode.slide.resample import area_average
from tests.slide.tiffs import painted


class Counting:
    """Reads from arrays and remembers how much at once."""

    def __init__(self, *levels: NDArray[np.uint8]) -> None:
        self.levels = levels
        self.largest = 0
        self.n_reads = 0

    @property
    def dimensions(self) -> tuple[tuple[int, int], ...]:
        return tuple((level.shape[1], level.shape[0]) for level in self.levels)

    def read(self, level: int, xy: tuple[int, int], size: tuple[int, int]) -> NDArray[np.uint8]:
        self.largest = max(self.largest, size[0] * size[1])
        self.n_reads += 1
        part = self.levels[level][xy[1] : xy[1] + size[1], xy[0] : xy[0] + size[0]]
        assert part.shape[:2] == (size[1], size[0])
        return part


def test_levels_are_lazy_square_and_exact() -> None:
    source = Counting(painted(2500, 1100), painted(925, 407))
    arrays = lazy_pyramid(source.dimensions, source.read, "slide-x")
    assert source.n_reads == 0
    assert [a.shape for a in arrays] == [(1100, 2500, 3), (407, 925, 3)]
    assert arrays[0].chunks == ((1024, 76), (1024, 1024, 452), (3,))
    assert all(a.dtype == np.uint8 for a in arrays)
    for array, level in zip(arrays, source.levels, strict=True):
        np.testing.assert_array_equal(array.compute(), level)
    np.testing.assert_array_equal(
        arrays[0][1000:1060:2, 900:2100, :2].compute(), source.levels[0][1000:1060:2, 900:2100, :2]
    )


def test_only_the_blocks_under_a_view_are_read() -> None:
    source = Counting(painted(3000, 3000))
    lazy_pyramid(source.dimensions, source.read, "slide-x")[0][1100:1200, 1100:1200].compute()
    assert source.n_reads == 1
    assert source.largest == CHUNK_PX**2


def test_missing_coarse_levels_are_computed() -> None:
    image = np.tile(painted(1001, 333), (3, 18, 1))  # 18018 x 999
    source = Counting(image)
    arrays = lazy_pyramid(source.dimensions, source.read, "slide-x")
    assert [a.shape[:2] for a in arrays] == [(999, 18018), (250, 4505), (63, 1127)]
    assert max(arrays[-1].shape) <= LARGEST_TOP_PX
    for array in arrays[1:]:
        height, width = array.shape[:2]
        expected = area_average(image, (0, 0, 18018, 999), (width, height)).astype(int)
        computed = array.compute()
        assert np.abs(computed - expected).mean() < 2
    assert source.largest <= (4 * CHUNK_PX + 2) ** 2
    before = source.n_reads
    arrays[-1].compute()
    assert source.n_reads == before  # finished blocks are kept


@pytest.mark.parametrize("place", [(0, 0), (8191, 5000), (9990, 6990), (4095, 4095)])
def test_computed_levels_register_within_a_pixel(place: tuple[int, int]) -> None:
    image = np.full((7003, 10007, 3), 255, np.uint8)
    x, y = place
    image[y : y + 13, x : x + 13] = 0
    source = Counting(image)
    top = lazy_pyramid(source.dimensions, source.read, "slide-x")[-1].compute()
    rows, columns = np.nonzero(top[..., 0] < 255)
    scale = 10007 / top.shape[1], 7003 / top.shape[0]
    weights = 255.0 - top[rows, columns, 0]
    centre_x = np.average((columns + 0.5) * scale[0], weights=weights)
    centre_y = np.average((rows + 0.5) * scale[1], weights=weights)
    assert abs(centre_x - (x + 6.5)) < scale[0]
    assert abs(centre_y - (y + 6.5)) < scale[1]


def test_small_slides_get_no_further_levels() -> None:
    source = Counting(np.zeros((LARGEST_TOP_PX, 10, 3), np.uint8))
    assert len(lazy_pyramid(source.dimensions, source.read, "slide-x")) == 1


def test_graph_of_a_large_slide_is_cheap() -> None:
    import time

    import dask.array  # noqa: F401 - its import is not what is measured

    dimensions = tuple((40_000 // f, 40_000 // f) for f in (1, 4, 16, 32))
    start = time.perf_counter()
    arrays = lazy_pyramid(dimensions, lambda *_: np.zeros((1, 1, 3), np.uint8), "slide-x")
    assert time.perf_counter() - start < 0.2  # about 1 ms; generous for a busy machine
    assert arrays[0].npartitions == 1600
