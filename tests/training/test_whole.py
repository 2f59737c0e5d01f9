from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from histcode_training.cli import main
from histcode_training.encoders import encoder_for, half_imagenet_encoder
from histcode_training.errors import RecipeError
from histcode_training.recipe import RECIPES, TileGeometry
from histcode_training.whole.combine import combine_models
from histcode_training.whole.recipe import read_whole_recipe
from histcode_training.whole.report import evidence_text
from napari_histcode.errors import ModelMismatchError
from napari_histcode.models.card import HeadRecord, OutputRecord
from napari_histcode.models.heads import build_head
from napari_histcode.models.library import read_card
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import load_model
from tests.training.tiny_data import MPP, TILE_PX, WHOLE, write_tiny_data, write_whole_recipe

GEOMETRY = TileGeometry(tile_px=TILE_PX, mpp=MPP)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One command from a data folder to a model, as CI runs it."""
    folder = tmp_path_factory.mktemp("whole")
    data = write_tiny_data(folder / "data")
    recipe = write_whole_recipe(folder / "recipes")
    out = folder / "out"
    status = main(["all", str(recipe), "--data", str(data), "--out", str(out), "--quick", "--device", "cpu"])
    return folder, out, status


def test_one_command_makes_a_model_with_every_head_on_the_trained_encoder(made):
    _, out, status = made

    assert status == 0
    model = load_model(out / "model")
    trained = load_model(out / "encoder" / "encoder")
    assert model.encoder.record.digest == trained.encoder.record.digest
    assert model.encoder.record.digest != half_imagenet_encoder(GEOMETRY).record.digest
    assert [head.name for head in model.heads] == ["tissue", "lung", "genes"]
    assert sum(file.stat().st_size for file in (out / "model").iterdir()) < 20e6
    for folder in ("tissue", "diagnosis/model", "genes"):
        (own,) = load_model(out / "heads" / folder).heads
        features = np.random.default_rng(0).random((5, model.encoder.feature_dim), dtype=np.float32)
        np.testing.assert_array_equal(
            model.head(own.name).explain(features).outputs, own.explain(features).outputs
        )
    assert model.statistics is not None


def test_the_card_is_filled_by_the_evaluations(made):
    _, out, _ = made
    card = load_model(out / "model").card

    assert (card.name, card.version) == ("tiny", "3")
    assert {"encoder", "probes", "tissue", "lung", "genes"} <= set(card.results)
    assert set(card.results["probes"]) == {"ImageNet", "tiny-resnet", "untrained twin", "mean colour"}
    assert set(card.results["probes"]["tiny-resnet"]) == {"osteosarcoma", "lung", "cell types"}
    assert card.results["genes"]["held_out"] == "S1"
    for head in card.heads:
        for output in head.outputs:
            assert output.evidence
            assert evidence_text(output) != "nothing measured"
    sources = " ".join(card.training_data)
    for word in (
        "Encoder: tiny-resnet",
        "Encoder: Painted fields.",
        "Head tissue: ",
        "Head lung: ",
        "Head genes: ",
    ):
        assert word in sources


def test_the_report_names_every_output_and_page_and_no_folder(made):
    folder, out, _ = made

    text = (out / "report.md").read_text()

    assert str(folder) not in text
    assert "nan" not in text
    for word in (
        "--quick",
        "viable tumour",
        "ERBB2",
        "lung diagnosis",
        "Painted tiles.",
        "r -0." if "r -0." in text else "r 0.",
    ):
        assert word in text
    for page in ("encoders", "tissue", "diagnosis", "genes"):
        assert f"({page}.md)" in text
        assert "all whole.toml --data DATA --out OUT --seed 0 --quick" in (out / f"{page}.md").read_text()
    assert {file.name for file in (out / "sample").iterdir()} == {
        "sample.tif", "sample.geojson", "ATTRIBUTION.md",
    }  # fmt: skip


def test_bad_input_ends_before_the_encoder_is_trained(made, tmp_path, capsys):
    folder, *_ = made
    recipe = write_whole_recipe(tmp_path / "recipes")
    (recipe.parent / "fields_split.toml").write_text('held_out = ["slide-77"]')

    status = main(
        ["all", str(recipe), "--data", str(folder / "data"), "--out", str(tmp_path / "out"), "--quick"]
    )

    captured = capsys.readouterr()
    assert status == 1
    assert "slide-77" in captured.err
    assert "== encoder" not in captured.out


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("whole.toml", 'encoder = "encoder.toml"', 'encoder = "absent.toml"', "absent.toml cannot be read"),
        ("whole.toml", 'tissue = "tissue.toml"', 'tissues = "tissue.toml"', "no entry 'tissues'"),
        (
            "probes.toml",
            "tile_px = 32",
            "tile_px = 48",
            "encoder has tiles of 32 px at 2 um/px, probes of 48 px",
        ),
        ("lung_diagnosis.toml", "[model]", "[models]", "no entry 'models'"),
    ],
)
def test_recipes_that_do_not_fit_are_refused(tmp_path, file, old, new, message):
    path = write_whole_recipe(tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new))

    with pytest.raises(RecipeError, match=message):
        read_whole_recipe(path)


def test_a_model_needs_a_head_and_known_tiles(tmp_path):
    words = WHOLE[WHOLE.index("[model]") :]
    path = write_whole_recipe(tmp_path, f'name = "none"\n{words}')
    with pytest.raises(RecipeError, match="needs a head"):
        read_whole_recipe(path)
    path.write_text(f'name = "lung"\ndiagnosis = "lung_diagnosis.toml"\n{words}')
    with pytest.raises(RecipeError, match="which tiles"):
        read_whole_recipe(path)


def one_head_model(encoder, name):
    record = HeadRecord(
        name=name, label=name, pooling="mean", hidden_dim=4, attention_dim=2, activation="identity",
        outputs=(OutputRecord(name="x", label="x"),),
    )  # fmt: skip
    head = build_head(record, encoder.feature_dim)
    return build_model(encoder, (head,), name=name, training_data=(f"Heads: {name} data.", "Encoder: it."))


def test_only_heads_of_one_encoder_with_different_names_make_a_model(tmp_path):
    words = read_whole_recipe(write_whole_recipe(tmp_path)).recipe.model
    encoder = half_imagenet_encoder(GEOMETRY)
    a, b = (one_head_model(encoder, name) for name in "ab")

    both = combine_models([a, b], words)

    assert [head.name for head in both.heads] == ["a", "b"]
    assert both.card.training_data[1:] == ("Head a: a data.", "Head b: b data.")
    other = replace(GEOMETRY, mpp=1.0)
    with pytest.raises(ModelMismatchError, match=r"mpp 1\.0 and 2\.0"):
        combine_models([a, one_head_model(half_imagenet_encoder(other), "c")], words)
    with pytest.raises(ModelMismatchError, match="one name"):
        combine_models([a, a], words)
    with pytest.raises(RecipeError, match="no head"):
        combine_models([], words)
    with pytest.raises(ModelMismatchError, match="the recipe has 32 px at 1 um/px"):
        encoder_for(other, encoder)


def test_the_bundled_model_is_of_the_recipe_of_this_checkout():
    parts, card = read_whole_recipe(RECIPES / "bundled_model.toml"), read_card("bundled")

    assert (card.name, card.version) == (parts.recipe.model.name, parts.recipe.model.version)
    assert TileGeometry(tile_px=card.encoder.tile_px, mpp=card.encoder.mpp) == parts.geometry
    assert card.results["encoder"]["contrastive_training"]["recipe_digest"] == parts.encoder.digest()
    tissue, lung, genes = card.heads
    assert [o.name for o in tissue.outputs] == [one.name for one in parts.tissue.classes]
    assert [o.name for o in lung.outputs] == list(parts.diagnosis.tiles.classes)
    assert {"ERBB2", *parts.genes.outputs.signatures} <= {o.name for o in genes.outputs}
    for name in ("viable_tumour", "necrosis"):
        measured = card.results["tissue"]["held_out"]["gated_attention"]["classes"][name]["tile_auroc"]
        assert measured["single_tile"]["low"] > 0.5
    for output in (*tissue.outputs, *lung.outputs, *genes.outputs):
        assert evidence_text(output) != "nothing measured"


def test_the_recipe_of_this_checkout_fits_together():
    parts = read_whole_recipe(RECIPES / "bundled_model.toml")

    assert parts.encoder is not None
    assert parts.geometry == parts.tissue.tiles
    assert parts.recipe.most_mb <= 20
    quick = read_whole_recipe(RECIPES / "bundled_model.toml", is_quick=True)
    assert quick.genes.seeds == quick.diagnosis.seeds == quick.tissue.head.seeds == 1
