from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from defusedxml import ElementTree
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from napari_histcode.annotations import Annotation, read_annotations, write_annotations
from tests.annotations.samples import asap, asap_item, square, written

TUMOUR = '<Group Name="tumor" PartOfGroup="None" Color="#64FE2E"><Attributes/></Group>'


def test_groups_are_classes(tmp_path: Path) -> None:
    content = asap(asap_item(square(5, 6), group="tumor") + asap_item(square(0, 0)), TUMOUR)
    result = read_annotations(written(tmp_path, content, "a.xml"))
    tumour, other = result
    assert tumour.geometry.equals(box(5, 6, 15, 16))
    assert (tumour.class_name, tumour.colour, tumour.own_colour) == ("tumor", (100, 254, 46), (244, 250, 88))
    assert (other.class_name, other.colour, other.name) == (None, None, None)
    assert not result.report.findings


def test_corners_follow_their_order_and_not_the_file(tmp_path: Path) -> None:
    corners = [(0, 0), (10, 10), (10, 0), (0, 10)]  # a bow tie as it stands in the file
    order = [0, 2, 1, 3]
    coordinates = "".join(
        f'<Coordinate Order="{i}" X="{x}" Y="{y}"/>' for i, (x, y) in zip(order, corners, strict=True)
    )
    item = (
        f'<Annotation Name="A" Type="Polygon" PartOfGroup="None" Color="#F4FA58"><Coordinates>{coordinates}'
    )
    result = read_annotations(written(tmp_path, asap(item + "</Coordinates></Annotation>"), "a.xml"))
    assert result.annotations[0].geometry.area == 100
    assert not result.report.findings


def test_an_incomplete_order_is_reported(tmp_path: Path) -> None:
    content = asap(asap_item(square(0, 0)).replace('Order="3"', 'Order="7"'))
    result = read_annotations(written(tmp_path, content, "a.xml"))
    assert result.annotations[0].geometry.area == 100
    assert result.report.n_repaired == 1


def test_every_type(tmp_path: Path) -> None:
    circle = [
        (200 + 100 * np.cos(a), 200 + 100 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ]
    items = [
        asap_item(square(0, 0), "Rectangle"),
        asap_item([(3, 4)], "Dot"),
        asap_item([(3, 4), (5, 6)], "PointSet"),
        asap_item([(3, 4), (5, 6)], "Measurement"),
        asap_item(circle, "Spline"),
    ]
    result = read_annotations(written(tmp_path, asap("".join(items)), "a.xml"))
    shapes = [a.geometry.geom_type for a in result]
    assert shapes == ["Polygon", "Point", "MultiPoint", "LineString", "Polygon"]
    assert result.annotations[4].geometry.area == pytest.approx(np.pi * 100**2, rel=0.005)
    (note,) = result.report
    assert "spline" in note.reason


def test_a_decimal_comma_and_an_unlisted_group(tmp_path: Path) -> None:
    content = asap(asap_item([("0", "0"), ("10,5", "0"), ("10,5", "10"), ("0", "10")], group="lost"))
    result = read_annotations(written(tmp_path, content, "a.xml"))
    assert result.annotations[0].geometry.area == 105
    assert result.annotations[0].class_name == "lost"
    assert "ASAP would refuse" in next(iter(result.report)).reason


def test_what_is_written_obeys_asaps_reader(tmp_path: Path) -> None:
    """ASAP rejects the whole file over a group that is not listed, and indexes an array by Order."""
    ring = box(0, 0, 100, 100).difference(box(10, 10, 20, 20)).difference(box(50, 50, 60, 60))
    annotations = [
        Annotation(geometry=ring, class_name='Tumor "x" <&>', colour=(1, 2, 3), name="A\n1"),
        Annotation(geometry=MultiPolygon([box(200, 0, 201, 1), ring])),
        Annotation(geometry=Point(1, 2), class_name="Stroma"),
        Annotation(geometry=MultiPoint([(1, 2), (3, 4)])),
        Annotation(geometry=LineString([(1, 2), (3, 4)])),
    ]
    path = tmp_path / "a.xml"
    report = write_annotations(annotations, path, "asap").report
    assert [finding.reason for finding in report] == [
        "several polygons in one object were written one by one",
        "ASAP has no lines",
    ]
    root = ElementTree.parse(path).getroot()
    groups = {group.get("Name") for group in root.find("AnnotationGroups")}
    assert groups == {'Tumor "x" <&>', 'Tumor "x" <&> (holes)', "(holes)", "Stroma"}
    items = list(root.find("Annotations"))
    assert [item.get("Type") for item in items] == ["Polygon"] * 7 + ["Dot", "PointSet"]
    for item in items:
        assert item.get("PartOfGroup") in {*groups, "None"}
        corners = item.find("Coordinates")
        assert [int(c.get("Order")) for c in corners] == list(range(len(corners)))
    assert len(items[0].find("Coordinates")) == 4  # not closed
    read = read_annotations(path)
    assert [a.geometry.normalize() for a in read.areas] == [
        g.normalize() for g in (ring, box(200, 0, 201, 1), ring)
    ]
    assert read.annotations[0].name == "A\n1"
    assert read.annotations[0].colour == (1, 2, 3)


def test_holes_belong_to_the_polygon_before_them(tmp_path: Path) -> None:
    first = Polygon(square(0, 0, 100), [square(10, 10)])
    second = Polygon(square(5, 5, 100), [square(15, 15)])  # overlaps the first and its hole
    annotations = [Annotation(geometry=g, class_name="Tumor") for g in (first, second)]
    write_annotations(annotations, tmp_path / "a.xml", "asap")
    read = read_annotations(tmp_path / "a.xml")
    assert [a.geometry.normalize() for a in read] == [first.normalize(), second.normalize()]


def test_a_hole_without_polygon_stays_a_region(tmp_path: Path) -> None:
    groups = TUMOUR + (
        '<Group Name="tumor (holes)" PartOfGroup="None" Color="#404040"><Attributes>'
        '<Attribute holes_of="tumor" /></Attributes></Group>'
    )
    content = asap(asap_item(square(0, 0), group="tumor (holes)") + asap_item(square(0, 0)), groups)
    result = read_annotations(written(tmp_path, content, "a.xml"))
    assert [a.class_name for a in result] == [None, "tumor (holes)"]
    assert "hole" in next(iter(result.report)).reason
