"""Many slides: means over patients, with intervals that draw patients first and their slides then.

Slides of one patient are alike, so that the patient is what can be drawn. A metric's mean is the mean over
patients of the mean over a patient's slides: nobody counts more for having more slides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.comparison import Comparison
from napari_histcode.comparison.config import Stream, random_for
from napari_histcode.comparison.lesions import Froc, LesionCandidates, froc, froc_scores
from napari_histcode.comparison.rows import Row, comparison_rows
from napari_histcode.statistics.estimate import Estimate, undefined, with_interval
from napari_histcode.statistics.patients import TOO_FEW_PATIENTS, draw_patients, patient_mean


@dataclass(frozen=True, kw_only=True, eq=False)
class CohortMember:
    """One slide of a cohort, with what the cohort needs of its comparison."""

    patient: str
    """Whose slide it is; used for grouping, never exported."""
    slide: str
    """Alias of the slide."""
    rows: tuple[Row, ...]
    """All its numbers."""
    candidates: Mapping[str, LesionCandidates]
    """Candidates and lesions by map."""
    labels: Mapping[str, str]
    """Name of each map to its name as shown."""
    statement: str
    """How negative tiles were decided on it."""
    warnings: tuple[str, ...]
    """What to know of it."""


@dataclass(frozen=True, kw_only=True)
class CohortMetric:
    """One metric over all slides that define it."""

    subject: str
    """Name of the map or baseline; "reference" for what holds for all maps."""
    kind: str
    """"map", "baseline", "reference" or "classes"."""
    metric: str
    """A key of `napari_histcode.comparison.rows.MEANINGS`."""
    qualifier: str
    """At what threshold, among how many tiles, against what."""
    mean: Estimate
    """Mean over patients, with the interval of the patient bootstrap."""
    n_patients: int
    """Patients with at least one slide that defines it."""
    n_slides: int
    """Slides that define it."""


@dataclass(frozen=True, kw_only=True)
class CohortFroc:
    """Lesions of all slides together, with thresholds in common."""

    map: str
    """Name of the map or baseline."""
    froc: Froc
    """The pooled curve."""
    score: Estimate
    """Its score with the interval of the patient bootstrap."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CohortComparison:
    """Many slides beside their references."""

    metrics: tuple[CohortMetric, ...]
    """Means over patients."""
    lesions: tuple[CohortFroc, ...]
    """Pooled lesions, one a map."""
    members: tuple[CohortMember, ...]
    """The slides."""
    n_patients: int
    """Patients."""
    n_resamples: int
    """Draws of the bootstrap."""
    seed: int
    """Seed of the draws."""

    def metric(self, subject: str, metric: str, qualifier: str = "") -> CohortMetric:
        """Return one metric; ``KeyError`` if there is none of that name."""
        for found in self.metrics:
            if (found.subject, found.metric, found.qualifier) == (subject, metric, qualifier):
                return found
        raise KeyError(f"{subject} {metric} {qualifier}".strip())


def member_of(comparison: Comparison, patient: str) -> CohortMember:
    """Keep of a slide's comparison what its cohort needs."""
    compared = (*comparison.maps, *comparison.baselines)
    return CohortMember(
        patient=patient,
        slide=comparison.reference.grid.slide.alias,
        rows=comparison_rows(comparison),
        candidates={one.name: one.candidates for one in compared},
        labels={one.name: one.label for one in compared},
        statement=comparison.reference.statement,
        warnings=comparison.warnings,
    )


def compare_cohort(
    members: Sequence[CohortMember], *, n_resamples: int = 1000, seed: int = 0
) -> CohortComparison:
    """Put the comparisons of many slides together.

    Parameters
    ----------
    members : sequence of CohortMember
        The slides; at least one.
    n_resamples : int
        Draws of the patient bootstrap.
    seed : int
        Seed of the draws.
    """
    if not members:
        raise ValueError("A cohort has at least one slide.")
    patients = list(dict.fromkeys(member.patient for member in members))
    patient_of = np.array([patients.index(member.patient) for member in members])
    times = draw_patients(patient_of, n_resamples=n_resamples, random=random_for(seed, Stream.PATIENTS))
    table: dict[tuple[str, str, str, str], NDArray[np.float64]] = {}
    for k, member in enumerate(members):
        for row in member.rows:
            key = (row.subject, row.kind, row.metric, row.qualifier)
            table.setdefault(key, np.full(len(members), np.nan))[k] = row.value
    names = dict.fromkeys(name for member in members for name in member.candidates)
    return CohortComparison(
        metrics=tuple(_metric(key, values, patient_of, times) for key, values in table.items()),
        lesions=tuple(_lesions(name, members, times) for name in names),
        members=tuple(members),
        n_patients=len(patients),
        n_resamples=n_resamples,
        seed=seed,
    )


def _metric(
    key: tuple[str, str, str, str],
    values: NDArray[np.float64],
    patient_of: NDArray[np.intp],
    times: NDArray[np.float64],
) -> CohortMetric:
    subject, kind, metric, qualifier = key
    is_value = np.isfinite(values)
    if is_value.any():
        value = float(patient_mean(values, patient_of, np.ones((1, len(values))))[0])
        reason = "" if len(times) else TOO_FEW_PATIENTS
        mean = with_interval(value, patient_mean(values, patient_of, times), reason=reason)
    else:
        mean = undefined("no slide defines it")
    return CohortMetric(
        subject=subject,
        kind=kind,
        metric=metric,
        qualifier=qualifier,
        mean=mean,
        n_patients=len(np.unique(patient_of[is_value])),
        n_slides=int(is_value.sum()),
    )


def _lesions(name: str, members: Sequence[CohortMember], times: NDArray[np.float64]) -> CohortFroc:
    """Pool the lesions of all slides, and of the slides of every draw."""
    slides = [(k, member.candidates[name]) for k, member in enumerate(members) if name in member.candidates]
    pooled = froc([candidates for _, candidates in slides])
    drawn = froc_scores([own for _, own in slides], times[:, [k for k, _ in slides]])
    reason = pooled.reason or ("" if len(times) else TOO_FEW_PATIENTS)
    return CohortFroc(map=name, froc=pooled, score=with_interval(pooled.score, drawn, reason=reason))
