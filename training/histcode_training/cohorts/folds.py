"""Divide a cohort into folds by patient or by site, so that nothing is tested on whom it learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohorts.table import CohortTable
from histcode_training.errors import SplitError

PARTS = ("training", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Three parts of a cohort that share nobody."""

    name: str
    """Its name: "0"."""
    training: tuple[str, ...]
    """Slides to learn from."""
    validation: tuple[str, ...]
    """Slides that stop the training and fit the temperature; nothing else may be chosen by the test part."""
    test: tuple[str, ...]
    """Slides to measure on."""

    def part(self, name: str) -> tuple[str, ...]:
        """Return the slides of "training", "validation" or "test"."""
        slides: tuple[str, ...] = getattr(self, name)
        return slides


def check_fold(fold: Fold, group_of: Mapping[str, str], *, what: str = "patient") -> Fold:
    """Return a fold whose parts are known to be apart.

    Parameters
    ----------
    fold : Fold
        The fold.
    group_of : mapping
        Patient (or site) of each slide of the cohort.
    what : str
        What the groups are, for the message.

    Raises
    ------
    SplitError
        If a slide is unknown, a slide or group is in two parts, or training or test part is empty.
    """
    part_of: dict[str, tuple[str, str]] = {}
    seen: dict[str, str] = {}
    for part in PARTS:
        for slide in fold.part(part):
            if slide not in group_of:
                raise SplitError(f"Fold {fold.name}: the cohort has no slide {slide!r}.")
            if slide in seen:
                raise SplitError(
                    f"Fold {fold.name}: the slide {slide!r} is in {seen[slide]} and in {part}.",
                    advice="Name each slide once.",
                )
            seen[slide] = part
            other, other_slide = part_of.setdefault(group_of[slide], (part, slide))
            if other != part:
                raise SplitError(
                    f"Fold {fold.name}: the {what} {group_of[slide]!r} is in two parts, with "
                    f"{other_slide!r} in "
                    f"{other} and {slide!r} in {part}.",
                    advice=f"All slides of a {what} belong to one part.",
                )
    for part in ("training", "test"):
        if not fold.part(part):
            raise SplitError(f"Fold {fold.name} has no {part} slide.")
    return fold


def patient_folds(table: CohortTable, n_folds: int, *, seed: int) -> tuple[Fold, ...]:
    """Divide by patient, every class (or third of the targets) spread as evenly as patients allow.

    Patients with most slides are placed first, each into the fold where it makes the shares least uneven;
    the seed orders those of equal size.

    Parameters
    ----------
    table : CohortTable
        The cohort.
    n_folds : int
        At least 3.
    seed : int
        Decides between divisions that are equally good.

    Returns
    -------
    tuple of Fold
        Fold k is tested in fold k; the next one validates it. Every slide is tested once.

    Raises
    ------
    SplitError
        If there are fewer patients than folds.
    """
    groups = sorted(set(table.patients))
    if not 3 <= n_folds <= len(groups):
        raise SplitError(
            f"{len(groups)} patients cannot make {n_folds} folds.",
            advice="Choose at least 3 folds, and at most one a patient.",
        )
    counts = group_counts(table, table.patients, groups)
    total = np.maximum(counts.sum(axis=0), 1)
    shuffled = np.random.default_rng(seed).permutation(len(groups))
    order = sorted(shuffled, key=lambda g: -counts[g].sum())
    load = np.zeros((n_folds, counts.shape[1]))
    size = np.zeros(n_folds)
    fold_of = {}
    for g in order:
        share = counts[g] / total
        cost = [(float((2 * load[f] * share + share**2).sum()), size[f]) for f in range(n_folds)]
        chosen = min(range(n_folds), key=lambda f: cost[f])
        load[chosen] += share
        size[chosen] += 1
        fold_of[groups[g]] = chosen
    return nested_folds(table, [fold_of[patient] for patient in table.patients], n_folds)


def nested_folds(table: CohortTable, fold_of: Sequence[int], n_folds: int) -> tuple[Fold, ...]:
    """Make each fold the test part once, the next one its validation part, and the others its training part.

    Raises
    ------
    SplitError
        If the parts are not apart.
    """
    members = [
        [name for name, f in zip(table.slides, fold_of, strict=True) if f == k] for k in range(n_folds)
    ]
    patient_of = dict(zip(table.slides, table.patients, strict=True))
    folds = []
    for k in range(n_folds):
        following = (k + 1) % n_folds
        rest = [name for j in range(n_folds) if j not in (k, following) for name in members[j]]
        fold = Fold(
            name=str(k), training=tuple(rest), validation=tuple(members[following]), test=tuple(members[k])
        )
        folds.append(check_fold(fold, patient_of))
    return tuple(folds)


def group_counts(table: CohortTable, group_of: Sequence[str], groups: Sequence[str]) -> NDArray[np.float64]:
    """(n_groups, n_strata) slides of each group in each stratum."""
    place = {name: k for k, name in enumerate(groups)}
    counts = np.zeros((len(groups), table.strata.shape[1]))
    np.add.at(counts, [place[name] for name in group_of], table.strata)
    return counts
