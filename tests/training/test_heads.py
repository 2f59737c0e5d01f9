from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from histcode_training.bags import field_bags
from histcode_training.evaluation import evaluate_head
from histcode_training.heads import bag_loss, fold_standardisation, train_head, untrained_twin
from napari_histcode.comparison.ranking import auroc
from napari_histcode.models.heads import AttentionHead
from tests.training.material import LABELS, QUICK_HEAD, make_cohort, planted_features

N_PLANTED = 8


@pytest.fixture(scope="module")
def trained():
    cohort = make_cohort(4)
    config = replace(QUICK_HEAD, epochs=60, max_fields=3)
    return train_head(planted_features(cohort), LABELS, config, seed=0)


def test_separable_bags_are_separated(trained):
    fresh = planted_features(make_cohort(4), seed=99)

    result = evaluate_head(trained.module, fresh, LABELS, names=LABELS, n_resamples=20)

    assert all(result.classes[label].field_auroc.value == 1 for label in LABELS)
    assert result.field_accuracy == 1


def test_single_tile_map_and_attention_point_to_the_planted_tiles(trained):
    for field in planted_features(make_cohort(1), seed=99):
        explanation = trained.module.explain(field.features)
        is_planted = np.arange(len(field)) < N_PLANTED
        position = LABELS.index(field.field.label)
        assert auroc(explanation.single_tile[:, position], is_planted) == 1
        assert auroc(explanation.attention, is_planted) == 1


def test_a_bag_of_all_classes_is_said_to_hold_them_all(trained):
    fields = planted_features(make_cohort(1), seed=99)

    outputs = trained.module.explain(np.concatenate([field.features for field in fields])).outputs

    assert (outputs > 0).all()


@pytest.mark.parametrize("copies", [1, 40, 800])
def test_the_answer_does_not_depend_on_the_size_of_the_bag(trained, copies):
    field = planted_features(make_cohort(1), seed=99)[0]

    once = trained.module.explain(field.features).outputs
    often = trained.module.explain(np.tile(field.features, (copies, 1))).outputs

    np.testing.assert_allclose(once, often, rtol=1e-4, atol=1e-4)


def test_the_same_seed_gives_the_same_weights_and_leaves_torch_alone():
    fields = planted_features(make_cohort(2))
    config = replace(QUICK_HEAD, epochs=2, dropout=0.3, feature_dropout=0.2)
    before, n_threads = torch.get_rng_state(), torch.get_num_threads()

    one, again, other = (train_head(fields, LABELS, config, seed=s).module for s in (5, 5, 6))

    for name, weights in one.state_dict().items():
        assert torch.equal(weights, again.state_dict()[name])
    assert not torch.equal(one.embed.weight, other.embed.weight)
    assert torch.equal(before, torch.get_rng_state())
    assert n_threads == torch.get_num_threads()


def test_the_best_epoch_by_validation_is_kept_and_training_stops():
    cohort = make_cohort(4)
    fields = planted_features(cohort)
    # labels turned around: every epoch makes validation worse after the first ones
    wrong = [
        replace(f, features=np.roll(f.features, 1, axis=1).copy()) for f in planted_features(cohort, seed=3)
    ]
    config = replace(QUICK_HEAD, epochs=30, patience=3)

    head = train_head(fields, LABELS, config, seed=0, validation=wrong)

    assert len(head.validation_loss) < 30
    assert head.epoch == 1 + int(np.argmin(head.validation_loss))
    assert len(head.validation_loss) == head.epoch + 3


def test_the_kept_weights_have_the_validation_loss_of_their_epoch():
    cohort = make_cohort(4)
    other = planted_features(cohort, seed=3)[:1]

    head = train_head(planted_features(cohort), LABELS, QUICK_HEAD, seed=0, validation=other)

    assert bag_loss(head.module, field_bags(other, LABELS)) == pytest.approx(
        min(head.validation_loss), rel=1e-4
    )


def test_folding_the_standardisation_changes_no_answer():
    random = np.random.default_rng(0)
    features = random.normal(5, 3, (50, 12)).astype(np.float32)
    mean, std = features.mean(axis=0), features.std(axis=0)
    torch.manual_seed(0)
    module = AttentionHead(12, 3, hidden_dim=8, attention_dim=4)
    expected = module.explain((features - mean) / std)

    fold_standardisation(module, mean, std)

    np.testing.assert_allclose(module.explain(features).single_tile, expected.single_tile, atol=1e-5)
    np.testing.assert_allclose(module.explain(features).attention, expected.attention, atol=1e-6)


def test_the_untrained_twin_is_where_training_starts_and_knows_nothing():
    fields = planted_features(make_cohort(4))

    twin = untrained_twin(fields, LABELS, QUICK_HEAD, seed=0)
    head = train_head(fields, LABELS, QUICK_HEAD, seed=0).module

    assert bag_loss(head, field_bags(fields, LABELS)) < 0.3 * bag_loss(twin, field_bags(fields, LABELS))


def test_mean_pooling_learns_too():
    fields = planted_features(make_cohort(4))

    module = train_head(fields, LABELS, QUICK_HEAD, seed=0, pooling="mean").module

    assert module.attention is None
    fresh = planted_features(make_cohort(4), seed=99)
    result = evaluate_head(module, fresh, LABELS, names=LABELS, n_resamples=20)
    assert all(result.classes[label].field_auroc.value > 0.95 for label in LABELS)
