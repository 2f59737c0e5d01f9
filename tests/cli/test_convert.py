"""``histcode convert`` from end to end."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_histcode.annotations import read_annotations
from napari_histcode.cli import main
from tests.annotations.samples import asap, asap_item, feature, ndp_view, ndpa, polygon, square, written


@pytest.fixture(scope="module")
def small_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "Jane_Doe.tif"
    tifffile.imwrite(path, np.full((300, 400, 3), 200, np.uint8), photometric="rgb", tile=(64, 64))
    return path


def regions(tmp_path: Path) -> Path:
    tumour = feature(classification={"name": "Tumor", "color": [200, 0, 0]}, name="A1")
    bow_tie = polygon((0, 0), (10, 10), (10, 0), (0, 10))
    return written(tmp_path, [tumour, tumour, bow_tie, feature([[[0, 0]]])], "in.geojson")


def test_counts_frame_and_findings_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, table = tmp_path / "out.xml", tmp_path / "report.csv"
    arguments = [str(regions(tmp_path)), str(out), "--to", "asap", "--report", str(table)]
    assert main(["convert", *arguments]) == 0
    printed = capsys.readouterr()
    lines = [line.split(maxsplit=1) for line in printed.out.splitlines()]
    assert ["read", "3 objects of QuPath GeoJSON"] in lines
    assert ["Tumor", "2"] in lines
    assert ["unclassified", "1"] in lines
    assert "slide, px, y down" in printed.out
    assert "Research use only" in printed.out
    assert "1 not read: an outline has fewer than three corners (feature 4)" in printed.err
    assert "1 repaired: its outline crosses" in printed.err
    assert "1 not written: several polygons in one object" in printed.err
    assert len(read_annotations(out)) == 4
    with table.open() as file:
        kinds = [row["kind"] for row in csv.DictReader(file)]
    assert kinds == ["not read", "repaired", "not written"]


@pytest.mark.parametrize("name", ["geojson", "asap", "imagescope", "histomicsui"])
def test_there_and_back(tmp_path: Path, name: str, small_slide: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back.geojson.gz"
    source = written(tmp_path, [feature(classification="Tumor")], "in.geojson")
    slide = ["--slide", str(small_slide), "--mpp", "0.5"]
    assert main(["convert", str(source), str(there), "--to", name, *slide]) == 0
    assert main(["convert", str(there), str(back), "--from", name, *slide]) == 0
    (annotation,) = read_annotations(back)
    assert annotation.geometry.area == 100
    assert annotation.class_name == "Tumor"
    assert b"Jane" not in there.read_bytes() + back.read_bytes()


def test_the_frame_can_be_changed(tmp_path: Path, small_slide: Path) -> None:
    source = written(tmp_path, [feature()], "in.geojson")
    out = tmp_path / "out.geojson"
    options = ["--slide", str(small_slide), "--mpp", "0.5", "--units", "um", "--y-axis", "up"]
    assert main(["convert", str(source), str(out), *options]) == 0
    assert read_annotations(out).annotations[0].geometry.bounds == (0, 280, 20, 300)


def test_names_can_be_masked(tmp_path: Path) -> None:
    out = tmp_path / "out.geojson"
    assert main(["convert", str(regions(tmp_path)), str(out), "--mask-names"]) == 0
    assert "A1" not in out.read_text()
    assert json.loads(out.read_text())["histcode"]["origin"] == "slide"


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        ("{", [], "not valid JSON"),
        ("", [], "is empty"),
        (asap(asap_item(square(0, 0))), ["--from", "geojson"], "is ASAP XML, not geojson"),
        (asap(asap_item(square(0, 0))), ["--origin", "bounds"], "slide is needed"),
        (asap(asap_item(square(0, 0))), ["--to", "ndpa"], "cannot be written as 'ndpa'"),
        (ndpa(ndp_view("a", "<annotation type='pin'/>")), [], "NDPI slide"),
    ],
)
def test_errors_say_what_to_do_and_leave_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, arguments: list[str], message: str
) -> None:
    out = tmp_path / "out.geojson"
    assert main(["convert", str(written(tmp_path, content, "in")), str(out), *arguments]) == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_an_unknown_suffix_is_an_error_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(tmp_path / "missing"), str(tmp_path / "out.xml")]) == 1
    assert "does not say which format" in capsys.readouterr().err
