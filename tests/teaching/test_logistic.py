from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from napari_histcode.teaching.logistic import balanced_weights, fit, log_probabilities, rotate


def blobs(n: int, d: int, n_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    class_of = np.concatenate([np.arange(n_classes), random.integers(0, n_classes, n - n_classes)])
    centres = random.normal(size=(n_classes, d))
    return (centres[class_of] + random.normal(0, 1.5, (n, d))) / np.sqrt(d), class_of


def oracle(samples: np.ndarray, class_of: np.ndarray, strength: float) -> LogisticRegression:
    # scikit-learn sums the losses of all samples, weighted n / (n_classes * n_c), where we take their mean
    model = LogisticRegression(
        C=1 / (strength * len(samples)), class_weight="balanced", tol=1e-10, max_iter=20_000
    )
    return model.fit(samples, class_of)


@pytest.mark.parametrize(("n", "d"), [(20, 60), (60, 20), (40, 40)])
@pytest.mark.parametrize("strength", [1.0, 0.03, 0.001])
def test_it_agrees_with_scikit_learn(n: int, d: int, strength: float) -> None:
    samples, class_of = blobs(n, d, 3)
    rotated = rotate(samples)
    found = fit(rotated.samples, class_of, 3, strength)
    expected = oracle(samples, class_of, strength)
    weights = found.weights @ rotated.directions.T
    np.testing.assert_allclose(weights, expected.coef_, atol=2e-3 * np.abs(expected.coef_).max())
    probabilities = np.exp(log_probabilities(found.logits(rotated.samples)))
    np.testing.assert_allclose(probabilities, expected.predict_proba(samples), atol=1e-3)


def test_two_classes_are_the_binary_model_with_half_the_penalty() -> None:
    samples, class_of = blobs(30, 50, 2)
    found = fit(samples, class_of, 2, 0.02)
    expected = oracle(samples, class_of, 0.01)
    np.testing.assert_allclose(found.weights[1] - found.weights[0], expected.coef_[0], atol=5e-3)
    np.testing.assert_allclose(found.weights[0], -found.weights[1], atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(n=st.integers(4, 30), d=st.integers(1, 30), seed=st.integers(0, 999), k=st.integers(2, 4))
def test_the_gradient_vanishes_at_the_solution(n: int, d: int, seed: int, k: int) -> None:
    samples, class_of = blobs(n, d, k, seed)
    strength = 0.01
    found = fit(samples, class_of, k, strength)
    residual = np.exp(log_probabilities(found.logits(samples))) - np.eye(k)[class_of]
    residual *= balanced_weights(class_of, k)[:, None]
    np.testing.assert_allclose(residual.T @ samples + strength * found.weights, 0, atol=1e-5)
    np.testing.assert_allclose(residual.sum(axis=0), 0, atol=1e-5)
    assert found.bias.sum() == pytest.approx(0, abs=1e-9)


def test_rotating_loses_nothing() -> None:
    for n, d in ((10, 50), (30, 50), (50, 10)):
        samples, _ = blobs(n, d, 2)
        samples[3] = samples[4]  # a direction less
        rotated = rotate(samples)
        np.testing.assert_allclose(rotated.samples @ rotated.directions.T, samples, atol=1e-7)
        rank = rotated.directions.shape[1]
        np.testing.assert_allclose(rotated.directions.T @ rotated.directions, np.eye(rank), atol=1e-6)
        assert rank == (n - 1 if 2 * n <= d else d)


def test_where_it_begins_does_not_matter() -> None:
    samples, class_of = blobs(25, 40, 3)
    cold = fit(samples, class_of, 3, 0.01)
    warm = fit(samples, class_of, 3, 0.01, start=fit(samples, class_of, 3, 1.0))
    np.testing.assert_allclose(cold.weights, warm.weights, atol=1e-5)


def test_a_stronger_penalty_gives_smaller_weights() -> None:
    samples, class_of = blobs(25, 40, 3)
    sizes = [np.linalg.norm(fit(samples, class_of, 3, s).weights) for s in (1, 0.1, 0.01, 0.001)]
    assert sizes == sorted(sizes)


def test_frequent_marks_do_not_count_more() -> None:
    samples, class_of = blobs(12, 20, 2)
    repeated = np.concatenate([np.repeat(np.flatnonzero(class_of == 0), 5), np.flatnonzero(class_of == 1)])
    once = fit(samples, class_of, 2, 0.05)
    often = fit(samples[repeated], class_of[repeated], 2, 0.05)
    np.testing.assert_allclose(once.weights, often.weights, atol=1e-5)


def test_log_probabilities_are_stable() -> None:
    logits = np.array([[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(log_probabilities(logits), log_softmax(logits, axis=1))
