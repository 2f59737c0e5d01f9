"""``histcode analyse --signature``: the maps of signatures beside those of the heads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_histcode.cli import analyse as cli_analyse
from napari_histcode.cli import main
from napari_histcode.errors import NoTissueError
from napari_histcode.export.analysis import export_analysis
from napari_histcode.export.read_result import read_analysis
from napari_histcode.models.card import HeadRecord, OutputRecord
from napari_histcode.models.heads import build_head
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import load_model, save_model
from napari_histcode.pipeline import analyse_slide
from napari_histcode.scores.signature_file import make_signature, write_signatures

NAME = "signatures.Three_genes.signature"


@pytest.fixture
def gene_model(model_folder: Path, tmp_path: Path) -> Path:
    """Three genes, with their means and deviations in the training cohort, on the small model's encoder."""
    torch.manual_seed(1)
    outputs = tuple(
        OutputRecord(
            name=gene, label=gene, quantity="log2 fold change", unit="log2",
            evidence={"training": {"mean": 0.5, "sd": 2.0, "what": "9 slides"}},
        )
        for gene in ("CD3D", "CD3E", "CD3G")
    )  # fmt: skip
    head = HeadRecord(
        name="genes", label="genes", pooling="mean", hidden_dim=8, attention_dim=4, activation="identity",
        outputs=outputs,
    )  # fmt: skip
    folder = tmp_path / "genes"
    save_model(build_model(load_model(model_folder).encoder, (build_head(head, 512),), name="genes"), folder)
    return folder


def analyse(slide: Path, model: Path, out: Path, signatures: Path) -> int:
    return main(
        ["analyse", str(slide), "--out", str(out), "--model", str(model), "--device", "cpu", "--signature",
         str(signatures)]
    )  # fmt: skip


def test_maps_of_signatures_stand_beside_those_of_the_heads(
    slide_file: Path, gene_model: Path, tmp_path: Path
) -> None:
    signature = make_signature("Three genes", ["CD3D", "CD3E", "CD3G", "CD247"])
    analysis = analyse_slide(slide_file, gene_model, signatures=[signature], device="cpu")
    scores = analysis.scores
    genes = [scores.map(f"genes.{gene}.single_tile").values for gene in ("CD3D", "CD3E", "CD3G")]
    np.testing.assert_allclose(scores.map(NAME).values, (np.mean(genes, axis=0) - 0.5) / 2.0, atol=1e-5)
    assert NAME in [heatmap.name for heatmap in analysis.heatmaps]

    alone = replace(scores, maps=(scores.map(NAME),))
    export_analysis(alone, analysis.heatmaps[-1:], analysis.overview, tmp_path / "out")
    read = read_analysis(tmp_path / "out").map(NAME)
    np.testing.assert_array_equal(read.values, scores.map(NAME).values)
    assert (read.kind, read.quantity) == ("signature", "mean z-score of 3 genes against 9 slides")
    assert "Three genes signature" in (tmp_path / "out" / "report.html").read_text()


def test_the_command_line_gives_them_to_the_pipeline(
    slide_file: Path, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[object] = []

    def analyse_nothing(*_: object, signatures: object, **__: object) -> None:
        given.append(signatures)
        raise NoTissueError("enough seen")

    monkeypatch.setattr(cli_analyse, "analyse_slide", analyse_nothing)
    sets = tmp_path / "sets.gmt"
    signature = make_signature("Three genes", ["CD3D", "CD3E", "CD3G"], source="me")
    write_signatures(sets, [signature])
    assert analyse(slide_file, model_folder, tmp_path / "out", sets) == 1
    assert given == [(signature,)]


def test_too_few_genes_are_told_before_anything_is_encoded(
    slide_file: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = tmp_path / "sets.gmt"
    sets.write_text("Three genes\tme\tCD3D\tCD3E\tCD3G\n")
    assert analyse(slide_file, model_folder, tmp_path / "out", sets) == 1
    assert "0 of its 3 genes" in capsys.readouterr().err
    assert not list((tmp_path / "out").rglob("features.h5"))
    sets.write_text("nothing\n")
    assert analyse(slide_file, model_folder, tmp_path / "out", sets) == 1
    assert "is no signature" in capsys.readouterr().err
