from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from histcode_training.cross_validation import cross_validate
from histcode_training.evaluation import auroc_over_fields, balanced_accuracy
from tests.training.material import make_cohort, make_recipe, planted_features


@given(st.integers(0, 1000))
def test_auroc_and_balanced_accuracy_agree_with_scikit_learn(seed):
    random = np.random.default_rng(seed)
    class_of = np.concatenate([[0, 1, 2], random.integers(0, 3, 27)])
    outputs = random.normal(size=(30, 3)).astype(np.float32)

    interval = auroc_over_fields([outputs[:, 0]], class_of == 0, np.arange(30), n_resamples=5)

    assert interval.value == pytest.approx(roc_auc_score(class_of == 0, outputs[:, 0]))
    assert balanced_accuracy(outputs, class_of) == pytest.approx(
        balanced_accuracy_score(class_of, outputs.argmax(axis=1))
    )


def test_the_interval_is_over_fields_and_not_over_tiles():
    random = np.random.default_rng(0)
    field_of = np.repeat(np.arange(8), 200)
    is_positive = field_of < 4
    # all tiles of a field share one offset: 1,600 tiles know no more than 8 fields
    scores = (random.normal(size=8)[field_of] + is_positive).astype(np.float32)

    fields = auroc_over_fields([scores], is_positive, field_of, n_resamples=300)
    tiles = auroc_over_fields([scores], is_positive, np.arange(1600), n_resamples=300)

    assert fields.value == tiles.value
    assert fields.high - fields.low > 4 * (tiles.high - tiles.low)
    assert fields.low <= fields.value <= fields.high


def test_several_scorings_are_averaged():
    is_positive = np.array([True, True, False, False])
    right, wrong = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])

    interval = auroc_over_fields([right, wrong], is_positive, np.arange(4), n_resamples=50)

    assert interval.value == interval.low == interval.high == 0.5


def test_one_class_alone_has_no_auroc():
    interval = auroc_over_fields([np.ones(4)], np.ones(4, bool), np.arange(4), n_resamples=10)

    assert np.isnan([interval.value, interval.low, interval.high]).all()


def test_cross_validation_finds_the_planted_signal_on_slides_it_did_not_see():
    cohort, recipe = make_cohort(6), make_recipe()
    fields = planted_features(cohort, n_planted=24)

    result = cross_validate(fields, fields, cohort, recipe, seed=0, n_resamples=20)

    assert result.n_tiles == 6 * 3 * 24
    assert 1 <= result.epochs <= recipe.head.epochs
    assert all(result.tile_auroc[tissue.name].value > 0.99 for tissue in recipe.classes)
