"""The arithmetic of two canvases that move together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.plugin.beside.linking import (
    Link,
    Sight,
    align,
    back,
    is_same,
    place_on_screen,
    place_there,
    same_place,
    sight_there,
    turned,
)

coordinates = st.floats(-1e5, 3e5)
places = st.tuples(coordinates, coordinates)
mpps = st.floats(0.05, 20.0)
units = st.tuples(mpps, mpps)
quarters = st.integers(0, 3)
sights = st.builds(Sight, centre_px0=places, world_per_screen_px=st.floats(0.01, 1000.0), n_quarters=quarters)
links = st.builds(
    Link, here_px0=places, there_px0=places, here_unit=units, there_unit=units, n_quarters=quarters
)


@given(sights)
def test_one_slide_is_looked_at_in_the_very_same_place(sight: Sight) -> None:
    assert sight_there(sight, same_place()) == sight
    assert back(same_place()).is_identity


@given(links, sights)
def test_there_and_back_is_where_one_was(link: Link, sight: Sight) -> None:
    returned = sight_there(sight_there(sight, link), back(link))
    assert returned.centre_px0 == pytest.approx(sight.centre_px0, abs=1e-3)  # of a level-0 pixel
    assert replace(returned, centre_px0=sight.centre_px0) == sight


@given(links, sights)
def test_both_show_as_many_micrometres_in_a_pixel(link: Link, sight: Sight) -> None:
    assert sight_there(sight, link).world_per_screen_px == sight.world_per_screen_px


@given(links, sights, st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)))
def test_what_answers_to_one_another_is_at_one_place_of_the_screen(
    link: Link, sight: Sight, offset_px: tuple[float, float]
) -> None:
    size = (800.0, 600.0)
    sight = replace(sight, world_per_screen_px=max(sight.world_per_screen_px, 0.1))
    here = tuple(
        centre + part * sight.world_per_screen_px / unit
        for centre, part, unit in zip(sight.centre_px0, offset_px, link.here_unit, strict=True)
    )
    there = place_there((here[0], here[1]), link)
    on_left = place_on_screen((here[0], here[1]), sight, link.here_unit, size)
    on_right = place_on_screen(there, sight_there(sight, link), link.there_unit, size)
    assert on_right == pytest.approx(on_left, abs=1e-3)


@given(links, sights, sights)
def test_aligned_middles_answer_to_one_another(link: Link, here: Sight, there: Sight) -> None:
    aligned = align(link, here, there)
    expected = replace(there, world_per_screen_px=here.world_per_screen_px)
    found = sight_there(here, aligned)
    assert found == expected


def test_a_quarter_turn_is_clockwise_as_seen() -> None:
    """What was right of the middle comes below it."""
    assert turned((1.0, 0.0), 1) == (0.0, 1.0)
    sight = Sight(centre_px0=(100.0, 100.0), world_per_screen_px=1.0, n_quarters=1)
    assert place_on_screen((110.0, 100.0), sight, (1.0, 1.0), (200.0, 100.0)) == (100.0, 60.0)


@given(places, quarters)
def test_four_quarters_are_none(xy: tuple[float, float], n: int) -> None:
    assert turned(turned(xy, n), 4 - n) == xy


def test_two_resolutions() -> None:
    link = Link(
        here_px0=(1000.0, 1000.0), there_px0=(200.0, 300.0), here_unit=(0.25, 0.25), there_unit=(0.5, 0.5)
    )
    assert place_there((1040.0, 1000.0), link) == (220.0, 300.0)
    on_its_side = replace(link, n_quarters=1)  # the slide there is turned clockwise: right is its up
    assert place_there((1040.0, 1000.0), on_its_side) == (200.0, 280.0)


def test_a_camera_s_rounding_is_no_movement() -> None:
    sight = Sight(centre_px0=(5000.0, 4000.0), world_per_screen_px=0.5)
    unit = (0.25, 0.25)
    assert is_same(replace(sight, centre_px0=(5000.0 + 1e-9, 4000.0)), sight, unit)
    assert not is_same(replace(sight, centre_px0=(5001.0, 4000.0)), sight, unit)
    assert not is_same(replace(sight, world_per_screen_px=0.51), sight, unit)
    assert not is_same(replace(sight, n_quarters=1), sight, unit)
