"""Classes, colours, curves and repairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from napari_histcode.annotations import (
    OKABE_ITO_CLASSES,
    QUPATH_CLASSES,
    AnnotationClass,
    ClassList,
    is_ignored,
)
from napari_histcode.annotations.colours import from_colorref, from_css, from_list, to_colorref, to_hex
from napari_histcode.annotations.curves import closed_spline, ellipse, rectangle
from napari_histcode.annotations.geometry import GeometryError, mend


def test_qupaths_classes_in_its_order() -> None:
    assert QUPATH_CLASSES.names == (
        "Tumor", "Stroma", "Immune cells", "Necrosis", "Other", "Region*", "Ignore*", "Positive", "Negative",
    )  # fmt: skip
    assert QUPATH_CLASSES.colour_of("Tumor") == (200, 0, 0)
    assert QUPATH_CLASSES.colour_of("immune CELLS") == (160, 90, 160)
    assert QUPATH_CLASSES.colour_of("Tumor: Positive") == (200, 0, 0)
    assert QUPATH_CLASSES.colour_of("banana") == (64, 64, 64)


def test_the_colour_blind_set_has_the_same_classes() -> None:
    assert OKABE_ITO_CLASSES.names == QUPATH_CLASSES.names
    assert [to_hex(c.colour) for c in OKABE_ITO_CLASSES][:6] == [
        "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#0072B2",
    ]  # fmt: skip
    assert len({c.colour for c in OKABE_ITO_CLASSES}) == len(OKABE_ITO_CLASSES.classes)


def test_a_list_is_edited_by_making_another() -> None:
    grade = AnnotationClass(name="Grade 3", colour=(1, 2, 3))
    longer = QUPATH_CLASSES.with_class(grade)
    assert longer.names[-1] == "Grade 3"
    recoloured = longer.with_class(AnnotationClass(name="Tumor", colour=(9, 9, 9)))
    assert recoloured.names == longer.names
    assert recoloured.colour_of("Tumor") == (9, 9, 9)
    assert longer.without("Grade 3") == QUPATH_CLASSES
    with pytest.raises(ValueError, match="differ"):
        ClassList(classes=(grade, grade))


@pytest.mark.parametrize(
    ("name", "expected"), [("Ignore*", True), ("Tumor", False), (None, False), ("", False)]
)
def test_ignored_classes(name: str | None, expected: bool) -> None:
    assert is_ignored(name) is expected


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_colours_there_and_back(colour: tuple[int, int, int]) -> None:
    assert from_colorref(to_colorref(colour)) == colour
    assert from_css(to_hex(colour)) == colour
    assert from_css("rgb({}, {},{})".format(*colour)) == colour
    assert from_css("rgba({},{},{}, 0.5)".format(*colour)) == colour
    assert from_list([*colour]) == from_list([*colour, 128]) == colour


@pytest.mark.parametrize("text", ["red", "#12", "rgb(1,2)", "", None, 7])
def test_what_is_no_colour(text: object) -> None:
    assert from_css(text) is None
    assert from_list(text) is None


@pytest.mark.parametrize("values", [[1, 2], [1, 2, 300], [1, 2, "3"], [1, 2, None], [-1, 2, 3]])
def test_what_is_no_list_of_a_colour(values: list[object]) -> None:
    assert from_list(values) is None


@pytest.mark.parametrize("radius", [0.5, 3.0, 100.0, 5000.0])
def test_an_ellipse_is_within_a_twentieth_of_a_pixel(radius: float) -> None:
    ring = Polygon(ellipse((7, 8), (radius, radius)))
    circle = Point(7, 8).buffer(radius, quad_segs=4096)
    assert ring.hausdorff_distance(circle) < 0.06
    assert ring.area == pytest.approx(np.pi * radius**2, rel=0.01)


def test_a_turned_rectangle() -> None:
    corners = rectangle((10, 20), (6, 2), rotation=np.pi / 2)
    assert np.allclose(sorted(corners.tolist()), [[9, 17], [9, 23], [11, 17], [11, 23]])


def test_a_spline_goes_through_its_points() -> None:
    points = np.array([(0, 0), (10, 2), (13, 9), (4, 12), (-3, 5)], dtype=float)
    curve = closed_spline(points)
    assert np.allclose(curve[::16], points)
    assert Polygon(curve).is_valid
    twice = closed_spline(np.repeat(points, 2, axis=0))
    assert np.allclose(twice[::16], points)
    assert closed_spline(points[:2]).tolist() == points[:2].tolist()


def test_mending_keeps_what_an_outline_goes_round() -> None:
    overshoot = [(0, 0), (10, 0), (10, 10), (-2, 10), (-2, -2), (5, -2), (5, 5), (3, 5), (3, 0)]
    assert mend(Polygon(overshoot)).area == pytest.approx(134)  # even-odd would cut 10 px2 out of it
    bow_tie = mend(Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]))
    assert (bow_tie.geom_type, bow_tie.area) == ("MultiPolygon", 50)


def test_mending_drops_specks_and_keeps_lobes() -> None:
    nucleus = [(0, 0), (30, 0), (30, 30), (0, 30), (0, 0.2), (-0.2, 0.2), (0.2, -0.2)]
    mended = mend(Polygon(nucleus))
    assert mended.geom_type == "Polygon"
    assert mended.area == pytest.approx(900, abs=0.1)
    lobe = mend(Polygon([(0, 0), (3000, 3000), (3000, 0), (3, 3), (0, 3)]))
    assert lobe.area == pytest.approx(sum(p.area for p in getattr(lobe, "geoms", [lobe])))


def test_nothing_with_an_area() -> None:
    with pytest.raises(GeometryError, match="no area"):
        mend(Polygon([(0, 0), (5, 5), (9, 9)]))
