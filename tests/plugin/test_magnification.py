"""Magnification in the pathologist's unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.plugin.magnification import STEPS, describe, is_digital, magnification, um_per_screen_px


@given(st.floats(0.01, 100))
def test_there_and_back(power: float) -> None:
    assert magnification(um_per_screen_px(power)) == pytest.approx(power)


@pytest.mark.parametrize(
    ("power", "text"), [(0.417, "0.42x"), (1.25, "1.25x"), (2.5, "2.5x"), (14.49, "14.5x"), (20, "20x")]
)
def test_words(power: float, text: str) -> None:
    assert describe(power) == text


def test_a_scan_of_half_a_micrometre_is_called_20x() -> None:
    assert magnification(0.5) == 20
    assert [is_digital(power, 0.5) for power in STEPS] == [False, False, False, False, False, True]
