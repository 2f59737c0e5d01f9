from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from histcode_training.cohort import Cohort, read_cohort
from histcode_training.errors import SplitError
from histcode_training.recipe import RECIPES, read_recipe
from histcode_training.splits import Split, read_held_out, slide_folds, split_cohort
from tests.training.material import LABELS, make_cohort, make_field

cohorts = st.lists(
    st.tuples(st.sampled_from(LABELS), st.integers(0, 9)), min_size=6, max_size=60
).map(
    lambda drawn: Cohort(fields=tuple(make_field(label, f"s{s}") for label, s in drawn), labels=LABELS)
)  # fmt: skip


@given(cohorts, st.integers(2, 6))
def test_every_field_is_held_out_once_and_never_beside_its_slide(cohort, n_folds):
    try:
        folds = slide_folds(cohort, n_folds)
    except SplitError:
        return

    assert len(folds) == n_folds
    for fold in folds:
        assert not set(fold.training.slides) & set(fold.held_out.slides)
        assert len(fold.training) + len(fold.held_out) == len(cohort)
        assert all(fold.training.counts().values())
        assert len(fold.held_out)
    held_out = [field for fold in folds for field in fold.held_out.fields]
    assert sorted(map(str, held_out)) == sorted(map(str, cohort.fields))


def test_folds_are_the_same_every_time_and_even_where_slides_allow():
    cohort = make_cohort(6)

    folds = slide_folds(cohort, 3)

    assert folds == slide_folds(cohort, 3)
    assert [fold.held_out.counts() for fold in folds] == [{"red": 2, "green": 2, "blue": 2}] * 3


@given(cohorts, st.sets(st.integers(0, 9), min_size=1))
def test_a_split_keeps_slides_whole(cohort, numbers):
    held_out = sorted({f"s{number}" for number in numbers} & set(cohort.slides))
    try:
        split = split_cohort(cohort, held_out)
    except SplitError:
        return

    assert not set(split.training.slides) & set(split.held_out.slides)
    assert set(split.held_out.slides) == set(held_out)
    assert len(split.training) + len(split.held_out) == len(cohort)


def test_sides_that_share_a_slide_are_refused():
    cohort = make_cohort(3)

    with pytest.raises(SplitError, match="slide-1"):
        Split(training=cohort.of_slides(["slide-0", "slide-1"]), held_out=cohort.of_slides(["slide-1"]))


def test_shared_patients_are_told():
    split = split_cohort(make_cohort(4), ["slide-0"])

    assert split.shared_patients == ("patient-0",)


@pytest.mark.parametrize(
    ("held_out", "expected"),
    [(["slide-9"], "no slide 'slide-9'"), ([f"slide-{s}" for s in range(4)], "training has no field")],
)
def test_a_split_that_cannot_be_is_refused(held_out, expected):
    with pytest.raises(SplitError, match=expected):
        split_cohort(make_cohort(4), held_out)


@pytest.mark.parametrize("n_folds", [1, 5])
def test_impossible_numbers_of_folds_are_refused(n_folds):
    with pytest.raises(SplitError, match="folds"):
        slide_folds(make_cohort(4), n_folds)


@pytest.mark.parametrize(
    "text", ["", "held_out = []", 'held_out = "one"', "held_out = [1]", 'held_out = ["a", "a"]', "held_out ="]
)
def test_a_faulty_split_file_is_refused(tmp_path, text):
    path = tmp_path / "split.toml"
    path.write_text(text)

    with pytest.raises(SplitError, match=r"split\.toml"):
        read_held_out(path)


def test_the_split_of_the_bundled_model_has_every_class_of_two_patients_on_the_held_out_side(shared_data):
    recipe = read_recipe(RECIPES / "osteosarcoma.toml")
    cohort = read_cohort(shared_data / recipe.table, recipe.labels)

    split = split_cohort(cohort, read_held_out(RECIPES / recipe.split))

    assert 12 <= len(split.held_out) <= 16
    assert all(count >= 7 for count in split.training.counts().values())
    for label in recipe.labels:
        assert len({field.patient for field in split.held_out.fields if field.label == label}) >= 2
    folds = slide_folds(split.training, recipe.head.folds)
    assert all(set(fold.held_out.slides) <= set(split.training.slides) for fold in folds)
