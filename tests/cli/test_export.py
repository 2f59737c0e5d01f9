"""``histcode export`` with all that it may be given."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import h5py
import pytest
import tifffile
from PIL import Image

from napari_histcode.cli import main
from napari_histcode.cli.export import make_options
from napari_histcode.cli.main import build_parser
from napari_histcode.export.analysis import export_analysis
from napari_histcode.export.formats import FORMATS
from napari_histcode.export.options import ExportOptions
from napari_histcode.heatmap import draw_heatmap
from napari_histcode.slide import open_slide
from napari_histcode.slide.overview import read_overview
from tests.builders import make_grid, make_scores
from tests.cli.conftest import MPP

MAP = "tissue.viable_tumour.single_tile"


@pytest.fixture(scope="module")
def result(slide_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished result of the slide, without a model: scores are planted."""
    with open_slide(slide_file) as slide:
        grid = make_grid(5, 3, mpp=MPP)
        scores = make_scores(grid=dataclasses.replace(grid, slide=slide.record))
        heatmaps = [draw_heatmap(scores, MAP)]
        overview = read_overview(slide, (4.0, 4.0))
    folder = tmp_path_factory.mktemp("out") / "Jane_Doe_1970"
    return export_analysis(scores, heatmaps, overview, folder)


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ring = [[120, 120], [400, 120], [400, 300], [120, 300], [120, 120]]
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"objectType": "annotation", "classification": {"name": "Tumor"}},
    }
    path = tmp_path_factory.mktemp("annotations") / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def export(result: Path, fmt: str, *more: object) -> int:
    return main(["export", str(result), "--format", fmt, *map(str, more)])


def test_a_figure_with_everything(
    result: Path, slide_file: Path, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.png"
    status = export(
        result, "figure-png", "--out", path, "--map", MAP, "tissue.attention", "--slide", slide_file,
        "--annotations", annotations, "--positive", "Tumor", "--exhaustive",
        "--panels", "slide", "map", "reference", "agreement",
        "--region", "100,50,500,400", "--dpi", 100, "--width", 120, "--colormap", "cividis", "--alpha", 0.7,
    )  # fmt: skip
    assert status == 0
    assert capsys.readouterr().out.splitlines() == [str(path)]
    with Image.open(path) as image:
        assert image.width == round(120 / 25.4 * 100)
        assert json.loads(image.info["histcode:provenance"])["region_px0"] == [100, 50, 500, 400]


def test_a_rendered_overlay(result: Path, slide_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    assert export(
        result, "overlay-tiff", "--out", path, "--map", MAP, "--slide", slide_file, "--overlay-mpp", 4,
        "--compression", "deflate",
    ) == 0  # fmt: skip
    with tifffile.TiffFile(path) as file:
        assert file.series[0].shape == (250, 350, 3)


def test_a_report_with_comparison_and_tiles(
    result: Path, slide_file: Path, annotations: Path, tmp_path: Path
) -> None:
    path = tmp_path / "r.html"
    assert export(
        result, "report", "--out", path, "--map", MAP, "--slide", slide_file, "--annotations", annotations,
        "--positive", "Tumor", "--exhaustive", "--top-tiles", 2,
    ) == 0  # fmt: skip
    text = path.read_text(encoding="utf-8")
    assert "Comparison with the reference" in text
    assert text.count("<figcaption><b>") == 4
    assert "Jane" not in text


def test_masked_names_name_the_folder_too(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(result, "anndata", "--mask-names", "--out", tmp_path) == 0
    (path,) = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert path.parent.parent == tmp_path
    assert path.parent.name.startswith("slide-")
    with h5py.File(path) as file:
        assert file["X"].shape == (15, 4)
    assert export(result, "csv", "--mask-names") == 0
    (path,) = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert "Jane" not in str(path)


def test_normalisation_of_values(result: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    assert export(result, "ome-tiff", "--out", path, "--map", MAP, "--normalisation", "percentile") == 0
    values = tifffile.imread(path)
    assert 0 < values.min() < values.max() < 100
    assert values.mean() == pytest.approx(50)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["overlay-tiff"], "needs the slide"),
        (["figure-png", "--map", MAP, "--panels", "reference"], "needs regions"),
        (["figure-png", "--map", MAP, "--dpi", "7"], "dpi is from 50"),
        (["figure-png", "--map", MAP, "--region", "5000,0,10,10"], "shows nothing"),
        (["csv", "--region", "0,0,10,10"], "whole slide"),
        (["report", "--positive", "Tumor"], "nothing to compare with"),
        (["anndata", "--features"], "no features"),
        (["ome-tiff", "--map", "tissue.nothing"], "no map"),
    ],
)
def test_wrong_wishes_are_sentences(
    result: Path, tmp_path: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(result, *arguments, "--out", tmp_path / "x") == 1
    printed = capsys.readouterr().err
    assert says in printed
    assert "Traceback" not in printed
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_another_slide_is_refused(
    result: Path, tmp_path: Path, slide_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.tif"
    tifffile.imwrite(other, tifffile.imread(slide_file)[:300], photometric="rgb")
    assert export(result, "report", "--slide", other, "--out", tmp_path / "r.html") == 1
    assert "not the slide of the result" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--region", "1,2,3"], ["--region", "0,0,-5,5"], ["--limits", "2,1"], ["--limits", "a,b"],
     ["--threshold", "nan"], ["--panels", "label"]],
)  # fmt: skip
def test_malformed_options_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["export", "r", "--format", "csv", *arguments])
    assert arguments[0] in capsys.readouterr().err


def test_defaults_are_those_of_the_export() -> None:
    """So that the window, which begins with the same defaults, gives the same files."""
    options = build_parser().parse_args(["export", "r", "--format", "csv"])
    assert make_options(options) == ExportOptions()


def test_help_names_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["export", "--help"])
    words = capsys.readouterr().out.replace("-\n", "-").replace(",", " ").split()
    joined = "".join(words)
    assert all(name in joined for name in FORMATS)
