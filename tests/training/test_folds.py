from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histcode_training.cohorts.config import FoldConfig
from histcode_training.cohorts.fold_files import make_folds, read_folds, write_folds
from histcode_training.cohorts.folds import Fold, check_fold, patient_folds
from histcode_training.cohorts.sites import assign_sites, site_folds
from histcode_training.cohorts.table import CohortTable
from histcode_training.errors import SplitError


def make_table(n: int = 24, *, n_sites: int = 6, seed: int = 0) -> CohortTable:
    random = np.random.default_rng(seed)
    targets = np.eye(3, dtype=np.float32)[np.arange(n) % 3]
    return CohortTable(
        slides=tuple(f"s{i}" for i in range(n)),
        patients=tuple(f"p{i // 2}" for i in range(n)),
        sites=tuple(f"site{(i // 2) % n_sites}" for i in range(n)),
        cancers=("",) * n,
        outputs=("a", "b", "c"),
        targets=targets[random.permutation(n)],
        task="multi_class",
    )


@settings(max_examples=20, deadline=None)
@given(n_folds=st.integers(3, 6), seed=st.integers(0, 1000))
def test_every_slide_is_tested_once_and_nobody_is_on_two_sides(n_folds, seed):
    table = make_table(seed=seed)
    folds = patient_folds(table, n_folds, seed=seed)

    patient_of = dict(zip(table.slides, table.patients, strict=True))
    assert sorted(slide for fold in folds for slide in fold.test) == sorted(table.slides)
    for fold in folds:
        sides = [{patient_of[s] for s in part} for part in (fold.training, fold.validation, fold.test)]
        assert len(set().union(*sides)) == sum(map(len, sides))
        assert sum(len(fold.part(p)) for p in ("training", "validation", "test")) == len(table)


def test_classes_are_spread_evenly():
    table = replace(make_table(36), patients=tuple(f"p{i}" for i in range(36)))

    for fold in patient_folds(table, 4, seed=0):
        np.testing.assert_array_equal(table.select(fold.test).targets.sum(axis=0), [3, 3, 3])


def test_the_seed_decides_and_gives_the_same_again():
    table = make_table()

    assert patient_folds(table, 4, seed=1) == patient_folds(table, 4, seed=1)
    assert patient_folds(table, 4, seed=1) != patient_folds(table, 4, seed=2)


def test_a_patient_in_two_parts_is_refused_by_name():
    fold = Fold(name="0", training=("s0",), validation=("s2",), test=("s1",))
    patient_of = {"s0": "p0", "s1": "p0", "s2": "p1"}

    with pytest.raises(SplitError, match=r"patient 'p0' is in two parts.*'s0'.*'s1'"):
        check_fold(fold, patient_of)


@pytest.mark.parametrize(
    ("fold", "message"),
    [
        (Fold(name="0", training=("s0",), validation=(), test=("s0",)), "is in training and in test"),
        (Fold(name="0", training=("s9",), validation=(), test=("s0",)), "no slide 's9'"),
        (Fold(name="0", training=("s0",), validation=(), test=()), "no test slide"),
    ],
)
def test_other_faults_of_a_fold_are_refused(fold, message):
    with pytest.raises(SplitError, match=message):
        check_fold(fold, {"s0": "p0", "s1": "p1"})


def test_sites_stay_whole_and_counts_are_best_balanced():
    table = make_table(48, n_sites=8)
    folds = site_folds(table, 4)

    site_of = dict(zip(table.slides, table.sites, strict=True))
    for fold in folds:
        assert not {site_of[s] for s in fold.test} & {site_of[s] for s in (*fold.training, *fold.validation)}


def test_the_assignment_of_sites_is_optimal():
    # sizes 5, 4, 3, 3, 2, 1 in one class: three folds of six exist, and greedy by size finds them not always
    counts = np.array([[5.0], [4.0], [3.0], [3.0], [2.0], [1.0]])

    fold_of = assign_sites(counts, 3)

    np.testing.assert_array_equal(np.bincount(fold_of, weights=counts[:, 0]), [6, 6, 6])
    assert fold_of[0] == 0


def test_too_few_patients_or_sites_are_said():
    with pytest.raises(SplitError, match="12 patients cannot make 13 folds"):
        patient_folds(make_table(), 13, seed=0)
    with pytest.raises(SplitError, match="6 sites cannot make 7 folds"):
        site_folds(make_table(), 7)
    with pytest.raises(SplitError, match="has no site"):
        site_folds(replace(make_table(), sites=("",) * 24), 3)


def test_written_folds_read_back(tmp_path):
    table = make_table()
    folds = patient_folds(table, 3, seed=0)
    write_folds(tmp_path / "folds.csv", folds, table)

    again = read_folds(tmp_path / "folds.csv", table)

    for fold, other in zip(folds, again, strict=True):
        assert all(set(fold.part(p)) == set(other.part(p)) for p in ("training", "validation", "test"))


def test_a_fold_file_with_a_patient_in_two_parts_is_refused(tmp_path):
    (tmp_path / "folds.csv").write_text("slide,fold_0\ns0,training\ns1,test\ns2,validation\n")

    with pytest.raises(SplitError, match="patient 'p0' is in two parts"):
        read_folds(tmp_path / "folds.csv", make_table())


def test_clams_splits_are_read(tmp_path):
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "splits_0.csv").write_text(",train,val,test\n0,s0,s2,s4\n1,s1,s3,\n")

    (fold,) = make_folds(make_table(), FoldConfig(kind="clam", file="splits"), tmp_path)

    assert fold == Fold(name="0", training=("s0", "s1"), validation=("s2", "s3"), test=("s4",))
