from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from napari_histcode.annotations import read_geojson
from napari_histcode.errors import AnnotationFileError

SQUARE = [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]


def feature(**properties: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": SQUARE},
        "properties": properties,
    }


def written(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "regions.geojson"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    "wrap", [lambda f: {"type": "FeatureCollection", "features": [f]}, lambda f: [f], lambda f: f]
)
def test_collection_list_and_single_feature(tmp_path: Path, wrap: object) -> None:
    one = feature(name="A1", classification={"name": "Tumor", "color": [200, 0, 0]})
    (annotation,) = read_geojson(written(tmp_path, wrap(one)))  # type: ignore[operator]
    assert annotation.geometry.area == 100
    assert (annotation.class_name, annotation.name, annotation.colour) == ("Tumor", "A1", (200, 0, 0))


def test_every_generation_of_classification(tmp_path: Path) -> None:
    features = [
        feature(classification="Stroma"),
        feature(classification={"name": "Tumor", "colorRGB": -3670016}),
        feature(classification={"names": ["Tumor", "Positive"]}),
        feature(),
    ]
    annotations = read_geojson(written(tmp_path, features))
    assert [a.class_name for a in annotations] == ["Stroma", "Tumor", "Tumor: Positive", None]
    assert annotations[1].colour == (200, 0, 0)


def test_self_crossing_outlines_are_mended(tmp_path: Path) -> None:
    bow_tie = feature()
    bow_tie["geometry"] = {"type": "Polygon", "coordinates": [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]}
    (annotation,) = read_geojson(written(tmp_path, [bow_tie]))
    assert annotation.geometry.is_valid
    assert annotation.geometry.area == 50


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "regions.geojson.gz"
    path.write_bytes(gzip.compress(json.dumps([feature()]).encode()))
    assert len(read_geojson(path)) == 1


def polygon(*corners: tuple[float, float]) -> list[object]:
    return [{"geometry": {"type": "Polygon", "coordinates": [corners]}}]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "42",
        '{"type": "FeatureCollection"}',
        polygon((0, 0), (1, 1)),
        polygon((0, 0), (1, float("nan")), (5, 5), (0, 0)),
        [3],
    ],
)
def test_malformed_files_say_what_is_wrong(tmp_path: Path, content: object) -> None:
    with pytest.raises(AnnotationFileError):
        read_geojson(written(tmp_path, content))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(AnnotationFileError, match="cannot be read"):
        read_geojson(tmp_path / "nothing.geojson")


def test_real_files_of_qupath(shared_data: Path) -> None:
    counts = {
        path.name: len(read_geojson(path)) for path in (shared_data / "annotations/qupath").glob("*.geojson")
    }
    assert counts == {
        "multipoint.geojson": 0,
        "polygon.geojson": 1,
        "rectangle.geojson": 1,
        "wand.geojson": 1,
    }
