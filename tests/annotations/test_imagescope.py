from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from defusedxml import ElementTree
from shapely.geometry import MultiPolygon, Point, Polygon, box

from napari_histcode.annotations import Annotation, read_annotations, write_annotations
from tests.annotations.samples import imagescope, layer, region, slide_in_words, square, written


@pytest.mark.parametrize(
    ("packed", "colour"),
    [(255, (255, 0, 0)), (65280, (0, 255, 0)), (65535, (255, 255, 0)), (16711680, (0, 0, 255))],
)
def test_line_colour_is_a_windows_colorref(tmp_path: Path, packed: int, colour: tuple[int, int, int]) -> None:
    path = written(tmp_path, imagescope(layer(region(square(0, 0)), colour=packed)), "a.xml")
    assert read_annotations(path).annotations[0].colour == colour


@pytest.mark.parametrize(
    ("name", "attribute", "text", "expected"),
    [
        ("Tumor", "", "", ("Tumor", None)),
        ("Tumor", "", "A1", ("Tumor", "A1")),
        ("", '<Attribute Name="Description" Id="0" Value="Stroma"/>', "A1", ("Stroma", "A1")),
        ("", '<Attribute Name="Necrosis" Id="0" Value=""/>', "", ("Necrosis", None)),
        ("", '<Attribute Name="Description" Id="0" Value=""/>', "Tumor", ("Tumor", None)),
        ("", "", "", (None, None)),
        ("Unclassified", "", "A1", (None, "A1")),
    ],
)
def test_the_three_places_of_a_name(
    tmp_path: Path, name: str, attribute: str, text: str, expected: tuple[str | None, str | None]
) -> None:
    content = imagescope(layer(region(square(0, 0), Text=text), name=name, attribute=attribute))
    (annotation,) = read_annotations(written(tmp_path, content, "a.xml"))
    assert (annotation.class_name, annotation.name) == expected


def test_types(tmp_path: Path) -> None:
    content = imagescope(
        layer(
            region([(0, 0), (0, 10), (20, 10), (20, 0)], Type=1),
            region([(0, 0), (20, 10)], Type=1),
            region([(10, 20), (30, 60)], Type=2),
            region([(1, 2), (3, 4)], Type=3),
            region([(1, 2), (3, 4)], Type=4),
            region([(1, 2), (3, 4)], Type=5),
        )
    )
    result = read_annotations(written(tmp_path, content, "a.xml"))
    rectangle, by_two, ellipse, arrow, ruler = result
    assert rectangle.geometry.equals(by_two.geometry)
    assert ellipse.geometry.bounds == pytest.approx((10, 20, 30, 60), abs=0.05)
    assert ellipse.geometry.area == pytest.approx(np.pi * 10 * 20, rel=0.01)
    assert ellipse.is_ellipse
    assert arrow.geometry.geom_type == ruler.geometry.geom_type == "LineString"
    (lost,) = result.report.of("not read")
    assert lost.places == ("layer 1, region 6",)


def test_negative_regions_are_holes(tmp_path: Path) -> None:
    big, small = square(0, 0, 100), square(10, 10, 50)
    content = imagescope(
        layer(
            region(big, Id=1),
            region(small, Id=2),
            region(square(20, 20), Id=3, NegativeROA=1),  # the smallest around it
            region(square(40, 40), Id=4, NegativeROA=1, InputRegionId=1),  # as it says
            region(square(80, 80), Id=5, NegativeROA=1, InputRegionId=2),  # it says so, and lies elsewhere
            region(square(500, 500), Id=6, NegativeROA=1),
        ),
        layer(region(square(20, 20), Id=1, NegativeROA=1), name="Stroma"),
    )
    result = read_annotations(written(tmp_path, content, "a.xml"))
    assert [len(a.geometry.interiors) for a in result] == [2, 1]
    assert [a.geometry.area for a in result] == [10_000 - 200, 2500 - 100]
    (lost,) = result.report.of("not read")
    assert lost.places == ("layer 1, region 6", "layer 2, region 1")


def test_a_hole_that_reaches_out_is_subtracted(tmp_path: Path) -> None:
    content = imagescope(layer(region(square(0, 0)), region(square(4, 4), Id=2, NegativeROA=1)))
    result = read_annotations(written(tmp_path, content, "a.xml"))
    assert len(result) == 1
    inside_half = imagescope(
        layer(region(square(0, 0)), region([(2, 5), (8, 5), (8, 13), (2, 13)], Id=2, NegativeROA=1))
    )
    result = read_annotations(written(tmp_path, inside_half, "a.xml"))
    assert result.annotations[0].geometry.area == pytest.approx(100 - 30)
    assert result.report.n_repaired == 1


def test_open_freehand_lines_are_closed(tmp_path: Path) -> None:
    half = [(2000 + 1000 * np.cos(a), 1000 * np.sin(a)) for a in np.linspace(0, np.pi, 200)]
    content = imagescope(layer(region(square(0, 0)), region(half)))
    result = read_annotations(written(tmp_path, content, "a.xml"))
    assert result.annotations[1].geometry.area == pytest.approx(np.pi / 2 * 1e6, rel=1e-3)
    (note,) = result.report
    assert "open" in note.reason
    assert note.places == ("layer 1, region 2",)


def test_another_resolution_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path, imagescope(layer(region(square(0, 0)))), "a.xml")
    assert not read_annotations(path, slide=slide_in_words(mpp=0.2525)).report.findings
    (note,) = read_annotations(path, slide=slide_in_words(mpp=0.5)).report
    assert "drawn at 0.2521 um/px" in note.reason


def test_what_is_written(tmp_path: Path) -> None:
    ring = Polygon(square(0, 0, 100), [square(10, 10), square(50, 50)])
    annotations = [
        Annotation(geometry=ring, class_name="Tumor", name="A&B", colour=(255, 0, 0)),
        Annotation(geometry=box(0, 0, 1, 1), name="U"),
        Annotation(
            geometry=MultiPolygon([box(200, 0, 201, 1), ring]), class_name="Tumor", colour=(255, 0, 0)
        ),
        Annotation(geometry=Point(1, 2), class_name="Tumor", colour=(255, 0, 0)),
        Annotation(geometry=box(0, 0, 2, 2), class_name="Tumor", colour=(255, 0, 0), is_locked=True),
    ]
    path = tmp_path / "a.xml"
    report = write_annotations(annotations, path, "imagescope", mpp=0.25).report
    assert [finding.places for finding in report] == [("object 3",), ("object 4",)]
    root = ElementTree.parse(path).getroot()
    assert root.get("MicronsPerPixel") == "0.250000"
    layers = root.findall("Annotation")
    assert [(entry.get("Name"), entry.get("LineColor"), entry.get("ReadOnly")) for entry in layers] == [
        ("Tumor", "255", "0"), ("Unclassified", "65280", "0"), ("Tumor", "255", "1"),
    ]  # fmt: skip
    regions = layers[0].find("Regions").findall("Region")
    assert [r.get("NegativeROA") for r in regions] == list("0110011")
    assert [r.get("InputRegionId") for r in regions] == list("0110055")
    assert (regions[0].get("Area"), regions[0].get("AreaMicrons")) == ("10000.0", "625.0")
    read = read_annotations(path)
    assert [a.geometry.normalize() for a in read] == [
        g.normalize() for g in (ring, box(200, 0, 201, 1), ring, box(0, 0, 1, 1), box(0, 0, 2, 2))
    ]
    assert [a.class_name for a in read] == ["Tumor"] * 3 + [None, "Tumor"]
    assert [a.name for a in read] == ["A&B", None, None, "U", None]
    assert [a.is_locked for a in read] == [False] * 4 + [True]
