"""Faithfulness over many slides: mean SRG of every map, with intervals that draw patients first.

Slides are what was sampled, so that here, unlike on a single slide, an interval says what other slides of the
same kind would give. Slides on which the head does not predict the class are reported apart as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.scores.faithfulness import Faithfulness, MapFaithfulness, OutputFaithfulness
from napari_histcode.scores.faithfulness_ranking import most_faithful
from napari_histcode.scores.scores import MapKind
from napari_histcode.statistics.estimate import Estimate, undefined, with_interval
from napari_histcode.statistics.patients import TOO_FEW_PATIENTS, draw_patients, patient_mean

Part = Literal["all", "predicted", "flagged"]
"""All slides, those on which the class is predicted, and those on which it is not."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FaithfulnessMember:
    """One slide of a cohort."""

    patient: str
    """Whose slide it is; used for grouping, never exported."""
    faithfulness: Faithfulness
    """How faithful its maps are."""


@dataclass(frozen=True, kw_only=True)
class CohortMap:
    """One kind of map of one output over some slides."""

    head: str
    """Name of the head."""
    output: str
    """Name of the class or gene."""
    label: str
    """The map as shown."""
    kind: MapKind
    """What it shows."""
    part: Part
    """Over which slides."""
    srg: Estimate
    """Mean SRG over patients."""
    aupc_morf: Estimate
    """Mean area with the most relevant tiles deleted first; lower is better."""
    aupc_lerf: Estimate
    """Mean area with the least relevant tiles deleted first; higher is better."""
    behind: Estimate
    """By how much its SRG is behind that of the map of the greatest mean, slide by slide; 0 for that one."""
    n_best: int
    """Slides on which it is the most faithful one, or tied with it."""
    n_slides: int
    """Slides."""
    n_patients: int
    """Patients."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FaithfulnessCohort:
    """Many slides."""

    maps: tuple[CohortMap, ...]
    """One a map and part that has slides; within an output the most faithful one first."""
    members: tuple[FaithfulnessMember, ...]
    """The slides."""
    n_patients: int
    """Patients."""
    n_resamples: int
    """Draws of the bootstrap."""
    seed: int
    """Seed of the draws."""

    def of(self, head: str, output: str, *, part: Part = "all") -> tuple[CohortMap, ...]:
        """Return the maps of an output, the most faithful one first."""
        return tuple(m for m in self.maps if (m.head, m.output, m.part) == (head, output, part))


def faithfulness_cohort(
    members: Sequence[FaithfulnessMember], *, n_resamples: int = 1000, seed: int = 0
) -> FaithfulnessCohort:
    """Put the faithfulness of many slides together.

    Parameters
    ----------
    members : sequence of FaithfulnessMember
        The slides; at least one.
    n_resamples : int
        Draws of the bootstrap over patients, and over each one's slides.
    seed : int
        Seed of the draws.
    """
    if not members:
        raise ValueError("A cohort has at least one slide.")
    patients = list(dict.fromkeys(member.patient for member in members))
    patient_of = np.array([patients.index(member.patient) for member in members])
    slides = [member.faithfulness for member in members]
    outputs = dict.fromkeys((one.head, one.output) for slide in slides for one in slide.outputs)
    maps: list[CohortMap] = []
    for name in outputs:
        measured = [_find(slide, name) for slide in slides]
        for part in ("all", "predicted", "flagged"):
            chosen = np.array([k for k, one in enumerate(measured) if _is_in(one, part)], np.intp)
            if len(chosen):
                draws = _Draws(patient_of[chosen], n_resamples=n_resamples, seed=seed)
                maps += _maps([one for one in measured if one is not None and _is_in(one, part)], part, draws)
    return FaithfulnessCohort(
        maps=tuple(maps),
        members=tuple(members),
        n_patients=len(patients),
        n_resamples=n_resamples,
        seed=seed,
    )


class _Draws:
    """Draws of the patients of some slides, and means over them."""

    def __init__(self, patient_of: NDArray[np.intp], *, n_resamples: int, seed: int) -> None:
        _, self._patient_of = np.unique(patient_of, return_inverse=True)
        random = np.random.default_rng([seed, 2])
        self._times = draw_patients(self._patient_of, n_resamples=n_resamples, random=random)
        self.n_patients = int(self._patient_of.max()) + 1

    def mean(self, values: NDArray[np.float64]) -> Estimate:
        """Mean over patients of one value a slide; NaN where a slide has none."""
        if not np.isfinite(values).any():
            return undefined("no slide has this map")
        value = float(patient_mean(values, self._patient_of, np.ones((1, len(values))))[0])
        drawn = patient_mean(values, self._patient_of, self._times)
        return with_interval(value, drawn, reason="" if len(self._times) else TOO_FEW_PATIENTS)


def _maps(measured: Sequence[OutputFaithfulness], part: Part, draws: _Draws) -> list[CohortMap]:
    kinds = dict.fromkeys(one.kind for output in measured for one in output.maps)
    found = {kind: [_of_kind(output, kind) for output in measured] for kind in kinds}
    srg = {
        kind: np.array([np.nan if one is None else one.srg for one in maps]) for kind, maps in found.items()
    }
    means = {kind: draws.mean(values) for kind, values in srg.items()}
    ranked = sorted(kinds, key=lambda kind: -means[kind].value)
    best = srg[ranked[0]]
    names = [set(most_faithful(output).tied) for output in measured]
    rows = []
    for kind in ranked:
        maps = found[kind]
        there = [one for one in maps if one is not None]
        areas = [(np.nan, np.nan) if m is None else (m.curve.aupc_morf, m.curve.aupc_lerf) for m in maps]
        morf, lerf = np.array(areas).T
        rows.append(
            CohortMap(
                head=measured[0].head,
                output=measured[0].output,
                label=there[0].label,
                kind=kind,
                part=part,
                srg=means[kind],
                aupc_morf=draws.mean(morf),
                aupc_lerf=draws.mean(lerf),
                behind=draws.mean(best - srg[kind]),
                n_best=sum(m is not None and m.name in tied for m, tied in zip(maps, names, strict=True)),
                n_slides=len(there),
                n_patients=draws.n_patients,
            )
        )
    return rows


def _find(faithfulness: Faithfulness, name: tuple[str, str]) -> OutputFaithfulness | None:
    return next((one for one in faithfulness.outputs if (one.head, one.output) == name), None)


def _of_kind(output: OutputFaithfulness, kind: MapKind) -> MapFaithfulness | None:
    return next((one for one in output.maps if one.kind == kind), None)


def _is_in(output: OutputFaithfulness | None, part: str) -> bool:
    return output is not None and part in ("all", "flagged" if output.is_flagged else "predicted")
