"""Hold out every fourth group of tiles: a rule without chance, so that encoder and probes agree on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from histcode_training.cohorts.table import CohortTable
from histcode_training.errors import SplitError
from napari_histcode.files import replacing

EVERY = 4
"""One group in so many is held out, the last of each four in sorted order."""


def lung_split(cohort: CohortTable) -> tuple[str, ...]:
    """Choose the groups to hold out: every fourth of each class, the groups sorted by name.

    Parameters
    ----------
    cohort : CohortTable
        Groups as patients, with one class each.

    Returns
    -------
    tuple of str
        Names of the groups, class by class.
    """
    held_out: list[str] = []
    class_of = cohort.targets.argmax(axis=1)
    for position in range(len(cohort.outputs)):
        groups = {cohort.patients[row] for row in np.flatnonzero(class_of == position)}
        held_out += sorted(groups)[EVERY - 1 :: EVERY]
    return tuple(held_out)


def write_group_split(path: Path, groups: Sequence[str]) -> None:
    """Write a split file that `splits.read_held_out` reads.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    lines = [
        "# Groups (photographs) of lung tiles that no encoder learns from and that probes are tested on:",
        "# of each class, every fourth in the order of their names.",
        "held_out = [",
        *(f'    "{group}",' for group in groups),
        "]",
    ]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def check_groups(groups: Sequence[str], held_out: Sequence[str], *, where: str) -> None:
    """Refuse a split that names unknown groups, or leaves nothing to learn from.

    Raises
    ------
    SplitError
        If it does.
    """
    known = set(groups)
    unknown = sorted(set(held_out) - known)
    if unknown:
        raise SplitError(
            f"{where} holds out {unknown[0]!r}, and the cohort has no such group.",
            advice="Take the split of this cohort.",
        )
    if known <= set(held_out):
        raise SplitError(f"{where} holds out every group.", advice="Leave some to learn from.")
