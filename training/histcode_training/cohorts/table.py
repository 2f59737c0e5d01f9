"""A cohort of slides: who they are of, where they were made, and what is to be predicted of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histcode_training.errors import CohortError
from histcode_training.mil.config import Task


@dataclass(frozen=True, kw_only=True, eq=False)
class CohortTable:
    """Slides with targets, in the order of their table."""

    slides: tuple[str, ...]
    """Names, without the extension of a file; each once."""
    patients: tuple[str, ...]
    """Patient of each slide."""
    sites: tuple[str, ...]
    """Site of each slide; empty texts where nobody said."""
    cancers: tuple[str, ...]
    """Cancer type of each slide; empty texts where nobody said."""
    outputs: tuple[str, ...]
    """Classes or genes."""
    targets: NDArray[np.float32]
    """(n_slides, n_outputs): 1 and 0 for classes, the quantity for genes, NaN where nobody knows."""
    task: Task
    """What the outputs are."""

    def __post_init__(self) -> None:
        n = len(self.slides)
        if not n:
            raise CohortError("The cohort has no slide.", advice="Give one row a slide.")
        if len(set(self.slides)) != n:
            twice = next(name for name in self.slides if self.slides.count(name) > 1)
            raise CohortError(f"The slide {twice!r} is listed twice.", advice="Keep one of its rows.")
        if {len(self.patients), len(self.sites), len(self.cancers)} != {n}:
            raise ValueError("Patients, sites and cancers have one value a slide.")
        if self.targets.shape != (n, len(self.outputs)):
            raise ValueError(f"Targets are (n_slides, n_outputs), not {self.targets.shape}.")
        self.targets.flags.writeable = False

    def __len__(self) -> int:
        return len(self.slides)

    @property
    def patient_of(self) -> NDArray[np.intp]:
        """(n_slides,) number of each slide's patient, from 0."""
        return np.unique(self.patients, return_inverse=True)[1].astype(np.intp)

    @property
    def strata(self) -> NDArray[np.int64]:
        """(n_slides, n_strata) what folds shall hold in equal shares.

        Classes, those that are absent included where there is one output alone; for quantities, thirds of
        the mean of the standardised targets.
        """
        if self.task != "regression":
            known = np.isfinite(self.targets)
            positive = ((self.targets == 1) & known).astype(np.int64)
            if len(self.outputs) > 1 and self.task == "multi_class":
                return np.asarray(positive)
            return np.asarray(np.concatenate([positive, (self.targets == 0) & known], axis=1), np.int64)
        values = self.targets.astype(np.float64)
        known = np.isfinite(values)
        n = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, values, 0).sum(axis=0) / n
        centred = np.where(known, values - mean, 0)
        spread = np.sqrt(np.square(centred).sum(axis=0) / n)
        level = (centred / np.where(spread > 0, spread, 1)).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        third = np.searchsorted(np.quantile(level, [1 / 3, 2 / 3]), level, side="right")
        return np.asarray(np.eye(3, dtype=np.int64)[third])

    def select(self, slides: Sequence[str]) -> CohortTable:
        """Return the part of these slides, in the order of the table.

        Raises
        ------
        CohortError
            If a slide is unknown.
        """
        unknown = sorted(set(slides) - set(self.slides))
        if unknown:
            raise CohortError(f"The cohort has no slide {unknown[0]!r}.")
        wanted = set(slides)
        kept = [i for i, name in enumerate(self.slides) if name in wanted]
        return replace(
            self,
            slides=tuple(self.slides[i] for i in kept),
            patients=tuple(self.patients[i] for i in kept),
            sites=tuple(self.sites[i] for i in kept),
            cancers=tuple(self.cancers[i] for i in kept),
            targets=self.targets[kept],
        )
