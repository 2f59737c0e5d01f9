from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_histcode.errors import MarksError, ModelMismatchError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.model import Model
from napari_histcode.models.model_file import load_model
from napari_histcode.scores.score import score_bag
from napari_histcode.teaching.marks import make_marks
from napari_histcode.teaching.save import save_taught, to_head
from napari_histcode.teaching.teach import Taught, teach
from tests.models.synthetic import make_model
from tests.teaching.planted import grid, make_bag, scattered, truth


def bag_of(model: Model) -> FeatureBag:
    """Features of the model's own encoder, as far as anybody can tell."""
    random = np.random.default_rng(0)
    record = model.encoder.record
    features = random.gamma(1.0, size=(len(grid()), record.feature_dim)).astype(np.float32)
    features[np.arange(len(grid())), truth(3)] += 3
    return FeatureBag(features=features, grid=grid(), encoder=record)


@pytest.fixture(scope="module")
def model() -> Model:
    return make_model()


@pytest.fixture(scope="module")
def taught(model: Model) -> Taught:
    return teach(bag_of(model), make_marks(grid(), scattered(3, 6)))


def test_the_head_is_the_classifier() -> None:
    bag = make_bag(3)
    taught = teach(bag, make_marks(grid(), scattered(3, 6)))
    explanation = to_head(taught).explain(bag.features)
    logits = taught.learned.classifier.logits(bag)
    np.testing.assert_allclose(explanation.single_tile, logits, atol=1e-4)
    np.testing.assert_allclose(explanation.outputs, logits.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(explanation.bias, taught.learned.classifier.bias, atol=1e-6)


def test_it_is_saved_beside_the_other_heads_and_runs(model: Model, taught: Taught, tmp_path: Path) -> None:
    card = save_taught(taught, model, tmp_path / "m", name="my classes")
    loaded = load_model(tmp_path / "m")
    assert loaded.card == card
    assert [head.name for head in loaded.heads] == ["tissue", "genes", "my_classes"]
    assert loaded.encoder.record.digest == model.encoder.record.digest
    scores = score_bag(taught.bag, loaded)
    logits = taught.learned.classifier.logits(taught.bag)
    for c in range(3):
        found = scores.map(f"my_classes.class_{c}.single_tile").values
        np.testing.assert_allclose(found, logits[:, c], atol=1e-4)
    values = [p.value for p in scores.predictions if p.head == "my_classes"]
    assert sum(values) == pytest.approx(1)
    before = score_bag(taught.bag, model)
    np.testing.assert_allclose(
        scores.map("tissue.attention").values, before.map("tissue.attention").values, rtol=1e-5
    )


def test_the_card_says_what_was_done(model: Model, taught: Taught, tmp_path: Path) -> None:
    card = save_taught(taught, model, tmp_path / "m", name="mine", with_heads=False)
    assert [head.name for head in card.heads] == ["mine"]
    assert card.training_data == (
        "taught on slide-1f3a1f3a with 18 marked tiles (class 0 6, class 1 6, class 2 6)",
    )
    assert card.intended_use.startswith("Exploratory, research use only")
    assert card.results is not None
    figures = card.results["mine"]
    assert figures["auroc"]["class 0"]["value"] == pytest.approx(
        taught.learned.quality.auroc["class 0"].value
    )
    assert figures["marks"] == {f"class {c}": 6 for c in range(3)}
    assert card.heads[0].outputs[0].evidence is not None


def test_what_was_not_estimated_is_null_with_the_reason(model: Model, tmp_path: Path) -> None:
    taught = teach(bag_of(model), make_marks(grid(), {"a": [0], "b": [9]}))
    card = save_taught(taught, model, tmp_path / "m")
    assert card.results is not None
    accuracy = card.results["taught"]["balanced_accuracy"]
    assert accuracy["value"] is None
    assert "not enough marks" in accuracy["reason"]
    assert load_model(tmp_path / "m").card == card


def test_names_that_clash_are_refused(model: Model, taught: Taught, tmp_path: Path) -> None:
    with pytest.raises(ModelMismatchError, match="has a head 'tissue'"):
        save_taught(taught, model, tmp_path / "m", name="tissue")
    save_taught(taught, model, tmp_path / "m", name="tissue", with_heads=False)
    alike = teach(bag_of(model), make_marks(grid(), {"Tumor: 1": [0], "Tumor 1": [9]}))
    with pytest.raises(MarksError, match="one name"):
        save_taught(alike, model, tmp_path / "n")


def test_features_of_another_encoder_are_refused(model: Model, tmp_path: Path) -> None:
    foreign = make_bag(2)
    with pytest.raises(ModelMismatchError):
        save_taught(teach(foreign, make_marks(grid(), scattered(2, 2))), model, tmp_path / "m")
    assert not (tmp_path / "m").exists()
