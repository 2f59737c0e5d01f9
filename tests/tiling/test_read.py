from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.tiling.read import choose_level, read_footprint
from tests.array_slide import ArraySlide


def ramp(width: int, height: int) -> np.ndarray:
    """Red grows by one every 16 px along x, green along y: a pixel says where it was."""
    x = np.arange(width) / 16
    y = np.arange(height) / 16
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[..., 0] = np.minimum(255, np.rint(x))[None, :]
    pixels[..., 1] = np.minimum(255, np.rint(y))[:, None]
    return pixels


RAMP = ramp(3200, 3000)


@settings(deadline=None, max_examples=60)
@given(
    x=st.floats(0, 2400),
    y=st.floats(0, 2200),
    size=st.floats(100, 700),
    downsample=st.sampled_from([2.0, 2.7, 3.9]),
)
def test_a_tile_shows_exactly_its_footprint(x: float, y: float, size: float, downsample: float) -> None:
    slide = ArraySlide(RAMP, downsamples=(1.0, downsample))
    tile = read_footprint(slide, (x, y), (size, size), 64).astype(float)
    # the mean of the ramp over the footprint is its value at the centre
    assert tile[..., 0].mean() * 16 == pytest.approx(x + size / 2 - 0.5, abs=8)
    assert tile[..., 1].mean() * 16 == pytest.approx(y + size / 2 - 0.5, abs=8)


def test_pixels_are_not_touched_when_grid_and_level_coincide() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (512, 512, 3), dtype=np.uint8)
    tile = read_footprint(ArraySlide(pixels), (128.0, 64.0), (128.0, 128.0), 128)
    assert np.array_equal(tile, pixels[64:192, 128:256])


def test_half_a_pixel_is_half_a_pixel() -> None:
    pixels = np.zeros((64, 64, 3), dtype=np.uint8)
    pixels[:, 32:] = 200
    tile = read_footprint(ArraySlide(pixels), (0.5, 0.0), (32.0, 32.0), 32)
    assert tile[5, 30, 0] == 0
    assert tile[5, 31, 0] == pytest.approx(100, abs=2)


def test_the_coarsest_level_that_is_fine_enough_is_read() -> None:
    levels = ((1.0, 1.0), (2.0, 2.0), (4.0, 4.0), (16.0, 16.0))
    assert [choose_level(levels, wanted) for wanted in (0.5, 1.0, 1.99, 2.0, 3.99, 4.5, 100)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        3,
    ]
    assert choose_level(levels, 1.9) == 0


def test_reading_at_the_edge_stays_white_outside() -> None:
    slide = ArraySlide(np.zeros((100, 100, 3), dtype=np.uint8))
    tile = read_footprint(slide, (50.0, 50.0), (100.0, 100.0), 100)
    assert (tile[:50, :50] == 0).all()
    assert (tile[51:, 51:] == 255).all()
