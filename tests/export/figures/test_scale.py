import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.export.figures.scale import (
    common_exponent,
    length_label,
    power_of_ten,
    round_length,
    round_ticks,
    tick_labels,
)
from napari_histcode.export.figures.sheet import wrap


@pytest.mark.parametrize(
    ("longest", "expected"),
    [(1, 1), (1.99, 1), (2, 2), (4.9, 2), (5, 5), (999, 500), (1000, 1000), (0.03, 0.02)],
)
def test_round_length(longest, expected):
    assert round_length(longest) == pytest.approx(expected)


@given(st.floats(1e-6, 1e9))
def test_round_length_fills_at_least_two_fifths(longest):
    length = round_length(longest)
    assert 0.4 * longest * (1 - 1e-9) <= length <= longest * (1 + 1e-9)


@pytest.mark.parametrize(
    ("length", "label"), [(50, "50 µm"), (500, "500 µm"), (2000, "2 mm"), (0.5, "0.5 µm")]
)
def test_length_label(length, label):
    assert length_label(length) == label


@given(st.floats(-1e3, 1e3), st.floats(1e-30, 1e30))
def test_ticks_are_few_ascend_and_lie_inside(spans_from_zero, span):
    low = spans_from_zero * span
    high = low + span
    ticks = round_ticks(low, high)
    assert 3 <= len(ticks) <= 8
    assert ticks == sorted(ticks)
    assert ticks[0] >= low - 1e-6 * span
    assert ticks[-1] <= high + 1e-6 * span


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 100, ["0", "20", "40", "60", "80", "100"]),
        (-3, 3, ["\N{MINUS SIGN}3", "\N{MINUS SIGN}2", "\N{MINUS SIGN}1", "0", "1", "2", "3"]),
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_labels_of_ticks(low, high, labels):
    assert tick_labels(round_ticks(low, high)) == labels


def test_small_values_share_a_power_of_ten():
    exponent = common_exponent(0, 1.3e-4)
    assert exponent == -4
    assert power_of_ten(exponent) == "10⁻⁴"
    assert tick_labels(round_ticks(0, 1.3e-4), exponent)[1] == "0.5"
    assert common_exponent(-0.5, 200) == 0
    assert common_exponent(0, 0) == 0
    assert common_exponent(0, 2e6) == 6


@given(st.text(st.sampled_from("ab c"), max_size=40), st.integers(1, 12))
def test_wrapped_lines_fit_and_lose_nothing(text, width):
    lines = wrap(text, width, len)
    assert all(0 < len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert math.fsum(len(line) for line in lines) <= len(text)


def test_words_stay_whole_where_they_fit():
    assert wrap("one two  three", 7, len) == ["one two", "three"]
    assert wrap("extraordinary", 5, len) == ["extra", "ordin", "ary"]
    assert wrap("", 5, len) == []
