from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from histcode_training.bundle import BundleOptions, make_bundle
from histcode_training.cli import main
from histcode_training.recipe import TileGeometry
from histcode_training.report import report_text
from histcode_training.sample import build_sample
from histcode_training.sample_check import check_sample
from histcode_training.splits import split_cohort
from napari_histcode.models.model_file import load_model
from tests.training.material import QUICK_HEAD, make_cohort, make_recipe, write_fields


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    cohort = write_fields(folder / "fields", make_cohort(5), size_px=256)
    recipe = replace(
        make_recipe(head=replace(QUICK_HEAD, epochs=12)), compared_tiles=(TileGeometry(tile_px=48, mpp=4.0),)
    )
    split = split_cohort(cohort, ["slide-1", "slide-4"])
    options = BundleOptions(cache=folder / "cache", is_comparing_tiles=True, n_resamples=20)
    said: list[str] = []
    result = make_bundle(split, recipe, folder / "model", options, say=said.append)
    options = replace(options, is_comparing_tiles=False)
    again = make_bundle(split, recipe, folder / "again", options, say=said.append)
    return folder, recipe, split, result, again, said


def test_the_model_folder_loads_and_says_what_was_measured(made):
    folder, recipe, _, result, *_ = made

    model = load_model(folder / "model")

    assert model.card == result.card
    head = model.head("tissue")
    assert [output.name for output in head.record.outputs] == [tissue.name for tissue in recipe.classes]
    assert head.record.activation == "sigmoid"
    features = np.random.default_rng(0).random((9, model.encoder.feature_dim), dtype=np.float32)
    np.testing.assert_allclose(
        head.explain(features).outputs, result.model.head("tissue").explain(features).outputs, rtol=1e-5
    )
    assert (folder / "model" / "weights.safetensors").stat().st_size < 9e6


def test_the_card_is_complete(made):
    _, recipe, split, result, *_ = made
    card = result.card

    for text in (card.description, card.licence, card.intended_use, card.limits, card.encoder.licence):
        assert text
        assert text != "unknown"
    assert recipe.source.doi in " ".join(card.training_data)
    assert f"{len(split.training)} fields" in card.training_data[0]
    assert "diagnosis" in card.limits
    assert card.encoder.dtype == "float16"
    assert card.weights_digest
    assert card.results is not None
    held_out = card.results["held_out"]
    assert {"gated_attention", "mean_pooling", "untrained_twin"} <= set(held_out)
    assert held_out["gated_attention"]["n_fields"] == len(split.held_out)
    for output in card.heads[0].outputs:
        assert output.evidence is not None
        assert output.quantity == "log-odds"
        for kind in ("single_tile", "contribution", "attention"):
            interval = output.evidence["tile_auroc"][kind]
            assert interval["low"] <= interval["value"] <= interval["high"]
    json.dumps(card.results, allow_nan=False)


def test_painted_classes_are_told_apart_on_slides_the_head_never_saw(made):
    *_, result, _, _ = made

    for evaluation in result.held_out["gated attention"].classes.values():
        assert evaluation.tile_auroc["single_tile"].value > 0.99


def test_the_same_seed_makes_the_same_model(made):
    _, _, _, result, again, _ = made

    assert result.card.weights_digest == again.card.weights_digest
    assert result.card == again.card


def test_the_report_has_every_head_geometry_and_the_command(made):
    _, recipe, split, result, _, said = made

    text = report_text(result, recipe, split, command="histcode-train bundle --seed 0")

    for word in ("48 px at 4 um/px", "**32 px at 4 um/px**", "untrained twin", "mean pooling", "--seed 0"):
        assert word in text
    assert all(tissue.shown in text for tissue in recipe.classes)
    assert "nan" not in text
    assert any("held-out" in line for line in said)


def test_the_sample_slide_goes_through_the_whole_pipeline(made, tmp_path):
    _, recipe, split, result, *_ = made
    recipe = replace(recipe, sample=replace(recipe.sample, gap_px=128))  # whole tiles fit into fields
    build_sample(split.held_out, recipe, tmp_path / "mosaic.tif")

    check = check_sample(result.model, tmp_path / "mosaic.tif", recipe)
    text = report_text(result, recipe, split, command="", sample=check)

    assert check.n_tiles >= 6 * 4
    for tissue in recipe.classes:
        assert check.tile_auroc["single_tile"][tissue.name].value > 0.95
        assert 0 < check.predictions[tissue.name] < 1
    assert "whole pipeline" in text
    assert "leave-one-out" in text


def test_a_wrong_data_folder_ends_with_one_line_and_status_1(tmp_path, capsys):
    status = main(["sample", "--data", str(tmp_path), "--out", str(tmp_path / "a.tif")])

    assert status == 1
    assert capsys.readouterr().err.startswith("histcode-train: The table")
    assert not (tmp_path / "a.tif").exists()


def test_the_command_builds_the_sample(shared_data, tmp_path, capsys):
    status = main(["sample", "--data", str(shared_data), "--out", str(tmp_path / "mosaic.tif")])

    assert status == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "ATTRIBUTION.md", "TCGA-CR-7395-01A-01-TS1.svs", "mosaic.geojson", "mosaic.tif",
    }  # fmt: skip
    assert "16 fields" in capsys.readouterr().out
