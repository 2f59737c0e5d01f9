from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_histcode.cli import main
from tests.array_slide import glass, with_tissue

MPP = 2.0


@pytest.fixture(scope="module")
def marked_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tissue of 900 x 700 px at 2 um/px, a third of it under green ink."""
    pixels = with_tissue(glass(1100, 900), 100, 100, 1000, 800)
    noise = np.random.default_rng(0).integers(-20, 20, pixels.shape)
    pixels = np.clip(pixels + noise, 0, 255)
    pixels[100:800, 100:400] = pixels[100:800, 100:400] * np.exp([-2.0, -0.4, -0.6])
    path = tmp_path_factory.mktemp("slides") / "Jane_Doe_1970.tif"
    tifffile.imwrite(
        path, pixels.astype(np.uint8), tile=(256, 256), photometric="rgb",
        resolution=(1e4 / MPP, 1e4 / MPP), resolutionunit="CENTIMETER",
    )  # fmt: skip
    return path


def test_quality_prints_a_table_and_writes_its_files(
    marked_slide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quality", str(marked_slide), "--out", str(tmp_path), "--mask-names"]) == 0
    printed = capsys.readouterr().out
    assert "pen           0.8" in printed
    assert "not assessed: the slide has 2 um/px" in printed
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith("slide-")
    document = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
    assert document["artefacts"]["pen"]["share_of_tissue"] == pytest.approx(1 / 3, abs=0.05)


def test_a_failed_slide_does_not_keep_the_others_from_being_done(
    marked_slide: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quality", "missing.svs", str(marked_slide), "--out", str(tmp_path)]) == 1
    assert "missing.svs failed" in capsys.readouterr().err
    assert (tmp_path / marked_slide.stem / "quality.geojson").exists()


def test_analyse_leaves_artefacts_out_and_says_how_many(
    marked_slide: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    documents = []
    for name, more in (("all", []), ("clean", ["--exclude-artefacts", "--organ", "lung"])):
        arguments = [
            "analyse",
            str(marked_slide),
            "--out",
            str(tmp_path / name),
            "--model",
            str(model_folder),
        ]
        assert main([*arguments, "--device", "cpu", *more]) == 0
        text = (tmp_path / name / marked_slide.stem / "analysis.json").read_text(encoding="utf-8")
        documents.append(json.loads(text))
    plain, clean = documents
    left_out = clean["provenance"]["artefacts"]
    assert left_out["n_excluded"] > 10
    assert clean["tiles"]["n_tiles"] == plain["tiles"]["n_tiles"] - left_out["n_excluded"]
    assert "artefacts" not in plain["provenance"]
    assert clean["trust"]["slide"]["organ"] == "lung"
    assert [w["kind"] for w in clean["trust"]["warnings"]] == ["quality"]
    printed = capsys.readouterr().out
    assert f"{left_out['n_excluded']} tiles that are mostly artefact left out" in printed
    assert "warning" in printed
