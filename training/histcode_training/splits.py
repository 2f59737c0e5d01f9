"""Divide a cohort by slide, so that nothing is tested on tissue it was trained on."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from histcode_training.cohort import Cohort
from histcode_training.errors import SplitError


@dataclass(frozen=True, kw_only=True)
class Split:
    """Two parts of a cohort that share no slide."""

    training: Cohort
    """What may be learned from."""
    held_out: Cohort
    """What is measured on."""

    def __post_init__(self) -> None:
        shared = set(self.training.slides) & set(self.held_out.slides)
        if shared:
            raise SplitError(
                f"Slides on both sides of a split: {', '.join(sorted(shared))}.",
                advice="A slide belongs to one side only.",
            )

    @property
    def shared_patients(self) -> tuple[str, ...]:
        """Patients with slides on both sides: a result to be read with that in mind."""
        return tuple(sorted(set(self.training.patients) & set(self.held_out.patients)))


def read_held_out(path: Path) -> tuple[str, ...]:
    """Read the names of the held-out slides from a split file.

    Parameters
    ----------
    path : Path
        TOML with one list of names, ``held_out``.

    Raises
    ------
    SplitError
        If the file is missing or is not such a list.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SplitError(
            f"The split file {path.name} cannot be read: {error}.", advice="Give the split of the recipe."
        ) from error
    names = content.get("held_out")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise SplitError(
            f"The split file {path.name} has no list of names 'held_out'.",
            advice='Write held_out = ["slide-1", "slide-2"].',
        )
    if len(set(names)) != len(names):
        raise SplitError(f"The split file {path.name} names a slide twice.", advice="Name each slide once.")
    return tuple(names)


def split_cohort(cohort: Cohort, held_out: Sequence[str]) -> Split:
    """Divide a cohort into what is trained on and what is measured on.

    Parameters
    ----------
    cohort : Cohort
        All fields.
    held_out : sequence of str
        Slides that nothing is trained on.

    Raises
    ------
    SplitError
        If a slide is unknown, or one of the parts lacks a class.
    """
    unknown = sorted(set(held_out) - set(cohort.slides))
    if unknown:
        raise SplitError(
            f"The cohort has no slide {unknown[0]!r}.", advice=f"It has {', '.join(cohort.slides)}."
        )
    rest = [slide for slide in cohort.slides if slide not in set(held_out)]
    split = Split(training=cohort.of_slides(rest), held_out=cohort.of_slides(held_out))
    for part, name in ((split.training, "training"), (split.held_out, "held-out")):
        _check_classes(part, name)
    return split


def slide_folds(cohort: Cohort, n_folds: int) -> tuple[Split, ...]:
    """Divide a cohort into folds by slide, each class spread as evenly as the slides allow.

    The largest slides are placed first, each into the fold where it makes the shares of the classes
    least uneven; there is no chance in it.

    Parameters
    ----------
    cohort : Cohort
        Fields to cross-validate on.
    n_folds : int
        Number of folds, at least 2.

    Returns
    -------
    tuple of Split
        One a fold: ``held_out`` is the fold, ``training`` all others. Every field is held out once.

    Raises
    ------
    SplitError
        If there are fewer slides than folds, or a fold would leave no field of a class to train on.
    """
    if not 2 <= n_folds <= len(cohort.slides):
        raise SplitError(
            f"{len(cohort.slides)} slides cannot make {n_folds} folds.",
            advice="Choose at least 2 folds, and at most one a slide.",
        )
    counts = {slide: _label_counts(cohort.of_slides([slide])) for slide in cohort.slides}
    total = np.maximum(_label_counts(cohort), 1)
    load = np.zeros((n_folds, len(cohort.labels)))
    members: list[list[str]] = [[] for _ in range(n_folds)]
    for slide in sorted(cohort.slides, key=lambda name: (-counts[name].sum(), name)):
        share = counts[slide] / total
        # Sum of squared shares after placing; empty folds first among equals, so that none stays empty.
        costs = [
            (float(((load[f] + share) ** 2 - load[f] ** 2).sum()), len(members[f])) for f in range(n_folds)
        ]
        chosen = min(range(n_folds), key=lambda f: costs[f])
        load[chosen] += share
        members[chosen].append(slide)
    folds = []
    for fold in members:
        rest = [slide for slide in cohort.slides if slide not in fold]
        split = Split(training=cohort.of_slides(rest), held_out=cohort.of_slides(fold))
        _check_classes(split.training, "training part of a fold")
        folds.append(split)
    return tuple(folds)


def _label_counts(cohort: Cohort) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    counts = cohort.counts()
    return np.asarray([counts[label] for label in cohort.labels], dtype=np.int64)


def _check_classes(cohort: Cohort, name: str) -> None:
    missing = [label for label, count in cohort.counts().items() if not count]
    if missing:
        raise SplitError(
            f"The {name} has no field of {missing[0]!r}.", advice="Choose other slides, or fewer folds."
        )
