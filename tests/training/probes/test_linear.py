from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from histcode_training.errors import RecipeError, SplitError
from histcode_training.probes.linear import inner_folds, predict_classes, predict_quantities
from histcode_training.probes.recipe import LinearConfig
from histcode_training.probes.scaling import fit_standardiser

CONFIG = LinearConfig(penalties=(0.1, 10, 1e4), ridge_penalties=(1, 100, 1e5), inner_folds=3)


def planted(n=120, *, signal=3.0, seed=0):
    random = np.random.default_rng(seed)
    class_of = np.arange(n) % 3
    features = random.normal(0, 1, (n, 10)).astype(np.float32)
    features[np.arange(n), class_of] += signal
    return features, class_of, [f"slide-{i // 3 % 8}" for i in range(n)]


def test_one_penalty_is_scikit_learns_logistic_regression():
    features, class_of, groups = planted()
    config = LinearConfig(penalties=(7.0,), inner_folds=2)

    found = predict_classes(features[:90], class_of[:90], groups[:90], features[90:], config)

    x = features[:90].astype(np.float64)
    mean, std = x.mean(axis=0), x.std(axis=0)
    model = LogisticRegression(C=1 / 7.0, class_weight="balanced", max_iter=2000).fit(
        (x - mean) / std, class_of[:90]
    )
    np.testing.assert_allclose(found.values, model.predict_proba((features[90:] - mean) / std), atol=1e-6)
    assert found.penalty == 7.0


def test_noise_is_shrunk_and_a_signal_is_kept():
    for signal, penalty in ((0.0, 1e4), (6.0, 0.1)):
        features, class_of, groups = planted(signal=signal)
        assert predict_classes(features, class_of, groups, features[:3], CONFIG).penalty == penalty


def test_the_scale_of_features_does_not_matter():
    features, class_of, groups = planted()
    rest = features[90:]
    plain = predict_classes(features[:90], class_of[:90], groups[:90], rest, CONFIG)
    small = predict_classes(features[:90] * 1e-4, class_of[:90], groups[:90], rest * 1e-4, CONFIG)

    assert small.penalty == plain.penalty
    np.testing.assert_allclose(small.values, plain.values, atol=1e-4)


def test_a_feature_that_is_dead_in_training_cannot_explode():
    features = np.random.default_rng(0).normal(size=(50, 4))
    features[:, 0] = 1.0
    standardise = fit_standardiser(features)

    assert abs(standardise(features + np.array([0.01, 0, 0, 0]))[:, 0]).max() < 2
    assert np.isfinite(fit_standardiser(np.ones((3, 2)))(np.ones((1, 2)))).all()


def test_inner_folds_never_divide_a_group_and_need_each_class_twice():
    _, class_of, groups = planted()
    for learn, held in inner_folds(class_of, groups, 4):
        assert not {groups[i] for i in learn} & {groups[i] for i in held}
        assert set(class_of[learn]) == {0, 1, 2}

    with pytest.raises(SplitError, match="1 slides or groups"):
        inner_folds(class_of, ["one"] * len(class_of), 2)


def test_the_ridge_predicts_a_section_from_the_others_and_is_scikit_learns():
    random = np.random.default_rng(1)
    weights = random.normal(size=(10, 2))
    features = [random.normal(size=(40, 10)).astype(np.float32) for _ in range(3)]
    measured = [x @ weights + random.normal(0, 0.1, (40, 2)) for x in features]

    found = predict_quantities(features[:2], measured[:2], features[2], CONFIG)

    assert found.penalty == 1
    x = np.concatenate(features[:2]).astype(np.float64)
    mean, std = x.mean(axis=0), x.std(axis=0)
    oracle = Ridge(alpha=1).fit((x - mean) / std, np.concatenate(measured[:2]))
    np.testing.assert_allclose(found.values, oracle.predict((features[2] - mean) / std), atol=1e-6)
    noise = [random.normal(size=(40, 2)) for _ in range(2)]
    assert predict_quantities(features[:2], noise, features[2], CONFIG).penalty > 1


@pytest.mark.parametrize("change", [{"penalties": ()}, {"ridge_penalties": (10, 1)}, {"inner_folds": 1}])
def test_impossible_penalties_are_refused(change):
    with pytest.raises(RecipeError, match="linear"):
        LinearConfig(**change)
