from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from shapely.geometry import box

from napari_histcode.annotations import Annotation
from napari_histcode.cli import main
from napari_histcode.models.model_file import load_model
from tests.cli.test_compare import write_geojson


@pytest.fixture(scope="module")
def result(analysed_pair: Path) -> Path:
    return analysed_pair / "Jane_Doe_1970"


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    corners = [(60 + 140 * (k % 4), 60 + 140 * (k // 4)) for k in range(8)]
    areas = [
        Annotation(geometry=box(x, y, x + 110, y + 110), class_name="Tumor" if k % 2 else "Necrosis")
        for k, (x, y) in enumerate(corners)
    ]
    return write_geojson(tmp_path_factory.mktemp("regions") / "Jane_Doe.geojson", areas)


def run(*arguments: object) -> int:
    return main(["teach", *map(str, arguments)])


def test_teaching_writes_a_model_that_analyses(
    result: Path, regions: Path, slide_file: Path, model_folder: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    model, maps = tmp_path / "model", tmp_path / "maps"
    status = run(
        result, "--annotations", regions, "--class", "Tumor", "--class", "Necrosis", "--name", "my classes",
        "--model", model_folder, "--out", model, "--maps", maps, "--next", 3,
    )  # fmt: skip
    printed = capsys.readouterr().out
    assert status == 0
    for words in ("taught on slide-", "separate places", "to mark next", "Research use only"):
        assert words in printed
    with tifffile.TiffFile(maps / "taught.Tumor.probability.ome.tif") as tiff:
        values = tiff.asarray()
    assert 0 <= np.nanmin(values) <= np.nanmax(values) <= 1
    for path in (*model.iterdir(), *maps.iterdir()):
        assert b"Jane" not in path.read_bytes()
    assert [head.name for head in load_model(model).heads] == ["tissue", "my_classes"]
    again = tmp_path / "again"
    arguments = ["analyse", str(slide_file), "--out", str(again), "--model", str(model), "--device", "cpu"]
    assert main(arguments) == 0
    assert "Necrosis" in capsys.readouterr().out
    assert (again / "Jane_Doe_1970" / "heatmaps" / "my_classes.Tumor.single_tile.ome.tif").is_file()


def test_only_the_new_head(result: Path, regions: Path, model_folder: Path, tmp_path: Path) -> None:
    arguments = [result, "--annotations", regions, "--class", "Tumor", "--class", "Necrosis", "--only"]
    assert run(*arguments, "--model", model_folder, "--out", tmp_path, "--strength", "0.1") == 0
    model = load_model(tmp_path)
    assert [head.name for head in model.heads] == ["taught"]
    assert model.card.results is not None
    assert model.card.results["taught"]["regularisation"] == 0.1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--class", "Tumor"], "Two classes"),
        (["--class", "Tumor", "--class", "Stroma"], "there are: Necrosis, Tumor"),
        (["--class", "Tumor", "--class", "Necrosis", "--out", "{out}"], "no model 'random'"),
    ],
)
def test_errors_are_sentences(
    arguments: list[str], says: str, result: Path, regions: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    filled = [argument.format(out=tmp_path) for argument in arguments]
    assert run(result, "--annotations", regions, *filled) == 1
    printed = capsys.readouterr().err
    assert says in printed
    assert "Traceback" not in printed
