from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.statistics.estimate import Estimate, undefined, with_interval
from napari_histcode.statistics.patients import FEWEST_PATIENTS, draw_patients, patient_mean


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000))
def test_draws_hold_patients_whole_and_the_mean_is_that_of_their_means(seed: int) -> None:
    rng = np.random.default_rng(seed)
    patient_of = np.sort(np.concatenate([np.arange(4), rng.integers(0, 4, 6)]))
    times = draw_patients(patient_of, n_resamples=8, random=np.random.default_rng(seed))
    size = np.bincount(patient_of)
    drawn = np.stack([times[:, patient_of == p].sum(axis=1) for p in range(4)], axis=1) / size
    assert (drawn.sum(axis=1) == 4).all()
    assert (drawn == np.round(drawn)).all()
    values = np.where(rng.random(10) < 0.2, np.nan, rng.normal(size=10))
    for row, found in zip(times, patient_mean(values, patient_of, times), strict=True):
        total, weight = 0.0, 0.0
        for p in range(4):
            chosen = (patient_of == p) & np.isfinite(values) & (row > 0)
            if chosen.any():
                n = row[patient_of == p].sum() / size[p]
                total += n * np.average(values[chosen], weights=row[chosen])
                weight += n
        assert found == pytest.approx(total / weight if weight else np.nan, nan_ok=True)


def test_too_few_patients_are_not_drawn() -> None:
    patient_of = np.arange(FEWEST_PATIENTS - 1)
    assert draw_patients(patient_of, n_resamples=9, random=np.random.default_rng(0)).shape == (0, 2)


def test_an_interval_needs_draws_that_mostly_define_it() -> None:
    draws = np.array([0.1, 0.2, 0.3, np.nan])
    found = with_interval(0.2, draws)
    assert found.low == pytest.approx(np.percentile(draws[:3], 2.5))
    assert str(found).startswith("0.200 [0.10")
    assert with_interval(0.2, np.array([0.1, np.nan, np.nan])).reason
    assert not with_interval(np.nan, draws, reason="nothing there").is_defined
    assert str(undefined("nothing there")) == "undefined (nothing there)"
    assert str(Estimate(value=1.0)) == "1.000"
