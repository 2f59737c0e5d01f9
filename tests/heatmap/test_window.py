"""Windows on the values of a map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.heatmap import Heatmap, draw_tile_map
from napari_histcode.heatmap.window import STEADY_WITHIN, steady, through_window, value_range
from tests.builders import make_grid, make_map

VALUES = np.linspace(-3, 6, 10)


def heatmap(*, is_signed: bool) -> Heatmap:
    return draw_tile_map(make_map("m.x.single_tile", VALUES, is_signed=is_signed), make_grid(10, 1))


def test_range_is_that_of_the_tiles() -> None:
    assert value_range(heatmap(is_signed=False)) == (-3, 6)
    nothing = draw_tile_map(make_map("m.x.single_tile", np.full(10, np.nan)), make_grid(10, 1))
    assert value_range(nothing) == (0, 1)


@given(low=st.floats(-5, 5), width=st.floats(0.1, 8))
def test_only_what_lies_in_the_window_is_left(low: float, width: float) -> None:
    shown = through_window(heatmap(is_signed=False), (low, low + width), hides_outside=True)
    values = VALUES.astype(np.float32)
    default = heatmap(is_signed=False).limits
    inside = ((values >= low) | (low <= default[0])) & ((values <= low + width) | (low + width >= default[1]))
    np.testing.assert_array_equal(np.isfinite(shown.raster[0]), inside)
    assert shown.limits == (low, low + width)


def test_without_hiding_all_tiles_stay() -> None:
    shown = through_window(heatmap(is_signed=False), (0, 1), hides_outside=False)
    np.testing.assert_array_equal(shown.raster[0], VALUES.astype(np.float32))


def test_ends_that_were_not_moved_hide_nothing() -> None:
    plain = heatmap(is_signed=False)
    assert np.isfinite(through_window(plain, plain.limits, hides_outside=True).raster).all()


def test_signed_maps_stay_centred_on_zero() -> None:
    assert through_window(heatmap(is_signed=True), (-1, 4), hides_outside=True).limits == (-4, 4)


def test_window_ascends() -> None:
    with pytest.raises(ValueError, match="ascends"):
        through_window(heatmap(is_signed=False), (1, 1), hides_outside=False)


@given(
    low=st.floats(-5, 5), width=st.floats(0.1, 8),
    moves=st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
)  # fmt: skip
def test_colours_are_spread_anew_only_when_an_end_moves_far(
    low: float, width: float, moves: tuple[float, float]
) -> None:
    now = (low, low + width)
    before = (now[0] + moves[0] * width, now[1] + moves[1] * width)
    kept = steady(before, now)
    assert kept in (before, now)
    if max(abs(move) for move in moves) < 0.99 * STEADY_WITHIN:
        assert kept == before
    if max(abs(move) for move in moves) > 1.01 * STEADY_WITHIN:
        assert kept == now


def test_the_first_limits_are_taken() -> None:
    assert steady(None, (0, 1)) == (0, 1)
