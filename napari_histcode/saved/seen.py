"""The area that a reader has looked at, as run lengths: a few numbers a line of the overview."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_PIXELS = 2**24
"""Of an overview; a file that speaks of more is damaged."""


@dataclass(frozen=True, kw_only=True)
class SeenArea:
    """A picture of false and true, row after row, as the lengths of its runs."""

    width: int
    """Pixels of the overview along x."""
    height: int
    """Pixels of the overview along y."""
    runs: tuple[int, ...]
    """Pixels not seen, seen, not seen ... in turn, from the top left; their sum is all pixels."""

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or self.width * self.height > MOST_PIXELS:
            raise ValueError(f"an overview of {self.width} x {self.height} pixels is none")
        if any(run < 0 for run in self.runs) or sum(self.runs) != self.width * self.height:
            raise ValueError("the runs of the seen area do not fill the overview")


def pack_seen(seen: NDArray[np.bool_]) -> SeenArea:
    """Write what was seen, (height, width), as run lengths."""
    flat = seen.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    ends = np.concatenate([[0], changes, [flat.size]])
    runs = [int(run) for run in np.diff(ends)]
    if flat[0]:
        runs.insert(0, 0)
    height, width = seen.shape
    return SeenArea(width=width, height=height, runs=tuple(runs))


def unpack_seen(area: SeenArea) -> NDArray[np.bool_]:
    """Return what was seen, (height, width); the inverse of `pack_seen`."""
    values = np.arange(len(area.runs)) % 2 == 1
    return np.repeat(values, area.runs).reshape(area.height, area.width)


def fit_seen(seen: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Bring what was seen to an overview of another size, (height, width), by its nearest pixels."""
    if seen.shape == shape:
        return seen
    rows = (np.arange(shape[0]) * seen.shape[0]) // shape[0]
    columns = (np.arange(shape[1]) * seen.shape[1]) // shape[1]
    fitted: NDArray[np.bool_] = seen[rows][:, columns]
    return fitted
