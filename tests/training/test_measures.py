from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, softmax

from histcode_training.errors import PredictionsError
from histcode_training.measures.classes import ClassConfig, measure_classes
from histcode_training.measures.combine import combine_correlations
from histcode_training.measures.corrections import benjamini_hochberg, holm_sidak
from histcode_training.measures.document import evaluation_json
from histcode_training.measures.evaluate import EvaluationConfig, evaluate_run
from histcode_training.measures.genes import GeneConfig, measure_genes
from histcode_training.measures.predictions import (
    FoldPredictions,
    Predictions,
    read_predictions,
    write_predictions,
)
from histcode_training.measures.report import evaluation_markdown, evaluation_page, write_evaluation
from histcode_training.measures.steiger import compare_predictions, steiger_test
from histcode_training.measures.temperature import fit_temperature, log_loss, probabilities
from napari_histcode.export.html_table import cell_text
from napari_histcode.statistics.estimate import Estimate

TWIN = "untrained twin"


def gene_predictions(
    n=40, *, n_genes=3, n_folds=2, signal=(2.0, 0.5, 0.0), offset=0.0, seed=0, missing=False
):
    """Gene k is predicted with a signal of ``signal[k]`` beside noise of one; folds differ by an offset."""
    random = np.random.default_rng(seed)
    folds = []
    for f in range(n_folds):
        targets = random.normal(size=(n, n_genes)).astype(np.float32)
        noise = random.normal(size=(2, n, n_genes))
        good = noise + np.asarray(signal) * targets + f * offset
        if missing:
            targets[::5, 0] = np.nan
        targets = targets + np.float32(f * offset)
        folds.append(
            FoldPredictions(
                fold=str(f), part="test", slides=tuple(f"{f}-{i}" for i in range(n)),
                patients=tuple(f"{f}-{i // 2}" for i in range(n)), cancers=("",) * n, targets=targets,
                raw={"model": good.astype(np.float32),
                     TWIN: (3 * random.normal(size=(2, n, n_genes)) + 5).astype(np.float32)},
            )
        )  # fmt: skip
    return Predictions(
        task="regression", outputs=tuple(f"G{k}" for k in range(n_genes)), quantity="log2 fold change",
        arms=("model", TWIN), test=tuple(folds),
    )  # fmt: skip


def class_predictions(task="multi_class", n=60, *, n_folds=2, seed=0, scale=3.0):
    random = np.random.default_rng(seed)
    parts = {"test": [], "validation": []}
    k = 1 if task == "binary" else 3
    for f in range(n_folds):
        for part in parts:
            label = random.integers(0, 3, n)
            targets = np.eye(3, dtype=np.float32)[label][:, :k]
            logits = random.normal(size=(2, n, k)) + scale * (targets - 0.5)
            parts[part].append(
                FoldPredictions(
                    fold=str(f), part=part, slides=tuple(f"{part}{f}-{i}" for i in range(n)),
                    patients=tuple(f"{part}{f}-{i}" for i in range(n)), cancers=("",) * n, targets=targets,
                    raw={"model": logits.astype(np.float32)},
                )
            )  # fmt: skip
    return Predictions(
        task=task, outputs=("a", "b", "c")[:k], quantity="log-odds", arms=("model",),
        test=tuple(parts["test"]), validation=tuple(parts["validation"]),
    )  # fmt: skip


def test_benjamini_hochberg_is_scipys_and_nan_is_no_test():
    p = np.random.default_rng(0).random(40) ** 3

    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    with_gap = np.r_[p[:3], np.nan, p[3:]]
    np.testing.assert_allclose(np.delete(benjamini_hochberg(with_gap), 3), stats.false_discovery_control(p))
    assert np.isnan(benjamini_hochberg(with_gap)[3])


def test_holm_sidak_by_hand():
    p = np.array([0.04, 0.01, 0.03])
    first = 1 - 0.99**3
    second = max(first, 1 - 0.97**2)

    np.testing.assert_allclose(holm_sidak(p), [max(second, 0.04), first, second])
    assert holm_sidak(np.array([1e-300]))[0] == pytest.approx(1e-300)
    assert len(holm_sidak(np.empty(0))) == 0


def test_correlations_combine_by_z_and_undefined_ones_do_not_count():
    r = np.array([0.2, 0.8, np.nan])

    assert combine_correlations(r[:, None])[0] == pytest.approx(np.tanh(np.mean(np.arctanh([0.2, 0.8]))))
    weighted = combine_correlations(r[:, None], np.array([1, 3, 5]))[0]
    assert weighted == pytest.approx(np.tanh((np.arctanh(0.2) + 3 * np.arctanh(0.8)) / 4))
    assert np.isnan(combine_correlations(np.array([[np.nan]]))[0])


def test_steigers_z_by_hand_and_its_sign():
    # n = 103, r12 = .4, r13 = .1, r23 = .5, by equation 14 of the paper
    mean = 0.25
    psi = 0.5 * (1 - 2 * mean**2) - 0.5 * mean**2 * (1 - 2 * mean**2 - 0.25)
    s = psi / (1 - mean**2) ** 2
    expected = (np.arctanh(0.4) - np.arctanh(0.1)) * math.sqrt(100 / (2 - 2 * s))

    test = steiger_test(0.4, 0.1, 0.5, 103)

    assert test.statistic == pytest.approx(expected)
    assert test.p == pytest.approx(2 * stats.norm.sf(expected))
    assert steiger_test(0.1, 0.4, 0.5, 103).statistic == pytest.approx(-expected)
    assert np.isnan(steiger_test(np.nan, 0.4, 0.5, 103).p)


def test_steigers_test_keeps_its_level():
    random = np.random.default_rng(0)
    p = []
    for _ in range(400):
        y = random.normal(size=60)
        common = random.normal(size=60)
        first, second = (y + common + random.normal(size=60) for _ in range(2))
        p.append(
            compare_predictions([(y[:30], first[:30], second[:30]), (y[30:], first[30:], second[30:])]).p
        )

    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09


def test_a_planted_gene_is_found_a_weak_one_is_uncertain_and_noise_is_not():
    model, twin = measure_genes(gene_predictions(), config=GeneConfig(n_resamples=200, n_permutations=199))

    strong, weak, noise = model.rows
    assert strong.is_predicted
    assert strong.pearson.low > 0.7
    assert strong.p == pytest.approx(1 / 200)
    assert noise.p > 0.05
    assert not noise.is_predicted
    assert weak.pearson.low < weak.pearson.value < weak.pearson.high
    assert strong.n_slides == 80
    assert model.n_predicted >= 1
    assert twin.n_predicted == 0


def test_the_correlation_is_taken_within_folds():
    # a great offset between folds would make noise correlate
    (model, _) = measure_genes(
        gene_predictions(signal=(0, 0, 0), offset=50.0), config=GeneConfig(n_resamples=20, n_permutations=19)
    )

    assert all(abs(row.pearson.value) < 0.3 for row in model.rows)


def test_numbers_of_a_gene_are_scipys():
    predictions = gene_predictions(n_folds=1, missing=True)
    (fold,) = predictions.test
    row = measure_genes(predictions, config=GeneConfig(n_resamples=20, n_permutations=19))[0].rows[0]

    known = np.isfinite(fold.targets[:, 0])
    x, y = fold.raw["model"][:, known, 0], fold.targets[known, 0]
    assert row.n_slides == known.sum()
    assert row.pearson.value == pytest.approx(np.mean([stats.pearsonr(one, y)[0] for one in x]), abs=1e-6)
    assert row.spearman.value == pytest.approx(np.mean([stats.spearmanr(one, y)[0] for one in x]), abs=1e-6)
    assert row.rmse.value == pytest.approx(np.sqrt(np.square(x - y).mean()), rel=1e-6)


def test_a_gene_without_values_and_a_constant_arm_are_undefined_and_say_why():
    predictions = gene_predictions()
    fold = predictions.test[0]
    fold.targets[:, 0] = np.nan
    predictions.test[1].targets[:, 0] = np.nan
    for one in predictions.test:
        one.raw["model"][:, :, 1] = 3.0

    missing, constant, _ = measure_genes(predictions, config=GeneConfig(n_resamples=20, n_permutations=19))[
        0
    ].rows

    assert not missing.pearson.is_defined
    assert "no fold" in missing.pearson.reason
    assert not constant.pearson.is_defined
    assert not missing.is_predicted
    assert not constant.is_predicted


def test_temperature_finds_the_factor_that_was_put_on_the_logits():
    random = np.random.default_rng(0)
    logits = random.normal(size=(4000, 3)) * 2
    label = np.array([random.choice(3, p=p) for p in softmax(logits, axis=1)])
    targets = np.eye(3)[label]

    assert fit_temperature(logits * 2.5, targets, "multi_class") == pytest.approx(2.5, rel=0.08)
    binary = (random.random((4000, 1)) < expit(logits[:, :1])).astype(float)
    assert fit_temperature(logits[:, :1] * 0.4, binary, "binary") == pytest.approx(0.4, rel=0.1)
    assert fit_temperature(logits, np.full_like(targets, np.nan), "multi_label") == 1


def test_log_loss_and_probabilities_are_scikit_learns():
    from sklearn.metrics import log_loss as reference

    random = np.random.default_rng(1)
    logits, label = random.normal(size=(30, 3)), random.integers(0, 3, 30)

    p = probabilities(logits, "multi_class")
    assert log_loss(logits, np.eye(3)[label], "multi_class") == pytest.approx(reference(label, p))
    q = probabilities(logits[:, :1], "binary")
    y = (label == 0).astype(float)[:, None]
    assert log_loss(logits[:, :1], y, "binary") == pytest.approx(reference(y[:, 0], q[:, 0]))


def test_class_metrics_are_scikit_learns():
    from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score

    predictions = class_predictions(n_folds=1)
    (fold,) = predictions.test
    model = measure_classes(predictions, ClassConfig(n_resamples=20))[0]

    p = [softmax(one.astype(float), axis=1) for one in fold.raw["model"]]
    label = fold.targets.argmax(axis=1)
    for k, row in enumerate(model.rows):
        y = fold.targets[:, k]
        assert row.auroc.value == pytest.approx(np.mean([roc_auc_score(y, one[:, k]) for one in p]))
        assert row.average_precision.value == pytest.approx(
            np.mean([average_precision_score(y, one[:, k]) for one in p])
        )
        assert row.n_positive + row.n_negative == len(label)
    expected = np.mean([balanced_accuracy_score(label, one.argmax(axis=1)) for one in p])
    assert model.balanced_accuracy.value == pytest.approx(expected)
    expected = np.mean([np.square(one - fold.targets).sum(axis=1).mean() for one in p])
    assert model.brier.value == pytest.approx(expected)


def test_brier_of_a_binary_task_is_scikit_learns_and_ece_by_hand():
    from sklearn.metrics import brier_score_loss

    predictions = class_predictions("binary", n_folds=1)
    (fold,) = predictions.test
    model = measure_classes(predictions, ClassConfig(n_resamples=10))[0]

    p = [expit(one[:, 0].astype(float)) for one in fold.raw["model"]]
    y = fold.targets[:, 0]
    assert model.brier.value == pytest.approx(np.mean([brier_score_loss(y, one) for one in p]))
    errors = []
    for one in p:
        error = 0.0
        for low in np.arange(10) / 10:
            inside = (one >= low) & ((one < low + 0.1) | (low == 0.9))
            if inside.any():
                error += inside.mean() * abs(y[inside].mean() - one[inside].mean())
        errors.append(error)
    assert model.ece.value == pytest.approx(np.mean(errors))


def test_scaling_makes_overconfident_probabilities_better_and_ensembles_are_added():
    predictions = class_predictions(scale=1.5)
    for fold in (*predictions.test, *predictions.validation):
        fold.raw["model"][:] *= 6

    model, pooled = measure_classes(predictions, ClassConfig(n_resamples=20))

    assert model.temperature > 2
    assert model.ece_scaled.value < model.ece.value
    assert pooled.arm == "model, ensemble"
    assert pooled.mean_auroc.value >= model.seed_low


def test_auroc_compares_slides_of_one_fold_alone():
    predictions = class_predictions("binary", scale=0.0)
    for k, fold in enumerate(predictions.test):
        fold.targets[:, 0] = np.random.default_rng(k).random(60) < (0.1, 0.9)[k]
        fold.raw["model"][:] += 20 * k  # the fold with most positives scores higher

    model = measure_classes(predictions, ClassConfig(n_resamples=10))[0]

    assert abs(model.rows[0].auroc.value - 0.5) < 0.2


def test_predictions_come_back_from_their_file(tmp_path):
    for predictions in (gene_predictions(missing=True), class_predictions()):
        write_predictions(predictions, tmp_path / "p.parquet")
        again = read_predictions(tmp_path / "p.parquet")

        assert (again.task, again.outputs, again.arms) == (
            predictions.task,
            predictions.outputs,
            predictions.arms,
        )
        assert len(again.validation) == len(predictions.validation)
        for fold, other in zip(predictions.test, again.test, strict=True):
            assert fold.slides == other.slides
            np.testing.assert_array_equal(fold.targets, other.targets)
            np.testing.assert_array_equal(fold.raw["model"], other.raw["model"])


def test_damaged_predictions_are_refused(tmp_path):
    (tmp_path / "p.parquet").write_bytes(b"no parquet")

    with pytest.raises(PredictionsError, match=r"p\.parquet"):
        read_predictions(tmp_path / "p.parquet")
    with pytest.raises(PredictionsError, match="not finite"):
        gene_predictions(signal=(np.inf, 1, 1))


@pytest.mark.parametrize("make", [gene_predictions, class_predictions])
def test_page_and_json_hold_the_same_numbers(tmp_path, make):
    kwargs = {"n_genes": 6, "signal": (3, 2, 1, 1, 0.5, 0)} if make is gene_predictions else {}
    evaluation = evaluate_run(make(**kwargs), config=EvaluationConfig(n_resamples=20, n_permutations=19))

    write_evaluation(evaluation, tmp_path, name="planted")
    content = json.loads((tmp_path / "evaluation.json").read_text())
    page, text = (tmp_path / "evaluation.html").read_text(), evaluation_markdown(evaluation)

    assert content == evaluation_json(evaluation, name="planted")
    if make is gene_predictions:
        assert content["curve"] is not None
        estimates = [row["pearson"] for row in content["genes"][0]["rows"]]
    else:
        estimates = [row["auroc"] for row in content["classes"][0]["rows"]]
    for one in estimates:
        shown = cell_text(Estimate(**one))
        assert shown in page
        assert shown in text
    assert page == evaluation_page(evaluation, name="planted")
    assert "<script" not in page
    assert page.count("<img") == (2 if make is gene_predictions else 1)
