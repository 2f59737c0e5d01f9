"""Files that are broken, hostile or odd: a clear error, or mended and said so."""

from __future__ import annotations

import gzip
import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.annotations import read_annotations, read_geojson, source
from napari_histcode.errors import AnalysisCancelledError, AnnotationFileError
from napari_histcode.progress import CancelToken, Progress
from tests.annotations.samples import (
    asap,
    asap_item,
    feature,
    imagescope,
    layer,
    ndp_view,
    ndpa,
    polygon,
    region,
    slide_in_words,
    square,
    written,
)

GOOD = json.dumps({"type": "FeatureCollection", "features": [feature(name=str(i)) for i in range(5)]})

MANY_LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">' + MANY_LAUGHS + "]><{root}><a>&l9;</a></{root}>"
)
OTHER_FILE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><{root}><a>&x;</a></{root}>'


@pytest.mark.parametrize("content", [b"", b"  \n", gzip.compress(b"", mtime=0)])
def test_empty_files(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(AnnotationFileError, match="is empty"):
        read_annotations(written(tmp_path, content))


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(AnnotationFileError, match="cannot be read"):
        read_annotations(tmp_path / "nothing.geojson")
    with pytest.raises(AnnotationFileError, match="cannot be read"):
        read_annotations(tmp_path)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.9, 0.999])
def test_truncated_json(tmp_path: Path, share: float) -> None:
    with pytest.raises(AnnotationFileError, match=r"not valid JSON: .*near character"):
        read_annotations(written(tmp_path, GOOD[: int(len(GOOD) * share)]))


@pytest.mark.parametrize(
    "content",
    [
        "hello",
        "{",
        "[1, 2",
        "{}",
        "[3]",
        "[[]]",
        '{"a": 1,}',
        '{"type": "FeatureCollection"}',
        '{"type": "FeatureCollection", "features": 7}',
        '{"type": "FeatureCollection", "features": [,]}',
        GOOD + "}",
        '{"shapes": [{"points": [[1, 2]]}]}',
        '[{"type": "Feature", "geometry": "here"}]',
        "[" * 100_000,
        '{"type": ' + "9" * 5000 + "}",
        "<html><body/></html>",
        "<ASAP_Annotations><Annotations>",
        "<Annotations/><Annotations/>",
        '<?xml version="1.0" encoding="klingon"?><Annotations/>',
        b"\xff\xfe\x00\xd8\x00\x00",
        b'[{"name": "\xff"}]',
        b"PK\x03\x04 no archive",
        gzip.compress(GOOD.encode(), mtime=0)[:-20],
        gzip.compress(GOOD.encode(), mtime=0)[:20] + b"x" * 40,
    ],
)
def test_wrong_content_says_what_is_wrong(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(AnnotationFileError) as caught:
        read_annotations(written(tmp_path, content))
    assert caught.value.advice


@pytest.mark.parametrize("root", ["ASAP_Annotations", "Annotations", "annotations"])
@pytest.mark.parametrize("attack", [BILLION_LAUGHS, OTHER_FILE])
def test_entities_are_refused(tmp_path: Path, root: str, attack: str) -> None:
    with pytest.raises(AnnotationFileError, match="entities"):
        read_annotations(written(tmp_path, attack.replace("{root}", root), "a.xml"), slide=slide_in_words())


def test_a_small_archive_of_a_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LARGEST_JSON_BYTES", 2**20)
    with pytest.raises(AnnotationFileError, match="more than 1 MB"):
        read_annotations(written(tmp_path, gzip.compress(b"[" + b" " * 2**22 + b"]", mtime=0)))


def test_a_wrong_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnnotationFileError, match="is QuPath GeoJSON, not asap"):
        read_annotations(written(tmp_path, GOOD), source_format="asap")


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        ([[[0, 0], [1, 1]]], "fewer than three corners"),
        ([[[0, 0], [1, 1], [0, 0]]], "fewer than three corners"),
        ([[[0, 0], [5, 5], [9, 9]]], "no area"),
        ([], "no corners"),
        ([[[0, 0], [math.nan, 1], [5, 5]]], "NaN"),
        ([[[0, 0], [None, 1], [5, 5]]], "NaN"),
        ([[[0, 0], [math.inf, 1], [5, 5]]], "NaN or infinite"),
        ([[[0, 0], [10**400, 1], [5, 5]]], "not pairs of numbers"),
        ([[[0, 0], [1e12, 1], [5, 5]]], "too large"),
        ([[[0, 0], ["a", 1], [5, 5]]], "not pairs of numbers"),
        ([[0, 0], [5, 1], [5, 5]], "fewer than three"),
        ([["00", "51", "55"]], "not pairs of numbers"),
        ([[[0], [5], [5]]], "not pairs of numbers"),
        ({"a": 1}, "no coordinates"),
        (None, "no coordinates"),
    ],
)
def test_one_bad_object_does_not_cost_the_others(tmp_path: Path, geometry: object, reason: str) -> None:
    path = written(tmp_path, [feature(), feature(geometry), feature()])
    result = read_annotations(path)
    assert len(result) == 2
    (lost,) = result.report.of("not read")
    assert reason in lost.reason
    assert lost.places == ("feature 2",)
    with pytest.raises(AnnotationFileError, match="feature 2"):
        read_geojson(path)  # a region of interest must not lose a part in silence
    with pytest.raises(AnnotationFileError, match="No object"):
        read_annotations(written(tmp_path, [feature(geometry)]))


@pytest.mark.parametrize("shape", ["Point", "MultiPoint", "LineString", "MultiLineString", "MultiPolygon"])
@pytest.mark.parametrize("coordinates", [[], [[]], [1], ["a", "b"], [[1, math.nan]], [[[0, 0]]], {}, 5])
def test_bad_coordinates_of_every_shape_are_listed(tmp_path: Path, shape: str, coordinates: object) -> None:
    result = read_annotations(written(tmp_path, [feature(), feature(coordinates, shape=shape)]))
    assert len(result) == 1
    assert result.report.n_unread == 1


def test_nothing_of_a_wrong_nucleus_or_type_breaks_an_object(tmp_path: Path) -> None:
    odd = feature() | {"nucleusGeometry": {"type": "Polygon", "coordinates": [[[0, 0]]]}}
    result = read_annotations(written(tmp_path, [odd, feature([1, 2], shape="Banana"), 3, None]))
    assert result.annotations[0].nucleus is None
    assert result.report.n_repaired == 1
    assert result.report.n_unread == 3


def test_a_million_corners(tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    radius = 30_000 + 100 * np.sin(500 * angle)
    xy = np.stack([40_000 + radius * np.cos(angle), 40_000 + radius * np.sin(angle)], axis=1).round(2)
    (annotation,) = read_geojson(written(tmp_path, feature([xy.tolist()])))
    assert len(annotation.geometry.exterior.coords) >= 1_000_000
    assert annotation.geometry.is_valid


def test_a_large_outline_that_crosses_itself_once_is_mended(tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 50_000, endpoint=False)
    xy = np.stack([1000 * np.sin(angle), 1000 * np.sin(2 * angle)], axis=1) + 2000
    result = read_annotations(written(tmp_path, feature([xy.tolist()])))
    assert result.report.n_repaired == 1
    assert result.annotations[0].geometry.area == pytest.approx(8 / 3 * 1000**2, rel=1e-3)


def test_a_tangle_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    xy = np.random.default_rng(0).uniform(0, 1000, (100_000, 2)).round(2)
    start = time.process_time()
    result = read_annotations(written(tmp_path, [feature(), feature([xy.tolist()])]))
    assert time.process_time() - start < 10
    (lost,) = result.report.of("not read")
    assert "200,000 times" in lost.reason


@pytest.mark.parametrize(
    "content",
    [
        asap(asap_item(square(0, 0)) + asap_item([(0, 0), ("x", 1), (1, 1)]) + asap_item([], "Polygon")),
        asap(asap_item(square(0, 0)) + asap_item([(0, 0), ("nan", 1), (1, 1)]) + asap_item([(1, 1)], "None")),
        imagescope(layer(region(square(0, 0)), region([("", 1)] * 4), region(square(0, 0), Type=9))),
        imagescope(layer(region(square(0, 0)), region([("nan", 1)] * 4, Type=2), region([]))),
        imagescope(layer(region(square(0, 0)), region([(1, "inf")] * 4), region([], Type=2))),
    ],
)
def test_bad_objects_in_xml_are_listed(tmp_path: Path, content: str) -> None:
    result = read_annotations(written(tmp_path, content, "a.xml"))
    assert len(result) == 1
    assert result.report.n_unread == 2


def test_coordinates_outside_the_slide_are_kept_and_reported(tmp_path: Path) -> None:
    far = polygon((3990, 10), (5000, 10), (5000, 20))
    path = written(tmp_path, [feature(), far])
    result = read_annotations(path, slide=slide_in_words())
    assert len(result) == 2
    outside, hint = result.report
    assert outside.reason == "it reaches outside the slide"
    assert outside.places == ("object 2",)
    assert "only 50% of the objects lie on the slide" in hint.reason


def test_findings_are_counted_and_the_first_places_listed(tmp_path: Path) -> None:
    bad = feature([[[0, 0], [1, 1]]])
    result = read_annotations(written(tmp_path, [feature(), *[bad] * 12]))
    (lost,) = result.report
    assert lost.count == 12
    assert lost.describe(max_places=2).endswith("(feature 2; feature 3 and 10 more)")


def test_progress_and_cancelling(tmp_path: Path) -> None:
    path = written(tmp_path, [feature()] * 5000)
    seen: list[Progress] = []
    cancel = CancelToken()

    def watch(progress: Progress) -> None:
        seen.append(progress)
        cancel.cancel()

    with pytest.raises(AnalysisCancelledError):
        read_annotations(path, progress=watch, cancel=cancel)
    assert [p.done for p in seen] == [4096]
    assert len(read_annotations(path, progress=seen.append)) == 5000
    assert seen[-1].done == 5000


def test_ndpa_of_an_unknown_kind(tmp_path: Path) -> None:
    path = written(tmp_path, ndpa("<ndpviewstate><annotation type='cloud'/></ndpviewstate>"), "a.ndpa")
    with pytest.raises(AnnotationFileError, match="No object"):
        read_annotations(path, slide=slide_in_words(ndp_offset_nm=(0.0, 0.0)))


RICH = feature(
    objectType="cell",
    classification={"names": ["a", "b"], "colorRGB": -3},
    measurements=[{"name": "a", "value": 1}],
    metadata={"k": "v"},
    childObjects=[feature([[[[1, 1], [4, 1], [4, 3]]]], shape="MultiPolygon")],
)
ELEMENTS = [
    {"type": "polyline", "closed": True, "points": [[0, 0, 0], [9, 0, 0], [9, 9, 0]]},
    {"type": "ellipse", "center": [9, 9, 0], "width": 4, "height": 5, "rotation": 0.5, "normal": [0, 0, 1]},
]
SAMPLES = [
    GOOD.encode(),
    json.dumps([RICH]).encode(),
    json.dumps({"elements": ELEMENTS}).encode(),
    asap(
        asap_item(square(5, 5), "Spline", group="a"), '<Group Name="a" PartOfGroup="None" Color="#64FE2E"/>'
    ).encode(),
    imagescope(layer(region(square(5, 5), Type=2), region(square(6, 6, 2), NegativeROA=1))).encode(),
    ndpa(
        ndp_view("a", '<annotation type="circle"><x>1</x><y>2</y><radius>9000</radius></annotation>')
    ).encode(),
]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_bytes_raise_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        cut = data.draw(st.integers(0, 6))
        content[place : place + cut] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"-1", b"null", b"[", b'"'])
        )
    path = written(tmp_path_factory.mktemp("damaged"), bytes(content))
    try:
        result = read_annotations(path, slide=slide_in_words(ndp_offset_nm=(0.0, 0.0)))
    except AnnotationFileError:
        return
    assert all(annotation.geometry.is_valid for annotation in result)
