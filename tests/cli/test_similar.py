from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image
from shapely.geometry import box

from napari_histcode.annotations import Annotation
from napari_histcode.cli import main
from tests.cli.test_compare import write_geojson


@pytest.fixture(scope="module")
def results(analysed_pair: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, since an index is written into it."""
    return shutil.copytree(analysed_pair, tmp_path_factory.mktemp("similar") / "results")


def run(*arguments: object) -> int:
    return main(["similar", *map(str, arguments)])


def test_similar_tiles_of_a_slide(
    results: Path, slide_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    out = tmp_path / "out"
    result = results / "Jane_Doe_1970"
    assert run(result, "--tile", "300,200", "--top", 7, "--out", out, "--slide", slide_file) == 0
    printed = capsys.readouterr().out
    assert "similarity  slide" in printed
    table = pd.read_csv(out / "similar.csv")
    assert table["rank"].tolist() == list(range(1, 8))
    assert table["similarity"].is_monotonic_decreasing
    assert not ((table["x"] <= 300) & (table["x"] + table["width"] > 300) & (table["y"] <= 200)
                & (table["y"] + table["height"] > 200)).any()  # fmt: skip
    record = json.loads((out / "similar.csv.provenance.json").read_text())
    assert record["similarity"]["centring"] == "slide"
    with tifffile.TiffFile(out / "similarity.ome.tif") as tiff:
        values = tiff.asarray()
    assert np.nanmax(values) == pytest.approx(1, abs=1e-4)
    with Image.open(out / "similar.png") as sheet:
        assert sheet.width > 7 * 128
    for path in out.iterdir():
        assert b"Jane" not in path.read_bytes()
    assert "Jane" not in "\n".join(line for line in printed.splitlines() if not line.startswith("/"))


def test_similar_tiles_of_a_folder(
    results: Path, slide_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("index", results) == 0
    assert "2 slides" in capsys.readouterr().out
    assert run("index", results) == 0
    assert "0 added, 2 kept" in capsys.readouterr().out
    query = (results / "Jane_Doe_1970", "--tile", "300,200", "--index", results, "--top", 200)
    assert run(*query, "--out", tmp_path, "--slide", slide_file) == 0
    assert "were not given" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "similar.csv")
    assert table["slide"].nunique() == 2
    apart = tmp_path / "apart"
    assert run(*query[:-2], "--top", 10, "--apart", "--out", apart) == 0
    found = pd.read_csv(apart / "similar.csv")
    for _, own in found.groupby("slide"):
        places = own[["column", "row"]].to_numpy()
        distance = np.abs(places[:, None] - places[None]).max(axis=-1)
        assert (distance[~np.eye(len(own), dtype=bool)] > 1).all()


def test_similar_to_a_region(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    region = write_geojson(
        tmp_path / "r.geojson", [Annotation(geometry=box(200, 150, 420, 330), class_name="Tumor")]
    )
    assert run(results / "Jane_Doe_1970", "--region", region, "--centring", "none", "--apart") == 0
    assert "rank" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["{result}"], "nothing to search for"),
        (["{result}", "--tile", "1,1"], "no tile at"),
        (["{result}", "--tile", "300,200", "--index", "{empty}"], "no index"),
        (["index", "{empty}"], "no features to index"),
        (["{result}", "{empty}", "--tile", "1,1"], "one folder too many"),
        (["{empty}", "--tile", "300,200"], "no finished result"),
    ],
)
def test_errors_are_sentences(
    arguments: list[str], says: str, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"result": str(results / "Jane_Doe_1970"), "empty": str(tmp_path)}
    assert run(*[argument.format(**names) for argument in arguments]) == 1
    printed = capsys.readouterr().err
    assert says in printed
    assert "Traceback" not in printed


def test_results_of_two_encoders_are_told_apart(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(results, tmp_path / "both", ignore=shutil.ignore_patterns("similarity-index"))
    third = tmp_path / "both" / "third"
    shutil.copytree(results / "Jane_Doe_1970", third)
    with h5py.File(third / "features.h5", "r+") as file:
        file.attrs["histcode_encoder_digest"] = "00" * 32
    assert run("index", tmp_path / "both") == 1
    printed = capsys.readouterr()
    assert "2 slides" in printed.out
    assert "the index is of" in printed.err
