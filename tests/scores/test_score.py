from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import softmax

from napari_histcode.errors import ModelMismatchError, UnknownMapError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.model import Model
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.score import score_bag, scores_of
from tests.scores.small_model import HEADS, small_bag, small_model


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture(scope="module")
def bag() -> FeatureBag:
    return small_bag(108)


def test_predictions_are_those_of_the_heads_forward_pass(model: Model, bag: FeatureBag) -> None:
    scores = score_bag(bag, model)
    with torch.inference_mode():
        raw = [head.module.eval()(torch.tensor(bag.features)).outputs.numpy() for head in model.heads]
    assert np.allclose([p.raw for p in scores.predictions], np.concatenate(raw), atol=1e-5)
    assert np.allclose([p.value for p in scores.predictions[:2]], 1 / (1 + np.exp(-raw[0])), atol=1e-5)
    assert np.allclose([p.value for p in scores.predictions[2:5]], softmax(raw[1]), atol=1e-5)
    assert all(p.value == p.raw for p in scores.predictions[5:])
    quantities = [p.quantity for p in scores.predictions]
    assert quantities == ["probability"] * 5 + ["log2 fold change"] * 2 + ["months"]
    assert scores.n_corrupt == 3


def test_maps_are_named_once(model: Model, bag: FeatureBag) -> None:
    scores = score_bag(bag, model)
    assert len(set(scores.map_names)) == len(scores.maps) == 4 + 3 * 8
    assert scores.effective_tiles["genes"] == pytest.approx(len(bag), rel=1e-4)
    assert {m.is_signed for m in scores.maps if m.kind == "contribution"} == {True}
    assert scores.map("genes.CD3E.single_tile").is_signed  # a fold change; zero is no change
    assert not scores.map("risk.months.single_tile").is_signed


def test_only_the_maps_that_are_wanted_are_made(model: Model, bag: FeatureBag) -> None:
    names = ("genes.CD3E.single_tile", "tissue.attention", "no.such.map", "subtype.other.leave_one_out")
    explanation = explain_bag(bag, model)
    whole, some = scores_of(explanation), scores_of(explanation, maps=names)
    assert set(some.map_names) == set(names) - {"no.such.map"}
    assert some.predictions == whole.predictions
    for tile_map in some.maps:
        np.testing.assert_array_equal(tile_map.values, whole.map(tile_map.name).values)


def test_an_explanation_knows_its_heads_and_fits_its_grid(model: Model, bag: FeatureBag) -> None:
    explanation = explain_bag(bag, model)
    assert explanation.head("genes").name == "genes"
    with pytest.raises(UnknownMapError, match="tissue, subtype"):
        explanation.head("nonsense")
    with pytest.raises(ValueError, match="108 tiles"):
        replace(explanation, grid=bag.grid.select(np.arange(3)))


def test_scores_do_without_torch_once_the_bag_is_explained() -> None:
    modules = "faithfulness, faithfulness_ranking, faithfulness_cohort, what_if, score, explanation"
    code = f"import sys; from napari_histcode.scores import {modules}; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_one_tile_is_enough(model: Model, bag: FeatureBag) -> None:
    one = FeatureBag(features=bag.features[:1], grid=bag.grid.select(np.array([0])), encoder=bag.encoder)
    assert score_bag(one, model).effective_tiles == dict.fromkeys(HEADS, 1)


def test_features_of_another_encoder_are_refused(model: Model, bag: FeatureBag) -> None:
    other = replace(bag, encoder=replace(bag.encoder, digest="cd" * 32))
    with pytest.raises(ModelMismatchError, match="first-pixels"):
        score_bag(other, model)


def test_an_unknown_map_lists_those_there_are(model: Model, bag: FeatureBag) -> None:
    with pytest.raises(UnknownMapError, match=r"tissue\.attention"):
        score_bag(bag, model).map("nonsense")
