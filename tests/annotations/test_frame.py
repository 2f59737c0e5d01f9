"""The origin trap, units, and the direction of y."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from napari_histcode.annotations import Annotation, read_annotations, write_annotations
from napari_histcode.annotations.frame import crop_bounds
from napari_histcode.errors import AnnotationFileError
from tests.annotations.samples import asap, asap_item, feature, polygon, slide_in_words, square, written

BOUNDS = (500, 300, 2000, 1500)


@pytest.mark.parametrize(
    ("bounds", "crop"),
    [
        (None, None),
        (BOUNDS, BOUNDS),
        ((0, 0, 4000, 3000), None),
        ((0, 300, 4000, 1500), None),  # the width is the slide's: QuPath does not crop
        ((500, 0, 2000, 3000), None),
        ((0, 0, 2000, 1500), (0, 0, 2000, 1500)),
    ],
)
def test_when_qupath_crops(
    bounds: tuple[int, int, int, int] | None, crop: tuple[int, int, int, int] | None
) -> None:
    assert crop_bounds(slide_in_words(bounds=bounds)) == crop


def test_geojson_counts_from_the_bounds_of_a_slide_that_qupath_crops(tmp_path: Path) -> None:
    path = written(tmp_path, [feature()])
    cropped = slide_in_words(bounds=BOUNDS)
    result = read_annotations(path, slide=cropped)
    assert result.annotations[0].geometry.bounds == (500, 300, 510, 310)
    assert (result.frame.origin, result.frame.offset_px0) == ("bounds", (500, 300))
    assert "QuPath crops" in result.frame.describe()
    assert read_annotations(path, slide=cropped, origin="slide").annotations[0].geometry.bounds[0] == 0
    assert read_annotations(path, slide=slide_in_words()).frame.origin == "slide"
    assert read_annotations(path).frame.origin == "slide"


def test_other_formats_count_from_the_slides_corner(tmp_path: Path) -> None:
    path = written(tmp_path, asap(asap_item(square(0, 0))), "a.xml")
    cropped = slide_in_words(bounds=BOUNDS)
    assert read_annotations(path, slide=cropped).frame.origin == "slide"
    shifted = read_annotations(path, slide=cropped, origin="bounds")
    assert shifted.annotations[0].geometry.bounds == (500, 300, 510, 310)


def test_bounds_that_are_not_known(tmp_path: Path) -> None:
    path = written(tmp_path, [feature()])
    with pytest.raises(AnnotationFileError, match="slide is needed"):
        read_annotations(path, origin="bounds")
    with pytest.raises(AnnotationFileError, match="bounds are not known"):
        read_annotations(path, origin="bounds", slide=slide_in_words())


def test_what_we_write_states_its_origin(tmp_path: Path) -> None:
    """QuPath sees it in its own frame, and we read it back without the slide."""
    path = tmp_path / "a.geojson"
    annotation = Annotation(geometry=box(600, 400, 700, 500))
    written_file = write_annotations([annotation], path, slide=slide_in_words(bounds=BOUNDS))
    assert (written_file.origin, written_file.offset_px0) == ("bounds", (500, 300))
    document = json.loads(path.read_text())
    assert document["histcode"]["origin_px0"] == [500, 300]
    assert min(document["features"][0]["geometry"]["coordinates"][0]) == [100.0, 100.0]
    read = read_annotations(path)
    assert read.frame.origin == "stated"
    assert read.annotations[0].geometry.equals(annotation.geometry)
    del document["histcode"]  # as QuPath would write it again
    again = read_annotations(written(tmp_path, document), slide=slide_in_words(bounds=BOUNDS))
    assert again.annotations[0].geometry.equals(annotation.geometry)


@settings(max_examples=50, deadline=None)
@given(
    corner=st.tuples(st.integers(0, 900), st.integers(0, 900)),
    origin=st.sampled_from(["auto", "slide", "bounds"]),
    name=st.sampled_from(["geojson", "asap", "imagescope", "histomicsui"]),
)
def test_origins_cancel(
    tmp_path_factory: pytest.TempPathFactory, corner: tuple[int, int], origin: str, name: str
) -> None:
    slide = slide_in_words(bounds=BOUNDS)
    path = tmp_path_factory.mktemp("frames") / "a"
    geometry = box(corner[0], corner[1], corner[0] + 50, corner[1] + 60)
    write_annotations([Annotation(geometry=geometry)], path, name, slide=slide, origin=origin)  # type: ignore[arg-type]
    read = read_annotations(path, slide=slide, origin=origin)  # type: ignore[arg-type]
    assert read.annotations[0].geometry.equals(geometry)


def test_micrometres(tmp_path: Path) -> None:
    path = written(tmp_path, [feature()])
    for result in (
        read_annotations(path, units="um", slide=slide_in_words(mpp=0.5)),
        read_annotations(path, units="um", mpp=0.5),
    ):
        assert result.annotations[0].geometry.bounds == (0, 0, 20, 20)
        assert result.frame.units == "um"
    with pytest.raises(AnnotationFileError, match="resolution"):
        read_annotations(path, units="um")


def test_y_that_grows_upwards(tmp_path: Path) -> None:
    path = written(tmp_path, [feature()])
    result = read_annotations(path, y_axis="up", slide=slide_in_words())
    assert result.annotations[0].geometry.bounds == (0, 2990, 10, 3000)
    cropped = read_annotations(path, y_axis="up", slide=slide_in_words(bounds=BOUNDS))
    assert cropped.annotations[0].geometry.bounds == (500, 1790, 510, 1800)
    with pytest.raises(AnnotationFileError, match="height"):
        read_annotations(path, y_axis="up")


def test_negative_y_counts_downwards(tmp_path: Path) -> None:
    path = written(tmp_path, [polygon((0, -10), (10, -10), (10, -30), (0, -30))])
    result = read_annotations(path)
    assert result.annotations[0].geometry.bounds == (0, 10, 10, 30)
    assert result.frame.y_axis == "negative"
    assert "all y are negative" in result.frame.reason
    kept = read_annotations(path, y_axis="down")
    assert kept.annotations[0].geometry.bounds == (0, -30, 10, -10)
    assert "negative coordinates" in next(iter(kept.report)).reason


def test_the_nucleus_moves_along(tmp_path: Path) -> None:
    cell = feature() | {"nucleusGeometry": {"type": "Polygon", "coordinates": [square(2, 2, 3)]}}
    (annotation,) = read_annotations(written(tmp_path, [cell]), slide=slide_in_words(bounds=BOUNDS))
    assert annotation.nucleus is not None
    assert annotation.nucleus.bounds == (502, 302, 505, 305)


@pytest.mark.parametrize(
    ("corners", "option"),
    [
        (square(3500, 2500, 400), "--origin slide"),  # drawn on the whole slide, read as cropped
        (square(100, 5000, 300), None),
        (square(-900, 100, 300), None),
    ],
)
def test_a_better_frame_is_suggested(
    tmp_path: Path, corners: list[tuple[float, float]], option: str | None
) -> None:
    slide = slide_in_words(bounds=BOUNDS)
    result = read_annotations(written(tmp_path, [polygon(*corners)]), slide=slide)
    outside, hint = result.report
    assert outside.reason == "it reaches outside the slide"
    assert "only 0%" in hint.reason
    assert ((option or "is it the right slide?") in hint.reason) is True


def test_a_bottom_left_origin_is_suggested(tmp_path: Path) -> None:
    slide = slide_in_words((4000, 3000), bounds=(100, 2000, 3000, 900))
    result = read_annotations(
        written(tmp_path, [polygon(*square(200, 1500, 300))]), slide=slide, origin="bounds"
    )
    assert any("--origin slide" in f.reason for f in result.report)
