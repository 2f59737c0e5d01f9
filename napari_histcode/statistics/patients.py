"""Draws of the patient bootstrap, and means over patients.

Slides of one patient are alike, so that the patient is what can be drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEWEST_PATIENTS = 3
"""With fewer patients no interval is stated."""

TOO_FEW_PATIENTS = f"fewer than {FEWEST_PATIENTS} patients: no interval"


def draw_patients(
    patient_of: NDArray[np.intp], *, n_resamples: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Draw patients with replacement, then each one's slides with replacement.

    Parameters
    ----------
    patient_of : ndarray of int, (n_slides,)
        Patient of each slide, 0 to n_patients - 1.
    n_resamples : int
        Number of draws.
    random : Generator
        What draws.

    Returns
    -------
    ndarray of float64, (n_resamples, n_slides)
        How often each draw holds each slide; a patient who is drawn once brings as many slides as there are
        of that patient. Empty with too few patients.
    """
    n_patients = int(patient_of.max()) + 1
    times = np.zeros((n_resamples if n_patients >= FEWEST_PATIENTS else 0, len(patient_of)))
    slides = [np.flatnonzero(patient_of == patient) for patient in range(n_patients)]
    for draw in times:
        for patient in random.integers(0, n_patients, n_patients):
            own = slides[patient]
            np.add.at(draw, own[random.integers(0, len(own), len(own))], 1)
    return times


def patient_mean(
    values: NDArray[np.float64], patient_of: NDArray[np.intp], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean over patients of the mean over their slides, in each draw; NaN values do not count.

    Parameters
    ----------
    values : ndarray, (n_slides,)
        One a slide.
    patient_of : ndarray of int, (n_slides,)
        Patient of each slide, 0 to n_patients - 1.
    times : ndarray, (n_draws, n_slides)
        From `draw_patients`; a single row of ones gives the plain mean.

    Returns
    -------
    ndarray of float64, (n_draws,)
        NaN where a draw holds no value.
    """
    is_value = np.isfinite(values)
    members = np.eye(int(patient_of.max()) + 1)[patient_of]
    n_drawn = times @ members / members.sum(axis=0)  # of each patient
    n_values = times @ (members * is_value[:, None])
    total = (times * np.where(is_value, values, 0)) @ members
    mean = np.divide(total, n_values, out=np.zeros_like(total), where=n_values > 0)
    counted = n_drawn * (n_values > 0)
    with np.errstate(invalid="ignore"):
        return np.asarray((mean * counted).sum(axis=1) / counted.sum(axis=1))
