from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from histcode_training import trust_study
from histcode_training.encoders import half_imagenet_encoder
from histcode_training.feature_statistics import describe_training, domain_of, field_statistics
from histcode_training.field_features import encode_cohort
from histcode_training.quality_study import plant_fold
from histcode_training.splits import split_cohort
from histcode_training.trust_sources import SourceTiles, blurred, ink_density, inked
from histcode_training.trust_study import run_trust_study, trust_text
from napari_histcode.errors import ModelFileError
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import load_model, save_model
from tests.training.material import make_cohort, make_recipe, write_fields


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust")
    cohort = write_fields(folder / "fields", make_cohort(5), size_px=256)
    recipe = make_recipe()
    split = split_cohort(cohort, ["slide-1", "slide-4"])
    encoder = half_imagenet_encoder(recipe.tiles)
    save_model(build_model(encoder, (), name="small"), folder / "model")
    return folder, split, recipe


def test_a_trained_model_is_described_by_its_training_part_alone(trained, tmp_path):
    folder, split, recipe = trained
    target = shutil.copytree(folder / "model", tmp_path / "model")
    model = load_model(target)

    card = describe_training(model, target, split, recipe, cache=folder / "cache")

    described = load_model(target)
    assert described.card == card
    assert card.weights_digest == model.card.weights_digest
    assert described.statistics.n_groups == len(split.training.slides)
    fields = encode_cohort(split.training, model.encoder, mpp=recipe.mpp, cache=folder / "cache")
    assert described.statistics.n_tiles == sum(len(field) for field in fields)
    by_hand = field_statistics(fields)
    np.testing.assert_array_equal(described.statistics.distances, by_hand.distances)
    assert domain_of(recipe).mpp_range == (recipe.mpp, recipe.mpp)


def test_the_study_needs_statistics(trained):
    folder, split, recipe = trained
    with pytest.raises(ModelFileError, match="no statistics"):
        run_trust_study(folder, split, load_model(folder / "model"), mpp=recipe.mpp)


def test_the_study_ranks_foreign_tiles_above_known_ones(trained, tmp_path, monkeypatch):
    folder, split, recipe = trained
    target = shutil.copytree(folder / "model", tmp_path / "model")
    describe_training(load_model(target), target, split, recipe, cache=folder / "cache")
    model = load_model(target)
    known = encode_cohort(split.training, model.encoder, mpp=recipe.mpp, cache=folder / "cache")
    features = np.concatenate([field.features for field in known])
    groups = tuple(field.field.slide for field in known for _ in range(len(field)))
    foreign = np.random.default_rng(0).normal(size=(60, features.shape[1])).astype(np.float32)
    sources = (
        SourceTiles(name="known", is_in_domain=True, features=features, groups=groups),
        SourceTiles(
            name="noise", is_in_domain=False, features=foreign, groups=tuple("abc" * 20), remark="random"
        ),
    )
    monkeypatch.setattr(trust_study, "read_sources", lambda *_, **__: iter(sources))

    study = run_trust_study(folder, split, model, mpp=recipe.mpp, n_resamples=20)

    near, far = study.sources
    assert not near.auroc.is_defined
    assert far.auroc.value > 0.99
    assert far.share_beyond.value > 0.99
    assert far.n_warned == far.n_groups == 3
    text = trust_text(study, command="histcode-train study trust")
    assert "| noise | 60 | 3 |" in text
    assert "- noise: random." in text


def test_ink_takes_light_away_by_a_factor(tmp_path):
    rgb = np.full((8, 8, 3), 200, np.uint8)
    assert inked(rgb, np.log([2.0, 4.0, 1.0]))[0, 0].tolist() == [100, 50, 200]
    picture = np.full((10, 10, 3), 242, np.uint8)
    picture[2:5] = (121, 242, 60)
    Image.fromarray(picture).save(tmp_path / "pen_red.png")
    mask = np.zeros((10, 10), np.uint8)
    mask[2:5] = 255
    Image.fromarray(mask).save(tmp_path / "pen_red_mask.png")
    assert ink_density(tmp_path, "red").tolist() == pytest.approx([np.log(2), 0, np.log(242 / 60)])


def test_blur_keeps_the_mean_and_takes_detail_away():
    rgb = np.random.default_rng(0).integers(60, 200, (64, 64, 3), dtype=np.uint8)
    soft = blurred(rgb, 4.0)
    assert soft.mean() == pytest.approx(rgb.mean(), abs=1.5)
    assert soft.std() < rgb.std() / 4


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_planted_fold_is_darker_in_its_band_alone(strength):
    rgb = np.full((100, 100, 3), 150, np.uint8)
    folded, band = plant_fold(rgb, width_px=12, strength=strength, random=np.random.default_rng(1))
    assert (folded[~band] == 150).all()
    expected = 150 * (150 / 245) ** strength
    assert folded[band].mean() == pytest.approx(expected, abs=1)
    assert 0.05 < band.mean() < 0.35


def test_the_bundle_brings_statistics(trained):
    _, split, recipe = trained
    named = replace(recipe, model=replace(recipe.model, organs=("bone",), stains=("H&E",)))
    assert domain_of(named).organs == ("bone",)
    assert len(split.training.slides) == 3
