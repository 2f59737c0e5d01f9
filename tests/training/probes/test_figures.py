from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from histcode_training.probes.figures import class_figures, correlation_figures, is_outside
from histcode_training.probes.health import effective_rank, slide_purity
from napari_histcode.comparison.resampling import draws_of

NAMES = ("a", "b", "c")


def predicted(noise, *, n_units=30, per_unit=6, seed=0):
    """Probabilities that get worse with noise; classes belong to units."""
    random = np.random.default_rng(seed)
    unit_of = np.repeat(np.arange(n_units), per_unit)
    class_of = unit_of % 3
    logits = 2 * np.eye(3)[class_of] + noise * random.normal(size=(len(class_of), 3))
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probability, class_of, draws_of(unit_of, n_resamples=300, seed=0)


def figures(noise, **kwargs):
    probability, class_of, draws = predicted(noise, **kwargs)
    return class_figures(probability, class_of, np.zeros(len(class_of), int), draws, NAMES)


def test_values_are_scikit_learns():
    probability, class_of, _ = predicted(1.5)
    found = figures(1.5)

    guess = probability.argmax(axis=1)
    assert found["balanced accuracy"].value == pytest.approx(balanced_accuracy_score(class_of, guess))
    assert found["accuracy"].value == pytest.approx((guess == class_of).mean())
    each = [roc_auc_score(class_of == k, probability[:, k]) for k in range(3)]
    assert [found[f"AUROC, {name}"].value for name in NAMES] == pytest.approx(each)
    assert found["mean AUROC"].value == pytest.approx(np.mean(each))


def test_scores_of_two_folds_are_not_ranked_against_each_other():
    probability, class_of, draws = predicted(0.5)
    fold_of = (np.arange(len(class_of)) >= len(class_of) // 2).astype(int)
    shifted = probability.copy()
    shifted[fold_of == 1, 0] *= 1e-3

    plain = class_figures(probability, class_of, fold_of, draws, NAMES)
    moved = class_figures(shifted, class_of, fold_of, draws, NAMES)

    assert moved["AUROC, a"].value == plain["AUROC, a"].value


def test_a_difference_is_paired_on_the_same_draws():
    better, worse, same = figures(1.0)["accuracy"], figures(1.6)["accuracy"], figures(1.0)["accuracy"]

    nothing = same.less(better)
    assert (nothing.value, nothing.low, nothing.high) == (0, 0, 0)
    assert not is_outside(nothing)
    gain = better.less(worse)
    assert gain.value == pytest.approx(better.value - worse.value)
    assert is_outside(gain)
    assert is_outside(worse.less(better))


def test_too_few_units_give_a_value_without_an_interval():
    probability, class_of, _ = predicted(1.0, n_units=6, per_unit=5)
    two = draws_of(np.arange(len(class_of)) % 2, n_resamples=50, seed=0)
    found = class_figures(probability, class_of, np.zeros(len(class_of), int), two, NAMES)["accuracy"]

    assert found.estimate.is_defined
    assert np.isnan(found.estimate.low)
    assert not is_outside(found.less(found))


def test_correlations_are_within_sections_and_a_constant_counts_as_none():
    random = np.random.default_rng(0)
    measured = [random.normal(size=(60, 2)) + shift for shift in (0, 50)]
    guess = [truth + random.normal(size=truth.shape) for truth in measured]
    guess[0][:, 1] = guess[1][:, 1] = 3.0
    draws = [draws_of(np.arange(60) // 5, n_resamples=100, seed=s) for s in range(2)]

    found = correlation_figures(guess, measured, draws, ("x", "y"))

    each = [np.corrcoef(g[:, 0], m[:, 0])[0, 1] for g, m in zip(guess, measured, strict=True)]
    assert found["Pearson, x"].value == pytest.approx(np.tanh(np.mean(np.arctanh(each))))
    assert found["Pearson, y"].value == 0
    assert found["mean Pearson"].value == pytest.approx(found["Pearson, x"].value / 2)
    estimate = found["mean Pearson"].estimate
    assert estimate.low < estimate.value < estimate.high


def test_effective_rank_counts_directions():
    random = np.random.default_rng(0)
    line = random.normal(size=(200, 1)) @ random.normal(size=(1, 30))

    assert effective_rank(line) == pytest.approx(1, abs=1e-6)
    assert effective_rank(np.concatenate([np.eye(8), -np.eye(8)])) == pytest.approx(8)
    assert 25 < effective_rank(random.normal(size=(4000, 30)) * 1e-5) <= 30
    assert effective_rank(random.normal(size=(9, 500))) <= 8
    assert effective_rank(np.ones((5, 3))) == 1


def test_purity_sees_a_stain_and_not_the_neighbourhood():
    random = np.random.default_rng(0)
    slide_of, field_of = np.repeat(np.arange(5), 40), np.repeat(np.arange(20), 10)
    class_of = np.zeros(200, int)
    noise = random.normal(size=(200, 30))
    stain, place = (random.normal(0, 3, (n, 30)) for n in (5, 20))

    stained = slide_purity(noise + stain[slide_of], class_of, slide_of, field_of)
    placed = slide_purity(noise + place[field_of], class_of, slide_of, field_of)
    clean = slide_purity(noise, class_of, slide_of, field_of)

    assert stained.value > 0.95
    assert stained.chance == pytest.approx(30 / 190)
    for one in (placed, clean):
        assert abs(one.value - one.chance) < 0.2
    none = slide_purity(noise, class_of, field_of, field_of)
    assert none.n_tiles == 0
    assert np.isnan(none.value)
