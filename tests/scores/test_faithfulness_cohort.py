from __future__ import annotations

import numpy as np
import pytest

from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.faithfulness import Faithfulness, measure_faithfulness
from napari_histcode.scores.faithfulness_cohort import (
    FaithfulnessCohort,
    FaithfulnessMember,
    faithfulness_cohort,
)
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from tests.scores.small_model import small_bag, small_model

CONFIG = FaithfulnessConfig(n_random=5, n_steps=20)


@pytest.fixture(scope="module")
def slides() -> list[Faithfulness]:
    model = small_model()
    return [
        measure_faithfulness(explain_bag(small_bag(20 + k, seed=k), model), CONFIG, heads=["tissue"])
        for k in range(8)
    ]


@pytest.fixture(scope="module")
def cohort(slides: list[Faithfulness]) -> FaithfulnessCohort:
    members = [FaithfulnessMember(patient=f"P{k // 2}", faithfulness=one) for k, one in enumerate(slides)]
    return faithfulness_cohort(members, n_resamples=200)


def test_means_are_over_patients_and_the_best_map_comes_first(
    cohort: FaithfulnessCohort, slides: list[Faithfulness]
) -> None:
    maps = cohort.of("tissue", "tumour")
    assert {one.kind for one in maps} == {"attention", "single_tile", "contribution", "leave_one_out"}
    assert [one.srg.value for one in maps] == sorted((one.srg.value for one in maps), reverse=True)
    for one in maps:
        gains = np.array([slide.output("tissue", "tumour").map(one.kind).srg for slide in slides])
        assert one.srg.value == pytest.approx(gains.mean()), "two slides a patient"
        assert one.srg.low < one.srg.value < one.srg.high
        assert one.srg.value == pytest.approx(one.aupc_lerf.value - one.aupc_morf.value)
        assert one.behind.value == pytest.approx(maps[0].srg.value - one.srg.value)
        assert (one.n_slides, one.n_patients) == (8, 4)
    assert (maps[0].behind.low, maps[0].behind.high) == (0, 0)
    assert max(one.n_best for one in maps) > 0


def test_slides_without_the_class_are_told_apart(
    cohort: FaithfulnessCohort, slides: list[Faithfulness]
) -> None:
    flagged = [slide.output("tissue", "necrosis").is_flagged for slide in slides]
    parts = {part: cohort.of("tissue", "necrosis", part=part) for part in ("all", "predicted", "flagged")}
    counts = {part: maps[0].n_slides if maps else 0 for part, maps in parts.items()}
    assert counts == {"all": 8, "predicted": 8 - sum(flagged), "flagged": sum(flagged)}


def test_too_few_patients_have_no_interval_and_no_slides_no_cohort(slides: list[Faithfulness]) -> None:
    members = [FaithfulnessMember(patient="P", faithfulness=one) for one in slides]
    srg = faithfulness_cohort(members, n_resamples=50).of("tissue", "tumour")[0].srg
    assert srg.is_defined
    assert np.isnan(srg.low)
    assert "patients" in srg.reason
    with pytest.raises(ValueError, match="at least one"):
        faithfulness_cohort([])
