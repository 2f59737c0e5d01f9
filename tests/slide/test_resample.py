from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_histcode.slide.resample import area_average
from tests.slide.tiffs import painted


@settings(max_examples=60, deadline=None)
@given(
    box=st.tuples(st.floats(0, 60), st.floats(0, 40), st.floats(20, 100), st.floats(20, 80)),
    factors=st.tuples(st.floats(1, 9), st.floats(1, 9)),
)
def test_equals_pillows_box_filter(
    box: tuple[float, float, float, float], factors: tuple[float, float]
) -> None:
    left, top, width, height = box
    image = painted(160, 120)
    right, bottom = min(160, left + width), min(120, top + height)
    size = max(1, int((right - left) / factors[0])), max(1, int((bottom - top) / factors[1]))
    for edges in (np.linspace(left, right, size[0] + 1), np.linspace(top, bottom, size[1] + 1)):
        assume(np.abs(edges % 1 - 0.5).min() > 1e-6)  # a centre on a border may go to either side
    ours = area_average(image, (left, top, right, bottom), size).astype(int)
    theirs = np.asarray(
        Image.fromarray(image).resize(size, Image.Resampling.BOX, box=(left, top, right, bottom))
    )
    assert np.abs(ours - theirs).max() <= 1


def test_identity_and_whole_factors() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    np.testing.assert_array_equal(area_average(image, (0, 0, 96, 64), (96, 64)), image)
    means = image.reshape(8, 8, 12, 8, 3).mean(axis=(1, 3))
    np.testing.assert_array_equal(area_average(image, (0, 0, 96, 64), (12, 8)), np.floor(means + 0.5))


def test_enlarging_repeats_pixels() -> None:
    image = painted(10, 7)
    large = area_average(image, (0, 0, 10, 7), (25, 9))
    assert large.shape == (9, 25, 3)
    assert {tuple(p) for p in large.reshape(-1, 3)} <= {tuple(p) for p in image.reshape(-1, 3)}


@pytest.mark.parametrize("shape", [(3000, 2), (2, 3000), (1500, 1500)])
def test_large_sums_do_not_overflow(shape: tuple[int, int]) -> None:
    white = np.full((*shape, 3), 255, np.uint8)
    assert (area_average(white, (0, 0, shape[1], shape[0]), (1, 1)) == 255).all()
