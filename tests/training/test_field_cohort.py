from __future__ import annotations

import json

import pytest
from PIL import Image

from histcode_training.cli import main
from histcode_training.encoders import half_imagenet_encoder
from histcode_training.errors import CohortError, RecipeError
from histcode_training.mil.field_cohort import FieldTableConfig, read_field_cohort
from histcode_training.mil.recipe import read_heads_recipe
from histcode_training.recipe import RECIPES, TileGeometry
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import save_model
from tests.training.encoders import changed_imagenet_encoder
from tests.training.tiny_data import COLOURS, MPP, TILE_PX, write_tiny_data

CONFIG = FieldTableConfig(table="osteosarcoma/fields.csv", classes=tuple(COLOURS), mpp=1.0)
RECIPE = """
name = "tiny_fields"
task = "multi_class"
[fields]
table = "osteosarcoma/fields.csv"
classes = ["viable_tumor", "necrosis", "non_tumor"]
mpp = 1.0
[features]
model = "{model}"
[folds]
n_folds = 3
[training]
hidden_dim = 8
attention_dim = 4
learning_rate = 1e-2
"""


@pytest.fixture
def data(tmp_path):
    return write_tiny_data(tmp_path / "data")


def test_each_field_is_a_bag_and_its_slide_is_never_divided(data):
    cohort = read_field_cohort(data, CONFIG, "multi_class")

    bags = cohort.encode(half_imagenet_encoder(TileGeometry(tile_px=TILE_PX, mpp=MPP)))

    assert set(bags) == set(cohort.table.slides)
    assert len(cohort.table) == 18
    assert len(set(cohort.table.patients)) == 6
    row = cohort.table.slides.index("necrosis-2")
    assert cohort.table.patients[row] == "slide-2"
    assert cohort.table.targets[row].tolist() == [0, 1, 0]


def test_heads_on_fields_are_compared_with_imagenet_and_leave_out_what_holds_no_tissue(data, tmp_path):
    model, recipe, out = tmp_path / "model", tmp_path / "recipe.toml", tmp_path / "out"
    encoder = changed_imagenet_encoder(TileGeometry(tile_px=TILE_PX, mpp=MPP))
    save_model(build_model(encoder, name="changed"), model)
    recipe.write_text(RECIPE.format(model=model))
    Image.new("RGB", (160, 160), "white").save(data / "osteosarcoma" / "necrosis-2.png")

    status = main(["heads", str(recipe), "--data", str(data), "--out", str(out), "--quick"])

    assert status == 0
    content = json.loads((out / "evaluation.json").read_text())
    assert [arm["arm"] for arm in content["classes"]] == [
        "gated attention", "mean pooling", "gated attention on ImageNet features", "untrained twin",
    ]  # fmt: skip
    assert content["n_slides"] == 17
    assert "necrosis-2" not in (out / "folds.csv").read_text()


def test_what_does_not_fit_is_refused(data, tmp_path):
    with pytest.raises(CohortError, match="one class of several"):
        read_field_cohort(data, CONFIG, "regression")
    with pytest.raises(RecipeError, match="each once"):
        FieldTableConfig(table="t.csv", classes=("a", "a"), mpp=1.0)
    with pytest.raises(RecipeError, match="mpp is 0"):
        FieldTableConfig(table="t.csv", classes=("a", "b"), mpp=0.0)
    both = tmp_path / "both.toml"
    both.write_text(RECIPE.format(model="m") + '[tiles]\ntable = "t.csv"\n')
    with pytest.raises(RecipeError, match="one of the tables"):
        read_heads_recipe(both)
    both.write_text(RECIPE.format(model=""))
    with pytest.raises(RecipeError, match=r"need features\.model"):
        read_heads_recipe(both)


def test_the_recipe_of_this_checkout_reads():
    recipe = read_heads_recipe(RECIPES / "osteosarcoma_diagnosis.toml")

    assert recipe.fields is not None
    assert recipe.fields.classes == ("viable_tumor", "necrosis", "non_tumor")
