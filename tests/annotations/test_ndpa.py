from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_histcode.annotations import read_annotations
from napari_histcode.errors import AnnotationFileError, MissingMppError
from napari_histcode.slide import open_slide
from tests.annotations.samples import ndp_view, ndpa, slide_in_words, written
from tests.array_slide import ArraySlide

OFFSET_NM = (12_538_720.0, -96_063.0)
MPP = 0.25
SIZE = (4000, 3000)


def slide() -> ArraySlide:
    return slide_in_words(SIZE, mpp=MPP, ndp_offset_nm=OFFSET_NM)


def to_nm(x: float, y: float) -> tuple[float, float]:
    """The formula of interchange.md, solved for nanometres."""
    return (
        (x - SIZE[0] / 2) * 1000 * MPP + OFFSET_NM[0],
        (y - SIZE[1] / 2) * 1000 * MPP + OFFSET_NM[1],
    )


def freehand(
    corners: list[tuple[float, float]],
    closed: str = "<closed>1</closed>",
    *,
    units_nm: float = 1.0,
    **attributes: str,
) -> str:
    in_nm = [to_nm(*corner) for corner in corners]
    points = "".join(f"<point><x>{x / units_nm}</x><y>{y / units_nm}</y></point>" for x, y in in_nm)
    stated = {"type": "freehand", "displayname": "AnnotateFreehand", "color": "#ff0000", **attributes}
    text = " ".join(f'{key}="{value}"' for key, value in stated.items())
    return f"<annotation {text}>{closed}<pointlist>{points}</pointlist></annotation>"


CORNERS = [(100.0, 200.0), (1100.0, 200.0), (1100.0, 700.0), (100.0, 700.0)]


def test_nanometres_from_the_centre_of_the_glass(tmp_path: Path) -> None:
    path = written(tmp_path, ndpa(ndp_view("Tumor", freehand(CORNERS))), "a.ndpa")
    result = read_annotations(path, slide=slide())
    (annotation,) = result
    assert annotation.geometry.bounds == pytest.approx((100, 200, 1100, 700), abs=0.01)
    assert (annotation.class_name, annotation.colour) == ("Tumor", (255, 0, 0))
    assert result.frame.units == "nm"
    assert not result.report.findings


def test_every_type(tmp_path: Path) -> None:
    (x, y), (x2, y2) = to_nm(500, 600), to_nm(700, 600)
    line = {"displayname": "AnnotateFreehandLine"}
    views = [
        ndp_view("a", freehand(CORNERS, "<closed>0</closed>")),
        ndp_view("b", freehand(CORNERS, "")),
        ndp_view("c", freehand(CORNERS, "", **line)),
        ndp_view(
            "d",
            f'<annotation type="circle"><x>{x}</x><y>{y}</y><radius>25000</radius></annotation>',
        ),
        ndp_view("", f'<annotation type="pin" color="#00ff00"><x>{x}</x><y>{y}</y></annotation>'),
        ndp_view(
            "f",
            f'<annotation type="pointer"><x1>{x}</x1><y1>{y}</y1><x2>{x2}</x2><y2>{y2}</y2></annotation>',
        ),
        ndp_view("g", '<annotation type="cloud"/>'),
        ndp_view("h", '<annotation type="pin"><x>1</x></annotation>'),
        ndp_view("i", freehand(CORNERS), units="parsecs"),
        ndp_view("j", freehand(CORNERS, units_nm=1000.0), units="micrometers"),
    ]
    result = read_annotations(written(tmp_path, ndpa(*views), "a.ndpa"), slide=slide())
    shapes = [a.geometry.geom_type for a in result]
    assert shapes == ["LineString", "Polygon", "LineString", "Polygon", "Point", "LineString", "Polygon"]
    circle, pin, ruler = result.annotations[3:6]
    assert circle.geometry.centroid.coords[0] == pytest.approx((500, 600), abs=0.01)
    assert circle.geometry.area == pytest.approx(np.pi * 100**2, rel=1e-3)
    assert pin.geometry.coords[0] == pytest.approx((500, 600), abs=0.01)
    assert (pin.class_name, pin.own_colour) == (None, (0, 255, 0))
    assert ruler.geometry.length == pytest.approx(200, abs=0.01)
    assert [f.places for f in result.report.of("not read")] == [("view 7",), ("view 8",), ("view 9",)]
    assert result.annotations[6].geometry.bounds == pytest.approx((100, 200, 1100, 700), abs=0.01)


def test_without_the_slide_it_is_an_error_with_advice(tmp_path: Path) -> None:
    path = written(tmp_path, ndpa(ndp_view("Tumor", freehand(CORNERS))), "a.ndpa")
    with pytest.raises(AnnotationFileError, match=r"the slide is needed.*--slide"):
        read_annotations(path)
    with pytest.raises(AnnotationFileError, match="does not say where it lies"):
        read_annotations(path, slide=slide_in_words())
    with pytest.raises(MissingMppError):
        read_annotations(path, slide=slide_in_words(mpp=None, ndp_offset_nm=OFFSET_NM))


def test_a_real_slide_says_where_it_lies(shared_data: Path, tmp_path: Path) -> None:
    with open_slide(shared_data / "slides/test3-DAPI-2.ndpi") as slide:
        assert slide.ndp_offset_nm == (12_538_720, -96_063)
        assert slide.mpp is not None
        nm = 1000 * slide.mpp.x
        x, y = OFFSET_NM[0] - slide.dimensions[0] / 2 * nm, OFFSET_NM[1] - slide.dimensions[1] / 2 * nm
        pin = f'<annotation type="pin"><x>{x}</x><y>{y}</y></annotation>'
        (annotation,) = read_annotations(
            written(tmp_path, ndpa(ndp_view("corner", pin)), "a.ndpa"), slide=slide
        )
    assert annotation.geometry.coords[0] == pytest.approx((0, 0), abs=1e-6)
