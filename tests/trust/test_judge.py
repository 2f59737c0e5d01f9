from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_histcode.errors import ModelMismatchError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.card import DomainRecord
from napari_histcode.models.heads import Head
from napari_histcode.models.model import build_model
from napari_histcode.scores.score import score_bag
from napari_histcode.tiling.tile_quality import Exclusion
from napari_histcode.tissue.quality import ARTEFACTS, Artefact, QualityConfig, QualityMask
from napari_histcode.trust.facts import SlideFacts
from napari_histcode.trust.fit import fit_statistics
from napari_histcode.trust.judge import judge
from napari_histcode.trust.maps import distance_map
from tests.builders import make_grid
from tests.models.synthetic import make_encoder, make_features, make_head, make_head_record

DOMAIN = DomainRecord(organs=("bone",), stains=("H&E",), mpp_range=(1.0, 1.0))
FACTS = SlideFacts(mpp=1.0, stain="H&E", mixture_share=0.98, brightness=240, organ="bone")


def make_bag(features, encoder):
    grid = make_grid(len(features), 1)
    config = replace(grid.config, tile_px=32)
    return FeatureBag(features=features, grid=replace(grid, config=config), encoder=encoder.record)


@pytest.fixture(scope="module")
def encoder():
    return make_encoder()


@pytest.fixture(scope="module")
def model(encoder):
    training = make_features(60, seed=4) @ np.diag(np.linspace(4, 0.2, 256)).astype(np.float32)
    statistics = fit_statistics(training, np.repeat(["a", "b", "c"], 20).tolist())
    heads = [make_head(make_head_record(name, trained_on=DOMAIN, ensemble="e")) for name in "xy"]
    return build_model(encoder, tuple(heads), name="m", statistics=statistics)


def judged(model, facts=FACTS, *, features=None, **options):
    features = make_features(30, seed=5) if features is None else features
    bag = make_bag(features, model.encoder)
    return judge(score_bag(bag, model), bag, model, facts, **options)


def kinds(trust):
    return [warning.kind for warning in trust.warnings]


def usual(model):
    """Tiles made of what the training varies in."""
    weights = np.random.default_rng(0).normal(size=(30, len(model.statistics.components)))
    return (model.statistics.mean + weights @ model.statistics.components * model.statistics.scale).astype(
        np.float32
    )


def test_a_usual_slide_gives_no_warning(model):
    trust = judged(model, features=usual(model))
    assert trust.ood.share_beyond == 0
    assert trust.lone_heads == ()
    assert [spread.output for spread in trust.spreads] == ["tumour", "necrosis"]
    assert not [w for w in trust.warnings if w.kind != "disagreement"]
    assert trust.notes == ()


def test_tiles_at_right_angles_to_the_training_are_warned_of(model):
    statistics = model.statistics
    away = make_features(30, seed=6)
    away -= away @ statistics.components.T @ statistics.components
    trust = judged(model, features=(statistics.mean + away * statistics.scale).astype(np.float32))
    (warning,) = (w for w in trust.warnings if w.kind == "out_of_distribution")
    assert warning.sentence.startswith("100% of the tiles")
    assert warning.evidence["share_beyond"] == 1.0
    assert warning.evidence["n_training_slides"] == 3
    assert distance_map(trust.ood).values.min() > 0.99


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"organ": "lung"}, "organ", "The slide is of lung"),
        ({"stain": "other", "mixture_share": 0.1}, "stain", "Only 10% of the stained pixels"),
        ({"stain": "dark field", "mixture_share": None}, "stain", "fluorescence"),
        ({"mpp": 0.25}, "resolution", "0.25 um/px"),
        ({"mpp": 2.0}, "resolution", "lack the detail"),
    ],
)
def test_a_slide_of_another_kind_is_warned_of_with_numbers(model, changes, kind, said):
    trust = judged(model, replace(FACTS, **changes), features=usual(model))
    found = [w for w in trust.warnings if w.kind == kind]
    assert len(found) == 2  # one a head
    assert said in found[0].sentence
    assert found[0].evidence


def test_small_differences_of_resolution_are_none(model):
    assert "resolution" not in kinds(judged(model, replace(FACTS, mpp=1.1), features=usual(model)))


def test_an_organ_that_was_not_stated_is_a_note(model):
    trust = judged(model, replace(FACTS, organ=None), features=usual(model))
    assert "organ" not in kinds(trust)
    assert any("was not stated" in " ".join(note.split()) for note in trust.notes)


def test_heads_that_disagree_are_warned_of(encoder):
    heads = []
    for name, bias in (("x", -3.0), ("y", 3.0)):
        head = make_head(make_head_record(name, ensemble="e"))
        head.module.output.weight.data.zero_()
        head.module.output.bias.data.fill_(bias)
        heads.append(Head(record=head.record, module=head.module))
    trust = judged(build_model(encoder, tuple(heads), name="m"))
    (warning, _) = (w for w in trust.warnings if w.kind == "disagreement")
    assert warning.evidence["mean"] == pytest.approx(0.5, abs=1e-3)
    assert "disagree about" in warning.sentence


def test_what_cannot_be_judged_is_said(encoder):
    head = make_head(make_head_record("x", domain="H&E of bone"))
    trust = judged(build_model(encoder, (head,), name="m"))
    assert trust.ood is None
    assert trust.spreads == ()
    assert trust.lone_heads == ("x",)
    notes = " ".join(trust.notes)
    for said in ("no statistics", "H&E of bone", "No spread for x"):
        assert said in notes


def make_quality(grid, shares):
    return QualityMask(
        classes=np.zeros((4, 4), np.uint8), scale_px0=(100.0, 100.0), area_mm2=dict.fromkeys(ARTEFACTS, 1.0),
        tissue_share=dict(zip(ARTEFACTS, shares, strict=True)), not_assessed={}, slide=grid.slide,
        config=QualityConfig(),
    )  # fmt: skip


def test_artefacts_are_warned_of_with_a_way_out(model):
    quality = make_quality(make_grid(), (0.0, 0.05, 0.25))
    (warning,) = (w for w in judged(model, quality=quality).warnings if w.kind == "quality")
    assert "30% of the tissue" in warning.sentence
    assert "fold 5%, out of focus 25%" in warning.sentence
    assert "--exclude-artefacts" in warning.sentence
    left_out = Exclusion(mask=quality, by_artefact={Artefact.BLUR: 7})
    (warning,) = (w for w in judged(model, exclusion=left_out).warnings if w.kind == "quality")
    assert "7 tiles" in warning.sentence
    assert "quality" not in kinds(judged(model, quality=make_quality(make_grid(), (0.0, 0.02, 0.03))))


def test_features_of_another_encoder_are_refused(model):
    other = make_encoder(seed=3)
    bag = make_bag(make_features(5), other)
    scores = score_bag(make_bag(make_features(5), model.encoder), model)
    with pytest.raises(ModelMismatchError):
        judge(scores, bag, model, FACTS)
