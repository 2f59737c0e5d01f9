from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_histcode.cli import main
from napari_histcode.features import encode
from tests.array_slide import glass

EXPECTED = {
    "analysis.json",
    "features.h5",
    "heatmaps",
    "overlays",
    "overview.png",
    "report.html",
    "scores.parquet",
    "tiles.geojson",
}


def analyse(*slides: Path, out: Path, model: Path, more: tuple[str, ...] = ()) -> int:
    return main(
        ["analyse", *map(str, slides), "--out", str(out), "--model", str(model), "--device", "cpu", *more]
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, slide_file: Path, model_folder: Path) -> Path:
    out = tmp_path_factory.mktemp("out")
    assert analyse(slide_file, out=out, model=model_folder) == 0
    return out / slide_file.stem


def test_analyse_writes_everything(result: Path) -> None:
    assert {path.name for path in result.iterdir()} == EXPECTED
    table = pd.read_parquet(result / "scores.parquet")
    assert {"x", "y", "width", "height", "tissue.attention", "tissue.tumour.single_tile"} <= set(
        table.columns
    )
    assert table["tissue.attention"].sum() == pytest.approx(1, abs=1e-4)
    document = json.loads((result / "analysis.json").read_text())
    assert {p["output"] for p in document["predictions"]} == {"tumour", "necrosis"}
    maps = [name for name in table.columns if name.startswith("tissue.")]
    assert sorted(p.name.removesuffix(".ome.tif") for p in (result / "heatmaps").iterdir()) == sorted(maps)
    assert sorted(p.stem for p in (result / "overlays").iterdir()) == sorted(maps)


def test_heatmaps_and_table_hold_the_same_values(result: Path) -> None:
    table = pd.read_parquet(result / "scores.parquet")
    raster = tifffile.imread(result / "heatmaps" / "tissue.tumour.single_tile.ome.tif")
    in_raster = np.sort(raster[~np.isnan(raster)])
    assert np.allclose(in_raster, np.sort(table["tissue.tumour.single_tile"]))


def test_no_file_says_the_slides_name(result: Path, slide_file: Path) -> None:
    for path in result.rglob("*"):
        assert "Jane" not in path.name
        if path.is_file():
            assert b"Jane_Doe" not in path.read_bytes(), path.name


def test_a_second_run_takes_the_features(
    result: Path, slide_file: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_encoding(*_: object) -> None:
        raise AssertionError("encoded again")

    monkeypatch.setattr(encode, "encode_within_memory", no_encoding)
    assert analyse(slide_file, out=result.parent, model=model_folder) == 0


def test_a_failed_slide_is_reported_and_the_others_are_kept(
    tmp_path: Path, slide_file: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.svs"
    broken.write_bytes(b"II*\0nonsense")
    tifffile.imwrite(tmp_path / "empty.tif", glass(600, 400), photometric="rgb")
    paths = [tmp_path / "missing.svs", broken, slide_file, tmp_path / "empty.tif"]
    out = tmp_path / "out"
    status = analyse(*paths, out=out, model=model_folder, more=("--mpp", "2"))
    printed = capsys.readouterr()
    assert status == 1
    assert "3 of 4 slides failed" in printed.err
    assert "Traceback" not in printed.err
    for path in (paths[0], broken, paths[3]):
        assert path.name in printed.err
    assert (out / slide_file.stem / "analysis.json").exists()


def test_slides_of_one_name_get_folders_of_their_own(
    tmp_path: Path, slide_file: Path, model_folder: Path
) -> None:
    twin = tmp_path / "elsewhere" / slide_file.name
    twin.parent.mkdir()
    shutil.copy(slide_file, twin)
    out = tmp_path / "out"
    assert analyse(slide_file, twin, out=out, model=model_folder) == 0
    assert {path.name for path in out.iterdir()} == {slide_file.stem, f"{slide_file.stem}-2"}


def test_masked_names_and_region_of_interest(
    tmp_path: Path, slide_file: Path, model_folder: Path, result: Path
) -> None:
    roi = tmp_path / "roi.geojson"
    ring = [[150, 150], [400, 150], [400, 300], [150, 300], [150, 150]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    roi.write_text(json.dumps({"type": "Feature", "geometry": geometry, "properties": {}}))
    out = tmp_path / "out"
    assert analyse(slide_file, out=out, model=model_folder, more=("--roi", str(roi), "--mask-names")) == 0
    (folder,) = out.iterdir()
    assert folder.name.startswith("slide-")
    inside, whole = (pd.read_parquet(f / "scores.parquet") for f in (folder, result))
    centres = inside[["x", "y"]].to_numpy() + 32
    assert (centres >= 150).all()
    assert (centres <= [400, 300]).all()
    both = inside.merge(whole, on=["x", "y"], suffixes=("", "_whole"))
    assert len(both) == len(inside) < len(whole)
    assert np.allclose(both["tissue.tumour.single_tile"], both["tissue.tumour.single_tile_whole"], atol=1e-4)


@pytest.mark.parametrize("fmt", ["csv", "parquet", "geojson", "ome-tiff", "png", "html"])
def test_export(result: Path, tmp_path: Path, fmt: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(result), "--format", fmt, "--out", str(tmp_path / "exported")]) == 0
    written = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert written
    assert all(path.exists() for path in written)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["info", "nowhere.svs"], "nowhere.svs"),
        (["export", "nowhere", "--format", "csv"], "nowhere"),
        (["models", "nonsense"], "nonsense"),
        (["analyse", "nowhere.svs", "--out", "x", "--model", "nonsense"], "nonsense"),
    ],
)
def test_errors_are_sentences_not_tracebacks(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr().err
    assert says in printed
    assert "Traceback" not in printed


def test_unknown_formats_and_maps_are_listed(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(result), "--format", "xls"]) == 1
    assert "parquet" in capsys.readouterr().err
    assert main(["export", str(result), "--format", "png", "--map", "tissue.CD3E.single_tile"]) == 1
    assert "tissue.attention" in capsys.readouterr().err


@pytest.mark.parametrize("mpp", ["0", "-1", "1000", "nan"])
def test_an_absurd_resolution_is_refused(
    slide_file: Path, mpp: str, tmp_path: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyse(slide_file, out=tmp_path, model=model_folder, more=(f"--mpp={mpp}",)) == 1
    assert "plausible" in capsys.readouterr().err


def test_a_device_that_is_not_there(slide_file: Path, tmp_path: Path, model_folder: Path) -> None:
    assert analyse(slide_file, out=tmp_path, model=model_folder, more=("--device", "cuda:99")) == 1


def test_info_says_what_there_is(slide_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(slide_file)]) == 0
    printed = capsys.readouterr().out
    assert "700 x 500 px, 1.40 x 1.00 mm" in printed
    assert main(["info", str(slide_file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dimensions"] == [700, 500]


def test_missing_resolution_asks_for_the_option(
    tmp_path: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.full((300, 300, 3), (190, 90, 160), np.uint8), photometric="rgb")
    assert analyse(path, out=tmp_path / "out", model=model_folder) == 1
    assert "--mpp" in capsys.readouterr().err


def test_real_slides(shared_data: Path, tmp_path: Path, model_folder: Path) -> None:
    slides = shared_data / "slides"
    resolutions = {
        "CMU-1-Small-Region.svs": (),
        "TCGA-CR-7395-01A-01-TS1.svs": ("--mpp", "0.5"),
        "boxes.tiff": ("--mpp", "1"),
    }
    for name, mpp in resolutions.items():
        assert analyse(slides / name, out=tmp_path, model=model_folder, more=mpp) == 0, name
    assert analyse(slides / "test3-DAPI-2.ndpi", out=tmp_path, model=model_folder) == 1  # fluorescence
    assert analyse(slides / "boxes_dicom", out=tmp_path, model=model_folder) == 1  # 8 um of empty glass
    for bad in (slides / "bad").iterdir():
        assert main(["info", str(bad)]) == 1, bad.name
