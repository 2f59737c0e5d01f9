"""Files that QuPath, ASAP and ImageScope wrote, and what becomes of them in every format."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import shapely

from napari_histcode import resources
from napari_histcode.annotations import SourceFormat, read_annotations, read_geojson, write_annotations
from napari_histcode.slide import open_slide
from tests.annotations.test_round_trips import FORMATS, assert_same_outline


def test_files_of_qupath(shared_data: Path) -> None:
    folder = shared_data / "annotations/qupath"
    for path in folder.glob("*.geojson"):
        result = read_annotations(path)
        (annotation,) = result
        assert not result.report.findings
        assert annotation.name == path.stem
        expected = shapely.from_geojson(json.dumps(json.loads(path.read_text())["geometry"]))
        assert annotation.geometry.equals(expected)
    counts = {path.name: len(read_geojson(path)) for path in folder.glob("*.geojson")}
    assert counts == {
        "multipoint.geojson": 0,
        "polygon.geojson": 1,
        "rectangle.geojson": 1,
        "wand.geojson": 1,
    }


def test_a_file_of_asap(shared_data: Path) -> None:
    result = read_annotations(shared_data / "annotations/asap/polygon.xml")
    (annotation,) = result
    assert result.source_format is SourceFormat.ASAP
    assert not result.report.findings
    assert annotation.class_name is None
    assert annotation.geometry.exterior.coords[0] == (22851.3281, 16551.1797)
    assert len(annotation.geometry.exterior.coords) == 7


def test_nuclei_of_imagescope_lie_on_their_image(shared_data: Path) -> None:
    folder = shared_data / "annotations/imagescope"
    path = next(folder.glob("*.xml"))
    with open_slide(next(folder.glob("*.jpg")), mpp=0.2527) as slide:
        result = read_annotations(path, slide=slide)
        image = slide.read_level(0, (0, 0), slide.dimensions).mean(axis=2)
    text = path.read_text()
    assert len(result) + result.report.n_unread == len(re.findall("<Region ", text)) == 398
    assert {finding.kind for finding in result.report} == {"repaired"}
    inside, around = [], []
    for annotation in result:
        assert annotation.geometry.is_valid
        x, y = (int(v) for v in annotation.geometry.centroid.coords[0])
        inside.append(image[min(y, 999), min(x, 999)])
        ring = annotation.geometry.buffer(12).exterior.coords[::8]
        around += [image[int(v), int(u)] for u, v in ring if 0 <= u < 1000 and 0 <= v < 1000]
    assert (
        sum(inside) / len(inside) < sum(around) / len(around) - 30
    )  # nuclei are darker than what surrounds them


@pytest.mark.parametrize("name", FORMATS)
def test_every_real_file_survives_every_format(shared_data: Path, tmp_path: Path, name: str) -> None:
    for path in sorted((shared_data / "annotations").glob("*/*.*")):
        if path.suffix not in (".xml", ".geojson"):
            continue
        first = read_annotations(path)
        if name == "imagescope" and not first.areas:
            continue  # points have no place there
        write_annotations(first.annotations, tmp_path / "a", name)
        second = read_annotations(tmp_path / "a")
        assert not second.report.of("not read")
        assert not second.report.of("repaired")
        if name == "histomicsui" and not first.areas:
            assert len(second) == 3  # a point at a time
            continue
        for one, other in zip(second, first, strict=True):
            assert_same_outline(one.geometry, other.geometry)


def test_the_bundled_samples_annotations() -> None:
    result = read_annotations(resources.SAMPLE_ANNOTATIONS)
    assert not result.report.of("not read")
    assert {a.class_name for a in result} >= {"Tumor", "Necrosis"}
    assert all(a.metadata["field"] for a in result)
