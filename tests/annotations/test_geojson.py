from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from napari_histcode.annotations import Plane, read_annotations, read_geojson
from napari_histcode.errors import AnnotationFileError
from tests.annotations.samples import SQUARE, feature, polygon, written


@pytest.mark.parametrize(
    "wrap",
    [
        lambda f: {"type": "FeatureCollection", "features": [f]},
        lambda f: {"features": [f], "type": "FeatureCollection", "crs": {"x": [1, {}]}},
        lambda f: [f],
        lambda f: [{"type": "FeatureCollection", "features": [f]}],
        lambda f: f,
        lambda f: {"properties": f["properties"], "geometry": f["geometry"]},
    ],
)
def test_collection_list_and_single_feature(tmp_path: Path, wrap: object) -> None:
    one = feature(name="A1", classification={"name": "Tumor", "color": [200, 0, 0]})
    (annotation,) = read_geojson(written(tmp_path, wrap(one)))  # type: ignore[operator]
    assert annotation.geometry.area == 100
    assert (annotation.class_name, annotation.name, annotation.colour) == ("Tumor", "A1", (200, 0, 0))


def test_a_bare_geometry(tmp_path: Path) -> None:
    (annotation,) = read_geojson(written(tmp_path, {"type": "Polygon", "coordinates": SQUARE}))
    assert annotation.geometry.area == 100


def test_every_generation_of_classification(tmp_path: Path) -> None:
    features = [
        feature(classification="Stroma"),
        feature(classification={"name": "Tumor", "colorRGB": -3670016}),
        feature(classification={"name": "Tumor", "color": -3670016}),
        feature(classification={"names": ["Tumor", "Positive"], "color": [200, 50, 50, 255]}),
        feature(classification={"name": "Never seen"}),
        feature(),
    ]
    result = read_annotations(written(tmp_path, features))
    assert [a.class_name for a in result] == [
        "Stroma", "Tumor", "Tumor", "Tumor: Positive", "Never seen", None,
    ]  # fmt: skip
    assert [a.colour for a in result] == [None, (200, 0, 0), (200, 0, 0), (200, 50, 50), None, None]
    assert result.counts()["Tumor"] == 2
    assert not result.report.findings


@pytest.mark.parametrize(
    ("own_id", "properties", "expected"),
    [
        ("PathAnnotationObject", {}, "annotation"),
        ("PathDetectionObject", {}, "detection"),
        ("PathTileObject", {}, "tile"),
        ("PathCellObject", {}, "cell"),
        ("TMACoreObject", {}, "tmaCore"),
        ("PathRootObject", {}, "root"),
        ("8a4d3b0e-5d1c-4b55-9a3f-7b6f5c2f8d11", {"object_type": "detection"}, "detection"),
        ("8a4d3b0e-5d1c-4b55-9a3f-7b6f5c2f8d11", {"objectType": "tmaCore"}, "tmaCore"),
        (None, {"type": "cell"}, "cell"),
        (None, {"objectType": "banana"}, "annotation"),
        (7, {}, "annotation"),
    ],
)
def test_every_generation_of_type_and_id(
    tmp_path: Path, own_id: object, properties: dict[str, object], expected: str
) -> None:
    one = feature(**properties) | ({} if own_id is None else {"id": own_id})
    (annotation,) = read_annotations(written(tmp_path, one))
    assert annotation.object_type == expected
    is_identity = own_id is not None and not str(own_id).endswith("Object")
    assert annotation.id == (str(own_id) if is_identity else None)


@pytest.mark.parametrize(
    "measurements",
    [
        {"Area µm^2": 123.4, "n": "NaN", "up": "Infinity", "down": "-Infinity"},
        {"Area µm^2": 123.4, "n": "nan", "up": "inf", "down": "-inf"},
        [
            {"name": "Area µm^2", "value": 123.4},
            {"name": "n", "value": "NaN"},
            {"name": "up", "value": float("inf")},
            {"name": "down", "value": "-inf"},
        ],
    ],
)
def test_every_generation_of_measurements(tmp_path: Path, measurements: object) -> None:
    (annotation,) = read_annotations(written(tmp_path, feature(measurements=measurements)))
    values = dict(annotation.measurements)
    assert values.pop("n") != values.get("n")
    assert values == {"Area µm^2": 123.4, "up": float("inf"), "down": float("-inf")}


def test_a_cell_with_all_that_qupath_writes(tmp_path: Path) -> None:
    text = """{"type":"FeatureCollection","features":[{"type":"Feature",
     "id":"8a4d3b0e-5d1c-4b55-9a3f-7b6f5c2f8d11",
     "geometry":{"type":"Polygon","coordinates":[[[100,100],[400,100],[400,380.5],[100,100]]],
       "isEllipse":true,"plane":{"c":-1,"z":2,"t":0}},
     "nucleusGeometry":{"type":"Polygon","coordinates":[[[380,110],[395,110],[395,120],[380,110]]]},
     "properties":{"objectType":"cell","name":"A1","color":[255,0,0],
       "classification":{"name":"Tumor","color":[200,0,0]},"isLocked":true,
       "metadata":{"key":"first"},"metadata":{"key":"string"}}}]}"""
    result = read_annotations(written(tmp_path, text))
    (cell,) = result
    assert cell.nucleus is not None
    assert cell.nucleus.area == 75
    assert (cell.object_type, cell.is_locked, cell.is_ellipse) == ("cell", True, True)
    assert (cell.own_colour, cell.colour, cell.shown_colour) == ((255, 0, 0), (200, 0, 0), (255, 0, 0))
    assert cell.metadata == {"key": "string"}  # QuPath writes it twice
    assert cell.plane == Plane(z=2)
    assert [f.reason for f in result.report] == [
        "it lies in another plane of a stack, and is shown with the others"
    ]


@pytest.mark.parametrize("key", ["childObjects", "children"])
def test_children_are_read_after_their_parents(tmp_path: Path, key: str) -> None:
    grandchild, second = feature(name="2"), feature(name="3")
    child = feature(name="1", **{key: [grandchild]})
    result = read_annotations(written(tmp_path, [feature(name="0", **{key: [child, second]})]))
    assert [a.name for a in result] == ["0", "1", "2", "3"]
    (note,) = result.report
    assert note.kind == "note"
    assert note.places == ("feature 1", "feature 1, child 1")


def test_points_and_lines_are_kept_without_area(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        [
            feature([1, 2], shape="Point"),
            feature([[1, 2], [3, 4, 5]], shape="MultiPoint"),
            feature([[1, 2], [3, 4]], shape="LineString"),
            feature([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], shape="MultiLineString"),
            feature([SQUARE, [[[20, 20], [30, 20], [30, 30]]]], shape="MultiPolygon"),
        ],
    )
    result = read_annotations(path)
    assert [a.geometry.geom_type for a in result] == [
        "Point", "MultiPoint", "LineString", "MultiLineString", "MultiPolygon",
    ]  # fmt: skip
    assert [a.has_area for a in result] == [False, False, False, False, True]
    assert len(read_geojson(path)) == len(result.areas) == 1


def test_holes_open_rings_and_a_third_coordinate(tmp_path: Path) -> None:
    shell = [[0, 0, 1], [10, 0, 1], [10, 10, 1], [0, 10, 1]]
    hole = [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]]
    (annotation,) = read_geojson(written(tmp_path, feature([shell, hole])))
    assert annotation.geometry.area == 96
    assert len(annotation.geometry.interiors) == 1


def test_self_crossing_outlines_are_mended_and_said_so(tmp_path: Path) -> None:
    bow_tie = polygon((0, 0), (10, 10), (10, 0), (0, 10))
    result = read_annotations(written(tmp_path, [feature(), bow_tie]))
    assert result.annotations[1].geometry.is_valid
    assert result.annotations[1].geometry.area == 50
    (repair,) = result.report.of("repaired")
    assert repair.places == ("feature 2",)
    assert "crosses" in repair.reason


def test_objects_without_geometry_are_listed(tmp_path: Path) -> None:
    path = written(tmp_path, [{"type": "Feature", "geometry": {}, "properties": {}}, feature()])
    result = read_annotations(path)
    assert len(result) == 1
    (lost,) = result.report.of("not read")
    assert (lost.reason, lost.places) == ("it has no geometry", ("feature 1",))
    assert len(read_geojson(path)) == 1  # there is nothing to be missed


def test_a_geometry_collection_gives_its_areas(tmp_path: Path) -> None:
    parts = [{"type": "Polygon", "coordinates": SQUARE}, {"type": "Point", "coordinates": [1, 1]}]
    one = {"type": "Feature", "geometry": {"type": "GeometryCollection", "geometries": parts}}
    result = read_annotations(written(tmp_path, [one]))
    assert result.annotations[0].geometry.area == 100
    assert result.report.n_repaired == 1


def test_what_is_not_understood_is_noted(tmp_path: Path) -> None:
    odd = feature(score=3, color="red", classification=[1], measurements={"a": None, "b": 1})
    result = read_annotations(written(tmp_path, [odd]))
    assert result.annotations[0].measurements == {"b": 1.0}
    assert [finding.reason for finding in result.report] == [
        "its colour cannot be understood",
        "its classification cannot be understood",
        "the measurement 'a' is no number and is not read",
        "the property 'score' is not read",
    ]


def test_duplicate_ids_become_different(tmp_path: Path) -> None:
    same = [feature() | {"id": "8a4d3b0e-5d1c-4b55-9a3f-7b6f5c2f8d11"}] * 3
    result = read_annotations(written(tmp_path, same))
    assert [a.id is None for a in result] == [False, True, True]
    assert result.report.n_repaired == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, json.dumps([feature(name="Läsion µ")], ensure_ascii=False).encode(encoding))
    assert read_annotations(path).annotations[0].name == "Läsion µ"


def test_packed_files_are_told_by_their_content(tmp_path: Path) -> None:
    plain = json.dumps([feature()]).encode()
    path = written(tmp_path, gzip.compress(plain), "regions.geojson")
    assert len(read_geojson(path)) == 1
    with zipfile.ZipFile(tmp_path / "regions.zip", "w") as archive:
        archive.writestr("inside.geojson", plain)
        archive.writestr("readme.txt", "hello")
    assert len(read_geojson(tmp_path / "regions.zip")) == 1
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.geojson", plain)
        archive.writestr("b.geojson", plain)
    with pytest.raises(AnnotationFileError, match="holds 2"):
        read_geojson(tmp_path / "two.zip")


def test_an_empty_collection_is_no_error(tmp_path: Path) -> None:
    for content in ({"type": "FeatureCollection", "features": []}, []):
        result = read_annotations(written(tmp_path, content))
        assert len(result) == 0
        assert [f.reason for f in result.report] == ["the file holds no objects"]
