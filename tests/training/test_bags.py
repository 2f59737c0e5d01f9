from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from histcode_training.bags import BagSampler, field_bags, mixed_bags
from histcode_training.cohort import Cohort
from histcode_training.field_features import FieldFeatures
from tests.training.material import LABELS, QUICK_HEAD, make_cohort, make_field


def marked_fields(cohort: Cohort, n_tiles: int = 40) -> tuple[FieldFeatures, ...]:
    """Make features that say which field and which tile they are."""
    return tuple(
        FieldFeatures(
            field=field,
            features=np.stack([np.full(n_tiles, number), np.arange(n_tiles)], axis=1).astype(np.float32),
        )
        for number, field in enumerate(cohort.fields)
    )


def test_a_bag_carries_the_union_of_its_fields_labels_and_no_tile_twice():
    cohort = make_cohort(3)
    config = replace(QUICK_HEAD, max_fields=3, min_tiles=5, max_tiles=16)
    sampler = BagSampler(marked_fields(cohort), LABELS, config)
    random = np.random.default_rng(0)

    for _ in range(200):
        bag = sampler.draw(random)
        numbers = np.unique(bag.features[:, 0]).astype(int)
        labels = {cohort.fields[number].label for number in numbers}
        assert {LABELS[c] for c in np.flatnonzero(bag.target)} == labels
        assert 5 <= len(bag) <= 3 * 16
        # a field drawn twice may give a tile twice, once each draw; never more
        assert max(Counter(map(tuple, bag.features)).values()) <= 3


def test_classes_and_slides_are_drawn_evenly_however_many_fields_they_have():
    fields = [make_field("red", "crowded") for _ in range(8)]
    fields += [make_field("red", "lonely"), make_field("green", "a"), make_field("blue", "b")]
    cohort = Cohort(fields=tuple(fields), labels=LABELS)
    sampler = BagSampler(marked_fields(cohort), LABELS, replace(QUICK_HEAD, max_fields=1))
    random = np.random.default_rng(1)

    drawn = Counter(cohort.fields[int(sampler.draw(random).features[0, 0])].slide for _ in range(3000))

    assert drawn["crowded"] == pytest.approx(500, abs=100)
    assert drawn["lonely"] == pytest.approx(500, abs=100)
    assert drawn["a"] == pytest.approx(1000, abs=120)


def test_a_field_smaller_than_the_smallest_bag_is_taken_whole():
    cohort = make_cohort(1)
    sampler = BagSampler(marked_fields(cohort, n_tiles=2), LABELS, replace(QUICK_HEAD, max_fields=1))

    assert len(sampler.draw(np.random.default_rng(0))) == 2


def test_a_class_without_fields_is_refused():
    with pytest.raises(ValueError, match="pink"):
        BagSampler(marked_fields(make_cohort(1)), (*LABELS, "pink"), QUICK_HEAD)


def test_the_same_seed_draws_the_same_bags():
    sampler = BagSampler(marked_fields(make_cohort(3)), LABELS, QUICK_HEAD)
    one, other = (sampler.draw(np.random.default_rng(7)) for _ in range(2))

    np.testing.assert_array_equal(one.features, other.features)


def test_field_and_mixed_bags_hold_whole_fields():
    fields = marked_fields(make_cohort(2))

    singles = field_bags(fields, LABELS)
    mixed = mixed_bags(fields, LABELS, n_bags=5, seed=0)

    assert [bag.target.tolist() for bag in singles[:3]] == np.eye(3).tolist()
    assert all(len(bag) in (80, 120) for bag in mixed)
    for bag in mixed:
        numbers = np.unique(bag.features[:, 0]).astype(int)
        assert {LABELS[c] for c in np.flatnonzero(bag.target)} == {fields[n].field.label for n in numbers}
    assert mixed_bags(fields[:1], LABELS, n_bags=5, seed=0) == ()
