"""Chance agreement: the same annotation, shifted and mirrored over the tissue.

Maps and annotations both come in patches, so that tiles are not exchangeable, and shuffling them finds
significance in noise. Here the labels as a whole are moved against the map on the torus of the tiles'
bounding box, mirrored or not: their own pattern stays, and only where they lie is left to chance. A tile that
gets a label from a place without tissue, or where nobody looked, does not count in that shift, and only
shifts that keep a quarter of each class are used. Where tissue does not fill its bounding box, p-values err
on the large side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.config import Stream, random_for
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.resampling import CHUNK_VALUES
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.statistics.estimate import NAN

LEAST_KEPT = 0.25
"""Share of the positive and of the negative tiles that a shift must keep."""

FEWEST_SHIFTS = 19
"""With fewer, no p-value can be 0.05."""

N_MIRRORS = 4


@dataclass(frozen=True, kw_only=True)
class NullTest:
    """A statistic beside what it is by chance."""

    metric: str
    """Name of the statistic."""
    observed: float
    """Its value."""
    null_mean: float
    """Its mean over the shifts."""
    null_high: float
    """Its 95th percentile over the shifts."""
    p: float
    """(1 + shifts at least as extreme) / (1 + shifts): greater, or further from zero for correlations."""
    p_holm: float
    """Adjusted for all tests of the comparison (Holm 1979)."""
    n_shifts: int
    """Shifts that define the statistic."""
    reason: str = ""
    """Why there is no p-value."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelShifts:
    """A number of shifts of the labels over the tiles."""

    lattice: TileLattice
    """The tiles."""
    rows: NDArray[np.intp]
    """(n_shifts,) rows by which the mirrored labels move down."""
    columns: NDArray[np.intp]
    """(n_shifts,) columns by which they move to the right."""
    mirror: NDArray[np.intp]
    """(n_shifts,) 0 none, 1 upside down, 2 left to right, 3 both."""
    reason: str = ""
    """Why there are too few."""

    def __len__(self) -> int:
        return len(self.rows)

    def chunks(
        self, values: NDArray[Any], fill: float, *, tiles: NDArray[np.intp] | None = None
    ) -> Iterator[NDArray[Any]]:
        """Give what each tile gets under each shift, (a few shifts, n_tiles) at a time.

        Parameters
        ----------
        values : ndarray, (n_tiles,)
            What moves: labels, shares.
        fill : float
            What lies where there is no tile.
        tiles : ndarray of int, optional
            Tiles to look at, in place of all.
        """
        raster = self.lattice.raster(values, fill=fill)
        mirrored = [_mirror(raster, k) for k in range(N_MIRRORS)]
        height, width = raster.shape
        row, column = self.lattice.row, self.lattice.column
        if tiles is not None:
            row, column = row[tiles], column[tiles]
        step = max(1, CHUNK_VALUES // max(len(row), 1))
        for start in range(0, len(self), step):
            part = slice(start, start + step)
            moved = np.empty((len(self.rows[part]), len(row)), raster.dtype)
            shifts = zip(self.rows[part], self.columns[part], self.mirror[part], strict=True)
            for k, (down, right, mirror) in enumerate(shifts):
                moved[k] = mirrored[mirror][(row - down) % height, (column - right) % width]
            yield moved


def shifts_of_labels(
    lattice: TileLattice, labels: NDArray[np.int8], *, n_shifts: int, seed: int
) -> LabelShifts:
    """Choose shifts of labels that keep enough of both classes on tiles.

    Parameters
    ----------
    lattice : TileLattice
        The tiles.
    labels : ndarray of int8, (n_tiles,)
        Values of `TileLabel`.
    n_shifts : int
        How many; all there are where there are fewer.
    seed : int
        Seed of the choice.
    """
    all_tiles = np.ones(len(labels), bool)
    needs = [(all_tiles, labels == label) for label in (TileLabel.POSITIVE, TileLabel.NEGATIVE)]
    return _choose(lattice, needs, n_shifts=n_shifts, seed=seed)


def shifts_of_map(
    lattice: TileLattice, places: NDArray[np.bool_], *, n_shifts: int, seed: int
) -> LabelShifts:
    """Choose shifts of a map that leave a tile at enough of some places.

    Parameters
    ----------
    lattice : TileLattice
        The tiles; all of them move.
    places : ndarray of bool, (n_tiles,)
        Tiles whose places matter.
    n_shifts, seed : int
        As for `shifts_of_labels`.
    """
    return _choose(lattice, [(places, np.ones(len(places), bool))], n_shifts=n_shifts, seed=seed)


def _choose(
    lattice: TileLattice,
    needs: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
    *,
    n_shifts: int,
    seed: int,
) -> LabelShifts:
    """Choose among all shifts, at random and none twice, those that keep enough of each pair.

    A pair is what stays and what moves; what is kept of it is where both meet, which a product of Fourier
    transforms counts for all shifts at once.
    """
    allowed = np.ones((N_MIRRORS, *lattice.shape), bool)
    for stays, moves in needs:
        fixed = np.fft.fft2(lattice.raster(stays.astype(np.float64), fill=0))
        moving = lattice.raster(moves.astype(np.float64), fill=0)
        least = max(LEAST_KEPT * min(stays.sum(), moves.sum()), 1)
        for k in range(N_MIRRORS):
            kept = np.fft.ifft2(fixed * np.conj(np.fft.fft2(_mirror(moving, k)))).real
            allowed[k] &= kept >= least - 1e-6
    allowed[0, 0, 0] = False  # the annotation where it is
    mirror, rows, columns = np.nonzero(allowed)
    n_allowed = len(rows)
    is_few = n_allowed < FEWEST_SHIFTS
    chosen = random_for(seed, Stream.SHIFTS).permutation(n_allowed)[: 0 if is_few else n_shifts]
    return LabelShifts(
        lattice=lattice,
        rows=rows[chosen],
        columns=columns[chosen],
        mirror=mirror[chosen],
        reason=f"only {n_allowed} shifts keep enough of the annotation on tissue" if is_few else "",
    )


def _mirror(raster: NDArray[Any], k: int) -> NDArray[Any]:
    """Mirror a raster: 0 not at all, 1 upside down, 2 left to right, 3 both."""
    return raster[:: -1 if k & 1 else 1, :: -1 if k & 2 else 1]


def null_test(
    metric: str, observed: float, null: NDArray[np.floating], *, is_two_sided: bool = False, reason: str = ""
) -> NullTest:
    """Compare a statistic with its values under the shifts.

    Parameters
    ----------
    metric : str
        Name of the statistic.
    observed : float
        Its value.
    null : ndarray, (n_shifts,)
        Its values under the shifts; NaN where a shift does not define it.
    is_two_sided : bool
        Whether values far below zero are as extreme as those far above; otherwise only great ones are.
    reason : str
        Why there are no shifts.
    """
    usable = null[np.isfinite(null)]
    if not np.isfinite(observed):
        reason = "the statistic is not defined"
    elif not reason and len(null) and len(usable) < FEWEST_SHIFTS:
        reason = f"only {len(usable)} shifts define the statistic"
    if reason or not len(usable):
        return NullTest(
            metric=metric, observed=observed, null_mean=NAN, null_high=NAN, p=NAN, p_holm=NAN,
            n_shifts=len(usable), reason=reason or "no shifts were asked for",
        )  # fmt: skip
    extreme = np.abs(usable) >= abs(observed) - _ROUNDING if is_two_sided else usable >= observed - _ROUNDING
    return NullTest(
        metric=metric,
        observed=observed,
        null_mean=float(usable.mean()),
        null_high=float(np.percentile(usable, 95)),
        p=(1 + int(extreme.sum())) / (1 + len(usable)),
        p_holm=NAN,
        n_shifts=len(usable),
    )


_ROUNDING = 1e-6  # statistics of shifts are computed in single precision


def holm(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """Adjust p-values so that the chance of any false finding stays below the level (Holm 1979).

    Parameters
    ----------
    p : ndarray, (n,)
        NaN where there is none; those do not count as tests.

    Returns
    -------
    ndarray of float64, (n,)
        At most 1, in the same order.
    """
    p = np.asarray(p, np.float64)
    adjusted = np.full(len(p), np.nan)
    tests = np.flatnonzero(np.isfinite(p))
    order = tests[np.argsort(p[tests], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1) if len(order) else p[order]
    return adjusted
