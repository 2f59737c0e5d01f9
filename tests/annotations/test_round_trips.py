"""Whatever a format can express comes back within 0.01 px."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiPoint, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import Annotation, Plane, read_annotations, write_annotations
from napari_histcode.errors import OutputError, UnknownFormatError
from tests.annotations.samples import feature, slide_in_words, square, written

TOLERANCE_PX = 0.01
FORMATS = ["geojson", "asap", "imagescope", "histomicsui"]
PROPERTY = settings(max_examples=60, deadline=None)


@st.composite
def polygons(draw: st.DrawFn, *, has_holes: bool = True) -> Polygon:
    """Star-shaped polygons, some with a hole that is a smaller copy of them."""
    n_corners = draw(st.integers(3, 12))
    radii = np.array(draw(st.lists(st.floats(0.6, 1.0), min_size=n_corners, max_size=n_corners)))
    size = draw(st.floats(10, 5000))
    centre = np.array([draw(st.floats(6000, 90_000)), draw(st.floats(6000, 90_000))])
    angle = np.linspace(0, 2 * np.pi, n_corners, endpoint=False) + draw(st.floats(0, 6))
    unit = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radii[:, None]
    hole = [centre + 0.3 * size * unit] if has_holes and draw(st.booleans()) else []
    return Polygon(centre + size * unit, hole)


colours = st.tuples(*[st.integers(0, 255)] * 3)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="￾￿"), min_size=1
).filter(lambda text: text not in ("None", "Unclassified", "default") and not text.startswith("Annotation "))


def assert_same_outline(read: BaseGeometry, expected: BaseGeometry) -> None:
    assert read.geom_type == expected.geom_type
    assert shapely.get_num_coordinates(read) == shapely.get_num_coordinates(expected)
    difference = np.abs(
        shapely.get_coordinates(read.normalize()) - shapely.get_coordinates(expected.normalize())
    )
    assert difference.max() <= TOLERANCE_PX


@pytest.mark.parametrize("name", FORMATS)
@PROPERTY
@given(outlines=st.lists(polygons(), min_size=1, max_size=4))
def test_polygons_with_holes(
    tmp_path_factory: pytest.TempPathFactory, name: str, outlines: list[Polygon]
) -> None:
    path = tmp_path_factory.mktemp("trips") / "a"
    classes = ["Tumor", "Stroma", None, "Tumor"]
    annotations = [
        Annotation(geometry=outline, class_name=class_name)
        for outline, class_name in zip(outlines, classes, strict=False)
    ]
    assert not write_annotations(annotations, path, name).report.findings
    result = read_annotations(path)
    assert not result.report.of("not read")
    assert result.counts() == {name: n for name, n in result.counts().items() if n}
    for class_name in {*classes}:  # ImageScope's layers put objects of a class together
        expected = [a for a in annotations if a.class_name == class_name]
        read = [a for a in result if a.class_name == class_name]
        for one, other in zip(read, expected, strict=True):
            assert_same_outline(one.geometry, other.geometry)


@pytest.mark.parametrize("name", FORMATS)
@PROPERTY
@given(class_name=texts, own_name=texts, colour=colours, is_locked=st.booleans())
def test_names_and_colours(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    class_name: str,
    own_name: str,
    colour: tuple[int, int, int],
    is_locked: bool,
) -> None:
    path = tmp_path_factory.mktemp("trips") / "a"
    annotation = Annotation(
        geometry=box(0, 0, 9, 9), class_name=class_name, name=own_name, colour=colour, is_locked=is_locked
    )
    write_annotations([annotation], path, name)
    (read,) = read_annotations(path)
    assert (read.class_name, read.name, read.colour) == (class_name, own_name, colour)
    if name in ("geojson", "imagescope"):
        assert read.is_locked == is_locked


numbers = st.floats(allow_nan=False, width=64)


@PROPERTY
@given(
    geometry=st.one_of(
        polygons(),
        st.lists(polygons(), min_size=2, max_size=3).map(
            lambda parts: MultiPolygon(
                [shapely.transform(p, lambda xy, i=i: xy + i * 1e5) for i, p in enumerate(parts)]
            )
        ),
        st.just(Point(1.5, 2.25)),
        st.just(MultiPoint([(1, 2), (3.5, 4)])),
        st.just(LineString([(1, 2), (3.5, 4), (9, 9)])),
    ),
    object_type=st.sampled_from(["annotation", "detection", "cell", "tile", "tmaCore"]),
    measurements=st.dictionaries(st.text(), numbers, max_size=4),
    metadata=st.dictionaries(st.text(), st.text(), max_size=3),
    own_colour=st.none() | colours,
    plane=st.none() | st.builds(Plane, c=st.integers(-1, 3), z=st.integers(0, 3), t=st.just(0)),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    own_id=st.none() | st.uuids().map(str),
)
def test_qupath_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    geometry: BaseGeometry,
    object_type: str,
    measurements: dict[str, float],
    metadata: dict[str, str],
    own_colour: tuple[int, int, int] | None,
    plane: Plane | None,
    flags: tuple[bool, bool, bool],
    own_id: str | None,
) -> None:
    path = tmp_path_factory.mktemp("trips") / "a.geojson.gz"
    nucleus = geometry if object_type == "cell" and geometry.geom_type == "Polygon" else None
    annotation = Annotation(
        geometry=shapely.set_precision(geometry, 0.01),
        object_type=object_type,
        measurements=measurements,
        metadata=metadata,
        own_colour=own_colour,
        plane=plane,
        is_locked=flags[0],
        is_ellipse=flags[1],
        is_missing=flags[2] and object_type == "tmaCore",
        id=own_id,
        nucleus=None if nucleus is None else shapely.set_precision(nucleus, 0.01),
    )
    assert not write_annotations([annotation], path).report.findings
    first = path.read_bytes()
    (read,) = read_annotations(path)
    assert_same_outline(read.geometry, annotation.geometry)
    for field in ("object_type", "own_colour", "is_locked", "is_ellipse", "is_missing"):
        assert getattr(read, field) == getattr(annotation, field)
    assert dict(read.measurements) == measurements
    assert dict(read.metadata) == metadata
    assert (read.plane or Plane()) == (plane or Plane())
    assert own_id is None or read.id == own_id
    write_annotations([read], path)
    again = [json.loads(gzip.decompress(data))["features"] for data in (first, path.read_bytes())]
    assert again[0] == again[1]


def test_not_a_number_survives(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    write_annotations([Annotation(geometry=box(0, 0, 1, 1), measurements={"n": float("nan")})], path)
    assert '"n":"NaN"' in path.read_text()
    assert np.isnan(read_annotations(path).annotations[0].measurements["n"])


def test_geojson_is_what_qupath_writes(tmp_path: Path) -> None:
    """The example of the specification, key by key."""
    example = (
        '{"type":"Feature","id":"8a4d3b0e-5d1c-4b55-9a3f-7b6f5c2f8d11","geometry":{"type":"Polygon",'
        '"coordinates":[[[100.0,100.0],[400.0,100.0],[400.0,380.5],[100.0,100.0]]]},"properties":{'
        '"objectType":"annotation","name":"A1","color":[255,0,0],"classification":{"name":"Tumor",'
        '"color":[200,0,0]},"isLocked":true,"measurements":{"Area":123.4},"metadata":{"key":"string"}}}'
    )
    path = tmp_path / "out.geojson"
    write_annotations(read_annotations(written(tmp_path, example)).annotations, path)
    lines = path.read_text().splitlines()
    assert lines[1] == example
    assert json.loads(lines[0] + "]}")["type"] == "FeatureCollection"


def test_the_rules_of_qupaths_reader(tmp_path: Path) -> None:
    annotations = [
        Annotation(geometry=box(0, 0, 1, 1), class_name="Tumor: Positive", id="7"),
        Annotation(geometry=box(0, 0, 1, 1), class_name="Never seen"),
        Annotation(geometry=box(0, 0, 1, 1).exterior),
        Annotation(geometry=GeometryCollection([Point(1, 1), box(0, 0, 1, 1)])),
        Annotation(geometry=Polygon()),
        Annotation(geometry=GeometryCollection([Point(1, 1)])),
    ]
    path = tmp_path / "Jane Doe.geojson"
    report = write_annotations(annotations, path).report
    features = json.loads(path.read_text())["features"]
    assert len(features) == 4
    assert features[0]["properties"]["classification"] == {
        "names": ["Tumor", "Positive"],
        "color": [200, 0, 0],
    }
    assert features[1]["properties"]["classification"] == {"name": "Never seen", "color": [64, 64, 64]}
    assert all("isLocked" not in f["properties"] for f in features)
    assert len({f["id"] for f in features}) == 4
    assert [f["geometry"]["type"] for f in features] == ["Polygon", "Polygon", "LineString", "MultiPolygon"]
    assert [f.places for f in report] == [("object 5",), ("object 1",), ("object 4", "object 6")]
    assert "Jane" not in path.read_text()
    assert path.read_text().isascii()


def test_a_second_export_has_the_same_ids(tmp_path: Path) -> None:
    annotations = [Annotation(geometry=box(0, 0, 1, 1))] * 2
    ids = []
    for name in ("a.geojson", "b.geojson"):
        write_annotations(annotations, tmp_path / name)
        ids.append([f["id"] for f in json.loads((tmp_path / name).read_text())["features"]])
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_names_can_be_masked(tmp_path: Path) -> None:
    annotation = Annotation(geometry=box(0, 0, 1, 1), name="Jane Doe", metadata={"note": "Jane"})
    for name in FORMATS:
        write_annotations([annotation], tmp_path / "a", name, mask_names=True)
        assert b"Jane" not in (tmp_path / "a").read_bytes()


def test_the_audit_record_names_the_slide_by_its_digest(tmp_path: Path) -> None:
    slide = slide_in_words()
    for name in FORMATS:
        write_annotations([Annotation(geometry=box(0, 0, 1, 1))], tmp_path / "a", name, slide=slide)
        text = (tmp_path / "a").read_text()
        assert slide.record.digest in text
        assert "napari-histcode" in text
        assert "nowhere" not in text


def test_characters_that_xml_has_no_place_for(tmp_path: Path) -> None:
    name = "a\x00b\ud800c\x1fd --> <!--"
    for name_of in FORMATS:
        path = tmp_path / "a"
        write_annotations([Annotation(geometry=box(0, 0, 9, 9), class_name=name)], path, name_of)
        (read,) = read_annotations(path)
        assert read.class_name == (name if name_of in ("geojson", "histomicsui") else "abcd --> <!--")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = written(tmp_path, [feature()])
    before = path.read_bytes()
    with pytest.raises(AttributeError):
        write_annotations([None], path)  # type: ignore[list-item]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OutputError):
        write_annotations([], path / "below.geojson")


@pytest.mark.parametrize(
    ("file", "name"), [("a.xml", None), ("a", None), ("a.geojson", "ndpa"), ("a.gz", None)]
)
def test_formats_that_cannot_be_written(tmp_path: Path, file: str, name: str | None) -> None:
    with pytest.raises(UnknownFormatError, match="imagescope"):
        write_annotations([], tmp_path / file, name)


def test_empty_sets(tmp_path: Path) -> None:
    for name in FORMATS:
        write_annotations([], tmp_path / "a", name)
        assert len(read_annotations(tmp_path / "a")) == 0


def test_repaired_is_stable(tmp_path: Path) -> None:
    """A mended outline is valid for good: the second trip repairs nothing."""
    bow_tie = feature([[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]], square(100, 100)])
    first = read_annotations(written(tmp_path, [bow_tie]))
    write_annotations(first.annotations, tmp_path / "b.geojson")
    second = read_annotations(tmp_path / "b.geojson")
    assert not second.report.findings
    assert second.annotations[0].geometry.equals(first.annotations[0].geometry)
