from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely.geometry import LineString, MultiPoint, Polygon, box

from napari_histcode.annotations import Annotation, read_annotations, write_annotations
from tests.annotations.samples import square, written

TRIANGLE = {
    "type": "polyline",
    "closed": True,
    "points": [[0, 0, 0], [10, 0, 0], [10, 10, 0]],
    "group": "Tumor",
    "label": {"value": "A1"},
    "lineColor": "rgb(200, 0, 0)",
    "fillColor": "rgba(200, 0, 0, 0.5)",
    "lineWidth": 2,
}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda e: {"name": "n", "description": "", "elements": [e]},
        lambda e: {"_id": "x", "annotation": {"name": "n", "elements": [e]}, "groups": []},
        lambda e: [{"_id": "x", "annotation": {"name": "n", "elements": [e]}}],
        lambda e: [{"name": "n", "elements": [e]}],
    ],
)
def test_every_wrapping(tmp_path: Path, wrap: Any) -> None:
    (annotation,) = read_annotations(written(tmp_path, wrap(TRIANGLE), "a.json"))
    assert annotation.geometry.area == 50
    assert (annotation.class_name, annotation.name, annotation.colour) == ("Tumor", "A1", (200, 0, 0))


def read(tmp_path: Path, *elements: dict[str, Any]) -> list[Annotation]:
    return list(read_annotations(written(tmp_path, {"elements": list(elements)}, "a.json")))


def test_elements(tmp_path: Path) -> None:
    hole = [[4, 2, 0], [6, 2, 0], [6, 4, 0], [4, 2, 0]]
    line, holed, point, arrow, circle = read(
        tmp_path,
        {"type": "polyline", "points": [[0, 0, 0], [3, 4, 0]], "lineColor": "#0f0"},
        TRIANGLE | {"holes": [hole]},
        {"type": "point", "center": [123.3, 144.6, -123]},
        {"type": "arrow", "points": [[5, 6, 0], [-17, 6, 0]]},
        {"type": "circle", "center": [100, 100, 0], "radius": 50},
    )
    assert line.geometry.length == 5
    assert line.own_colour == (0, 255, 0)
    assert holed.geometry.area == 48
    assert point.geometry.coords[0] == (123.3, 144.6)
    assert arrow.geometry.length == 22
    assert circle.geometry.area == pytest.approx(np.pi * 2500, rel=0.01)


def test_rotation_runs_from_x_to_y(tmp_path: Path) -> None:
    """large_image computes it as atan2(dy, dx) of the side that is the width, in image coordinates."""
    turned = {"center": [10, 10, 0], "width": 20, "height": 2, "rotation": np.pi / 4}
    rectangle, ellipse, other = read(
        tmp_path,
        {"type": "rectangle", **turned},
        {"type": "ellipse", **turned},
        {"type": "rectangle", **turned, "normal": [0, 0, -1]},
    )
    along = LineString([(10 - 6, 10 - 6), (10 + 6, 10 + 6)])
    assert rectangle.geometry.contains(along)
    assert ellipse.geometry.contains(along)
    assert not other.geometry.contains(along)
    assert rectangle.geometry.area == pytest.approx(40)
    assert ellipse.geometry.area == pytest.approx(np.pi * 10, rel=0.02)


def test_what_is_no_region_is_listed(tmp_path: Path) -> None:
    elements = [
        TRIANGLE,
        {"type": "griddata", "gridWidth": 2, "values": [1, 2]},
        {"type": "heatmap", "points": []},
        {"type": "image", "girderId": "x"},
        {"type": "banana"},
        {"type": "rectangle", "center": [1]},
        {"type": "ellipse", "center": [1, 1], "width": "wide", "height": 1},
        {"type": "circle", "center": [1, 1], "radius": float("nan")},
        "text",
    ]
    result = read_annotations(written(tmp_path, {"elements": elements}, "a.json"))
    assert len(result) == 1
    assert result.report.n_unread == 8


def test_what_is_written(tmp_path: Path) -> None:
    ring = Polygon(square(0, 0, 100), [square(10, 10)])
    annotations = [
        Annotation(geometry=ring, class_name="Tumor", name="A1", measurements={"a": 1.0}),
        Annotation(geometry=MultiPoint([(1, 2), (3, 4)]), own_colour=(1, 2, 3)),
        Annotation(geometry=LineString([(1, 2), (3, 4)])),
        Annotation(geometry=box(0, 0, 1, 1), object_type="cell"),
    ]
    path = tmp_path / "secret-name.json"
    report = write_annotations(annotations, path, "histomicsui").report
    assert [f.places for f in report] == [("object 2",), ("object 1",), ("object 4",)]
    document = json.loads(path.read_text())
    assert "secret" not in path.read_text()
    first, *_ = document["elements"]
    assert first["points"][1] == [100.0, 0.0, 0]
    assert first["lineColor"] == "rgb(200, 0, 0)"
    assert len(first["holes"]) == 1
    read = read_annotations(path)
    kinds = [a.geometry.geom_type for a in read]
    assert kinds == ["Polygon", "Point", "Point", "LineString", "Polygon"]
    assert read.annotations[0].geometry.normalize() == ring.normalize()
    assert read.annotations[1].own_colour == (1, 2, 3)
