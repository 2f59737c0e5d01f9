from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score
from sklearn.metrics import confusion_matrix as sk_confusion

from napari_histcode.comparison.agreement import (
    cohen_kappa,
    confusion_matrix,
    dice_of,
    fleiss_kappa,
    krippendorff_alpha,
)
from napari_histcode.comparison.class_table import MISSING, tabulate_classes, tile_classes
from napari_histcode.comparison.readers import compare_readers
from napari_histcode.comparison.thresholds import fixed_threshold
from tests.comparison.planted import COLUMNS, GRID, ROWS, config, reference_of, region, scores_of

FLEISS_1971 = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip
"""Counts of 14 raters for 10 items and 5 classes; kappa 0.210."""

KRIPPENDORFF_2011 = """
1 2 3 3 2 1 4 1 2 . . .
1 2 3 3 2 2 4 1 2 5 . 3
. 3 3 3 2 3 4 2 2 5 1 .
1 2 3 3 2 4 4 1 2 5 1 .
"""
"""Four observers of 12 units; alpha 0.743 for nominal and 0.849 for interval data."""


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 120), k=st.integers(2, 5))
def test_kappa_and_confusion_equal_scikit_learns(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    a = rng.integers(0, k, n)
    b = np.where(rng.random(n) < 0.5, a, rng.integers(0, k, n))
    labels = list(range(k))
    assert (confusion_matrix(a, b, k) == sk_confusion(a, b, labels=labels)).all()
    if len({*a, *b}) < 2:
        assert np.isnan(cohen_kappa(a, b))
        return
    for ours, theirs in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
        expected = cohen_kappa_score(a, b, labels=labels, weights=theirs)
        assert cohen_kappa(a, b, weights=ours) == pytest.approx(expected, nan_ok=True)  # type: ignore[arg-type]


def test_coefficients_of_several_raters_are_those_of_the_literature() -> None:
    ratings = np.array([[c for c, n in enumerate(row) for _ in range(n)] for row in FLEISS_1971])
    assert fleiss_kappa(ratings) == pytest.approx(0.210, abs=5e-4)
    rows = [
        [-1 if v == "." else int(v) - 1 for v in line.split()]
        for line in KRIPPENDORFF_2011.split("\n")
        if line
    ]
    table = np.array(rows).T
    assert krippendorff_alpha(table) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(table, weights="quadratic") == pytest.approx(0.849, abs=5e-4)


def test_perfect_missing_and_constant_ratings() -> None:
    perfect = np.repeat(np.array([0, 1, 1, 2])[:, None], 3, axis=1)
    assert fleiss_kappa(perfect) == krippendorff_alpha(perfect) == 1
    constant = np.zeros((5, 3), int)
    assert np.isnan([fleiss_kappa(constant), krippendorff_alpha(constant)]).all()
    nobody = np.full((5, 3), -1)
    assert np.isnan([fleiss_kappa(nobody), krippendorff_alpha(nobody)]).all()
    assert np.isnan(fleiss_kappa(np.zeros((4, 1), int)))
    assert np.isnan(dice_of(np.zeros(3, bool), np.zeros(3, bool)))


def test_readers_among_themselves_and_the_map_beside_them() -> None:
    widths = {"reader 1": 4, "reader 2": 5, "reader 3": 6}
    references = {name: reference_of([region(0, 0, w, ROWS)]) for name, w in widths.items()}
    values = -GRID.index[:, 0].astype(float)
    agreement = compare_readers(references, {"map": (values, fixed_threshold(-4.5))})  # five columns
    dices = {frozenset((p.first, p.second)): p.dice for p in agreement.pairs}
    assert dices[frozenset(("reader 1", "reader 2"))] == pytest.approx(8 / 9)
    assert agreement.dice_range == pytest.approx((8 / 10, 10 / 11))
    kappa = cohen_kappa_score(references["reader 1"].is_positive, references["reader 3"].is_positive)
    assert agreement.kappa_range[0] == pytest.approx(kappa)
    (among,) = agreement.maps
    assert [pair.dice for pair in among.pairs] == pytest.approx([8 / 9, 1, 10 / 11])
    assert [pair.auroc for pair in among.pairs] == [1, 1, 1]
    assert among.is_within_dice
    assert agreement.krippendorff == pytest.approx(agreement.fleiss, abs=0.01)
    inverted = compare_readers(references, {"map": (-values, fixed_threshold(9))}).maps[0]
    assert not inverted.is_within_kappa
    with pytest.raises(ValueError, match="two or more"):
        compare_readers({"one": references["reader 1"]}, {})


def test_tiles_have_the_class_that_covers_most_of_them() -> None:
    annotations = [
        region(0, 0, 1.6, 1),
        region(1.6, 0, 3, 1, "Necrosis"),
        region(3, 0, 3.5, 1),
        region(3.5, 0, 4, 1, "Necrosis"),
    ]
    classes = tile_classes(GRID, annotations, ["Tumor", "Necrosis"])
    assert classes[:5].tolist() == [0, 0, 1, MISSING, MISSING]
    assert (tile_classes(GRID, annotations, []) == MISSING).all()


def test_the_class_table_equals_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    annotations = [
        region(0, 0, 4, ROWS),
        region(4, 0, 9, ROWS, "Necrosis"),
        region(9, 0, COLUMNS, ROWS, "Stroma"),
    ]
    truth = np.digitize(GRID.index[:, 0], [4, 9])
    values = [(truth == k) + rng.normal(0, 0.7, len(GRID)) for k in range(3)]
    class_of = (("c0", "Tumor"), ("c1", "Necrosis"), ("c2", "Stroma"))
    table = tabulate_classes(
        scores_of(*values), annotations, config(class_of_output=class_of, kappa_weights="linear")
    )
    assert table is not None
    predicted = np.argmax(np.float32(values), axis=0)
    assert table.classes == ("Tumor", "Necrosis", "Stroma")
    assert (table.matrix == sk_confusion(truth, predicted)).all()
    assert table.kappa.value == pytest.approx(cohen_kappa_score(truth, predicted, weights="linear"))
    assert table.accuracy.value == pytest.approx((truth == predicted).mean())
    assert table.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(truth, predicted))
    assert table.kappa.low < table.kappa.value < table.kappa.high
    assert len(table.tiles(0, 1)) == table.matrix[0, 1]
    assert sum(result.n_tiles for result in table.per_class) == len(GRID)


def test_fewer_than_two_classes_give_no_table() -> None:
    scores = scores_of(np.zeros(len(GRID)))
    assert (
        tabulate_classes(scores, [], config(class_of_output=(("c0", "Tumor"), ("nothing", "Stroma")))) is None
    )
    both = scores_of(np.zeros(len(GRID)), np.ones(len(GRID)))
    table = tabulate_classes(both, [], config(class_of_output=(("c0", "Tumor"), ("c1", "Stroma"))))
    assert table is not None
    assert np.isnan(table.kappa.value)
    assert table.kappa.reason
