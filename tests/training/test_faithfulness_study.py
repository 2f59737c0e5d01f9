from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from histcode_training.faithfulness_report import faithfulness_text
from histcode_training.faithfulness_study import KINDS, OWN, FaithfulnessStudy, run_faithfulness_study
from histcode_training.recipe import Recipe
from histcode_training.sample import build_sample
from histcode_training.splits import Split
from napari_histcode.models.card import OutputRecord
from napari_histcode.models.heads import build_head
from napari_histcode.models.model import Model, build_model
from tests.models.synthetic import make_encoder, make_head_record
from tests.training.material import LABELS, make_cohort, make_recipe, write_fields

FIELD_PX = 512


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    recipe = make_recipe()
    return replace(recipe, sample=replace(recipe.sample, gap_px=128))  # whole tiles fit into fields


@pytest.fixture(scope="module")
def study(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> FaithfulnessStudy:
    """Painted fields, and a head of random weights on an encoder of random weights."""
    folder = tmp_path_factory.mktemp("study")
    fields = write_fields(folder / "fields", make_cohort(3), size_px=FIELD_PX)
    build_sample(fields, recipe, folder / "mosaic.tif")
    split = Split(training=replace(fields, fields=()), held_out=fields)
    return run_faithfulness_study(
        split, recipe, model=painted_model(recipe), sample=folder / "mosaic.tif", n_random=4, n_resamples=20
    )


def painted_model(recipe: Recipe) -> Model:
    encoder = make_encoder(tile_px=recipe.tiles.tile_px, mpp=recipe.tiles.mpp)
    outputs = tuple(OutputRecord(name=tissue.name, label=tissue.shown) for tissue in recipe.classes)
    record = replace(make_head_record(), outputs=outputs)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        head = build_head(record, encoder.feature_dim)
    return build_model(encoder, (head,), name="painted")


def test_every_map_is_measured_on_the_sample_and_on_the_fields(
    study: FaithfulnessStudy, recipe: Recipe
) -> None:
    names = [tissue.name for tissue in recipe.classes]
    assert [one.output for one in study.sample.faithfulness.outputs] == names
    assert set(study.sample.auroc) == {f"{name}.{kind}" for name in names for kind in KINDS}
    assert all(np.isfinite(estimate.low) for estimate in study.sample.auroc.values())
    fields = study.fields
    assert (fields.n_fields, fields.n_slides) == (9, 3)
    assert fields.n_tiles == 9 * (FIELD_PX // 128) ** 2
    assert {one.kind for one in fields.predictions.of(OWN, OWN)} == set(KINDS)
    assert 0 < fields.effective_share <= 1
    assert study.residual > 0


def test_a_fields_own_output_is_pooled_over_fields(study: FaithfulnessStudy, recipe: Recipe) -> None:
    output_of = dict(zip(LABELS, (tissue.name for tissue in recipe.classes), strict=True))
    gains = []
    for label, member in zip(LABELS * 3, study.fields.predictions.members, strict=True):
        head = study.model.heads[0].name
        gains.append(member.faithfulness.output(head, output_of[label]).map("single_tile").srg)
    pooled = {one.kind: one for one in study.fields.predictions.of(OWN, OWN)}["single_tile"]
    assert pooled.srg.value == pytest.approx(np.mean(gains)), "three fields a slide"


def test_the_report_answers_with_the_numbers_of_the_study(study: FaithfulnessStudy, recipe: Recipe) -> None:
    text = faithfulness_text(study, recipe, command="histcode-train study faithfulness --seed 0")
    for word in ("--seed 0", "## Answer", "Look at the", "attention", "9 fields of 3 slides", "## Limits"):
        assert word in text
    assert all(tissue.shown in text for tissue in recipe.classes)
    assert "nan" not in text
    best = study.fields.predictions.of(OWN, OWN)[0]
    assert str(best.srg) in text
