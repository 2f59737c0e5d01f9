from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from histcode_training.cli import main
from histcode_training.encoders import half_imagenet_encoder
from histcode_training.errors import CohortError, RecipeError
from histcode_training.measures.predictions import read_predictions
from histcode_training.mil.recipe import read_heads_recipe
from histcode_training.mil.tile_cohort import TileTableConfig, read_tile_cohort
from histcode_training.recipe import RECIPES, TileGeometry
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import load_model, save_model
from tests.training.cohorts import write_cohort, write_features

TRAINING = """
[folds]
n_folds = 3
[training]
pooling = "{pooling}"
hidden_dim = 8
attention_dim = 4
learning_rate = 1e-2
epochs = 4
"""
CLASSES = """
name = "planted"
task = "multi_class"
compared = ["max", "top_k", "clam"]
[cohort]
table = "cohort.csv"
site = "site"
classes = ["red", "green", "blue"]
[features]
folder = "features"
"""
GENES = """
name = "planted_genes"
task = "regression"
[cohort]
table = "cohort.csv"
columns = ["GENE1", "GENE2"]
[features]
folder = "features"
imagenet_folder = "features"
"""
MODEL = """
[model]
name = "painted"
version = "1"
description = "Colours."
head = "colour"
head_label = "colours"
domain = "painted tiles"
licence = "CC0"
intended_use = "Research use only: tests."
limits = "Not for diagnosis."
"""


def run(tmp_path, text, *, pooling="gated_attention", name="out"):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(text + TRAINING.format(pooling=pooling), encoding="utf-8")
    out = tmp_path / name
    status = main(["heads", str(recipe), "--data", str(tmp_path), "--out", str(out), "--quick"])
    return status, out


def test_heads_of_classes_are_trained_and_evaluated(tmp_path, capsys):
    write_cohort(tmp_path)

    status, out = run(tmp_path, CLASSES)

    assert status == 0
    assert {p.name for p in out.iterdir()} == {
        "evaluation.html", "evaluation.json", "folds.csv", "predictions.parquet", "training.csv",
    }  # fmt: skip
    content = json.loads((out / "evaluation.json").read_text())
    arms = [arm["arm"] for arm in content["classes"]]
    assert arms == [
        "gated attention",
        "mean pooling",
        "max pooling",
        "top-k pooling",
        "CLAM",
        "untrained twin",
    ]
    assert content["n_slides"] == 13
    assert content["n_patients"] == 12
    assert "untrained twin" in capsys.readouterr().out
    lines = (out / "folds.csv").read_text().splitlines()
    assert {line.split(",")[0] for line in lines[1:]} == {f"slide-{n}" for n in range(1, 14)}


def test_evaluating_again_gives_the_same_numbers(tmp_path):
    write_cohort(tmp_path)
    _, out = run(tmp_path, GENES)
    first = json.loads((out / "evaluation.json").read_text())

    assert main(["evaluate", str(out), "--quick", "--out", str(tmp_path / "again")]) == 0

    second = json.loads((tmp_path / "again" / "evaluation.json").read_text())
    assert first["genes"] == second["genes"]
    assert [arm["arm"] for arm in first["genes"]] == [
        "gated attention", "mean pooling", "gated attention on ImageNet features", "untrained twin",
    ]  # fmt: skip


def test_the_same_seed_gives_the_same_predictions_and_written_folds_are_used_again(tmp_path):
    write_cohort(tmp_path)
    _, out = run(tmp_path, GENES)
    (tmp_path / "folds.csv").write_bytes((out / "folds.csv").read_bytes())
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("n_folds = 3", 'kind = "file"\nfile = "folds.csv"'))

    assert main(["heads", str(recipe), "--data", str(tmp_path), "--out", str(tmp_path / "b"), "--quick"]) == 0

    one, two = (read_predictions(folder / "predictions.parquet") for folder in (out, tmp_path / "b"))
    raw = {
        fold.fold: dict(zip(fold.slides, fold.raw["gated attention"][0], strict=True)) for fold in one.test
    }
    for fold in two.test:
        for slide, row in zip(fold.slides, fold.raw["gated attention"][0], strict=True):
            assert row.shape == raw[fold.fold][slide].shape


def test_tiles_become_a_model_file_whose_card_the_evaluation_filled(tmp_path):
    encoder = half_imagenet_encoder(TileGeometry(tile_px=32, mpp=1.0))
    save_model(build_model(encoder, name="start"), tmp_path / "start")
    random = np.random.default_rng(0)
    lines = ["file,label,group"]
    for g in range(9):
        label, colour = (("red", (200, 60, 90)), ("blue", (80, 60, 180)))[g % 2]
        for t in range(3):
            pixels = np.clip(np.array(colour) + random.normal(0, 10, (48, 48, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"{g}-{t}.png")
            lines.append(f"{g}-{t}.png,{label},group-{g}")
    (tmp_path / "tiles.csv").write_text("\n".join(lines))
    text = (
        f"""
name = "painted"
task = "multi_class"
[tiles]
table = "tiles.csv"
[features]
model = "{tmp_path / "start"}"
"""
        + MODEL
    )

    text = text.replace('task = "multi_class"', 'task = "multi_class"\nshown = ["Blue", "Red"]')
    status, out = run(tmp_path, text, pooling="clam")

    assert status == 0
    card = load_model(out / "model").card
    assert card.encoder.digest == encoder.record.digest
    (head,) = card.heads
    assert head.pooling == "gated_attention"
    assert head.activation == "softmax"
    assert [(o.name, o.label) for o in head.outputs] == [("blue", "Blue"), ("red", "Red")]
    content = json.loads((out / "evaluation.json").read_text())
    assert card.results["evaluation"] == content
    for output, row in zip(head.outputs, content["classes"][0]["rows"], strict=True):
        assert output.evidence["auroc"]["value"] == pytest.approx(row["auroc"]["value"], abs=1e-4)
    assert "ImageNet" not in " ".join(arm["arm"] for arm in content["classes"])  # the encoder is just that


def test_names_to_show_are_as_many_as_outputs(tmp_path, capsys):
    write_cohort(tmp_path)

    status, _ = run(tmp_path, CLASSES.replace('name = "planted"', 'name = "planted"\nshown = ["one"]'))

    assert status == 1
    assert "shown lists 1 names, and there are 3 outputs" in capsys.readouterr().err


def test_a_tile_table_is_refused_by_row_and_column(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    Image.new("RGB", (4, 4)).save(tmp_path / "b.png")
    for rows, words in (
        ("a.png,red,g\na.png,red,g", ["row 3", "'a.png'", "twice"]),
        ("a.png,red,g\nb.png,blue,g", ["row 3", "group 'g'"]),
        ("a.png,red,", ["row 2", "'group'", "no value"]),
        ("c.png,red,g", ["row 2", "no file 'c.png'"]),
    ):
        (tmp_path / "t.csv").write_text(f"file,label,group\n{rows}\n")
        with pytest.raises(CohortError) as caught:
            read_tile_cohort(tmp_path, TileTableConfig(table="t.csv"), "multi_class")
        assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: (f / "features" / "slide-3.h5").unlink(), "no feature file of the slide 'slide-3'"),
        (lambda f: write_features(f / "features" / "slide-3.h5", np.empty((0, 8))), "holds no tile"),
        (
            lambda f: write_features(f / "features" / "slide-3.h5", np.zeros((2, 8)), encoder="foreign"),
            "different encoders",
        ),
        (
            lambda f: write_features(f / "features" / "slide-3.h5", np.zeros((2, 5))),
            "different encoders: length",
        ),
    ],
)
def test_bad_features_end_with_one_line(tmp_path, capsys, change, words):
    write_cohort(tmp_path)
    change(tmp_path)

    status, out = run(tmp_path, CLASSES)

    assert status == 1
    assert words in capsys.readouterr().err
    assert not (out / "evaluation.json").exists()


def test_a_bag_of_one_tile_is_no_fault(tmp_path):
    write_cohort(tmp_path)
    write_features(tmp_path / "features" / "slide-3.h5", np.zeros((1, 8)))

    assert run(tmp_path, CLASSES)[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('task = "multi_class"', 'task = "ordinal"', "'ordinal' is unknown"),
        ('folder = "features"', "", "needs features.folder"),
        ("[features]", '[tiles]\ntable = "t.csv"\n[features]', "one of the tables"),
        ('compared = ["max", "top_k", "clam"]', "colour = 3", "no entry 'colour'"),
    ],
)
def test_bad_recipes_are_refused(tmp_path, old, new, message):
    path = tmp_path / "recipe.toml"
    path.write_text(CLASSES.replace(old, new))

    with pytest.raises(RecipeError, match=message):
        read_heads_recipe(path)


def test_a_model_file_cannot_hold_a_baseline(tmp_path):
    path = tmp_path / "recipe.toml"
    text = CLASSES + 'model = "bundled"\n' + TRAINING.format(pooling="max") + MODEL
    path.write_text(text)

    with pytest.raises(RecipeError, match="cannot hold pooling 'max'"):
        read_heads_recipe(path)


def test_the_lung_recipe_of_this_checkout_reads(shared_data):
    recipe = read_heads_recipe(RECIPES / "lung_diagnosis.toml")
    cohort = read_tile_cohort(shared_data, recipe.tiles, recipe.task)

    assert len(cohort.table) > 500
    assert set(cohort.table.outputs) == {"benign", "luad", "lusc"}
