"""Maps beside measured expression on one section, with intervals and a null that know space.

Intervals are from drawing square blocks of spots with replacement; the null moves the map as a whole over
the array, mirrored or not, on a torus. Neighbouring spots are alike: drawing or permuting spots one by one
would find significance in noise. Where a map comes in several seeds, every statistic is its mean over them,
also in each draw and under each shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.spatial.section import Section
from napari_histcode.comparison.association import correlation_draws, mean_ranks, pearson, spearman_draws
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.resampling import BlockDraws, blocks_at, draws_of
from napari_histcode.comparison.shift_null import LabelShifts, shifts_of_map
from napari_histcode.slide.record import Mpp, SlideRecord
from napari_histcode.tiling.grid import TileGrid, TilingConfig
from napari_histcode.tissue.mask import TissueConfig

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class SectionTruth:
    """What was measured on a section, with the draws and shifts that all maps share."""

    section: Section
    """The section."""
    names: tuple[str, ...]
    """Outputs."""
    values: Floats
    """(n_spots, n_outputs) measured values."""
    draws: BlockDraws
    """Blocks of spots."""
    shifts: LabelShifts
    """Shifts of a map over the array."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MapMeasure:
    """How maps of all outputs agree with what was measured on one section."""

    section: str
    """Name of the section."""
    names: tuple[str, ...]
    """Outputs."""
    n_spots: int
    """Spots."""
    pearson: Floats
    """(n_outputs,) mean over the seeds; NaN where the map or the measured values are constant."""
    spearman: Floats
    """(n_outputs,)."""
    rmse: Floats
    """(n_outputs,) in units of the output; NaN for maps that are not in these units."""
    pearson_draws: Floats
    """(n_resamples, n_outputs)."""
    spearman_draws: Floats
    """(n_resamples, n_outputs)."""
    null: Floats
    """(n_shifts, n_outputs) Pearson correlation under the shifts."""
    seed_pearson: Floats
    """(n_seeds, n_outputs) Pearson correlation of each seed."""


def section_truth(
    section: Section,
    names: Sequence[str],
    values: Floats,
    *,
    block_um: float,
    n_resamples: int,
    n_shifts: int,
    seed: int,
) -> SectionTruth:
    """Prepare a section for comparing maps with it.

    Parameters
    ----------
    section : Section
        The spots.
    names, values : sequence of str, ndarray (n_spots, n_outputs)
        What was measured.
    block_um : float
        Width of the blocks in micrometres.
    n_resamples, n_shifts, seed : int
        Of bootstrap and null.
    """
    everywhere = np.ones(len(section), bool)
    return SectionTruth(
        section=section,
        names=tuple(names),
        values=np.asarray(values, np.float64),
        draws=draws_of(blocks_at(section.xy_um, block_um), n_resamples=n_resamples, seed=seed),
        shifts=shifts_of_map(array_lattice(section), everywhere, n_shifts=n_shifts, seed=seed),
    )


def array_lattice(section: Section) -> TileLattice:
    """Spots as cells of their array: neighbours on the array are neighbours on the lattice."""
    columns, rows = (int(v) for v in section.array.max(axis=0) + 1)
    size = 100.0  # any: only the places on the array matter
    record = SlideRecord(
        alias=section.name, digest="", dimensions=(int(columns * size), int(rows * size)),
        level_dimensions=(), mpp=Mpp(x=1.0, y=1.0, source="array"), objective=None, vendor=None,
        reader="spots",
    )  # fmt: skip
    grid = TileGrid(
        index=section.array.astype(np.int32),
        size_px0=(size, size),
        stride_px0=(size, size),
        lattice_shape=(columns, rows),
        tissue_fraction=np.ones(len(section), np.float32),
        slide=record,
        config=TilingConfig(tile_px=int(size), target_mpp=1.0),
        tissue_config=TissueConfig(),
    )
    return TileLattice(grid=grid)


def measure_maps(truth: SectionTruth, maps: Sequence[NDArray[np.floating]], *, in_units: bool) -> MapMeasure:
    """Compare maps with what was measured.

    Parameters
    ----------
    truth : SectionTruth
        The section.
    maps : sequence of ndarray, each (n_spots, n_outputs)
        One a seed.
    in_units : bool
        Whether the maps are in the units of the measured values.
    """
    n, k = truth.values.shape
    seeds = [_measure_one(truth, np.asarray(one, np.float64)) for one in maps]
    errors = [np.sqrt(np.square(one - truth.values).mean(axis=0)) for one in maps]
    r, rho, r_draws, rho_draws, null = (np.mean([one[j] for one in seeds], axis=0) for j in range(5))
    return MapMeasure(
        section=truth.section.name,
        names=truth.names,
        n_spots=n,
        pearson=r,
        spearman=rho,
        rmse=np.mean(errors, axis=0) if in_units else np.full(k, np.nan),
        pearson_draws=r_draws,
        spearman_draws=rho_draws,
        null=null,
        seed_pearson=np.stack([one[0] for one in seeds]),
    )


def _measure_one(truth: SectionTruth, values: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    r: list[float] = []
    rho: list[float] = []
    r_draws: list[Floats] = []
    rho_draws: list[Floats] = []
    null: list[Floats] = []
    shifted: dict[bytes, Floats] = {}  # a map that knows no output is moved once for all outputs
    for k in range(len(truth.names)):
        x, y = np.ascontiguousarray(values[:, k]), truth.values[:, k]
        is_constant = not np.ptp(x)  # rounding would make a correlation of it
        r.append(np.nan if is_constant else pearson(x, y))
        rho.append(np.nan if is_constant else pearson(mean_ranks(x), mean_ranks(y)))
        if not np.isfinite(r[-1]):
            for draws, rows in ((r_draws, truth.draws.times), (rho_draws, truth.draws.times)):
                draws.append(np.full(len(rows), np.nan))
            null.append(np.full(len(truth.shifts), np.nan))
            continue
        r_draws.append(correlation_draws(x, y, truth.draws))
        rho_draws.append(spearman_draws(x, y, truth.draws))
        key = x.tobytes()
        if key not in shifted:
            chunks = list(truth.shifts.chunks(x, np.nan))
            shifted = {key: np.concatenate(chunks) if chunks else np.empty((0, len(x)))}
        null.append(_row_correlations(shifted[key], y))
    return (
        np.array(r),
        np.array(rho),
        np.stack(r_draws, axis=1),
        np.stack(rho_draws, axis=1),
        np.stack(null, axis=1),
    )


def _row_correlations(x: Floats, y: Floats) -> Floats:
    """Pearson's correlation of each row (n_rows, n) with y where the row has a value."""
    known = np.isfinite(x)
    n = np.maximum(known.sum(axis=1, keepdims=True), 1)
    x = np.where(known, x, 0)
    x = np.where(known, x - x.sum(axis=1, keepdims=True) / n, 0)
    rest = np.where(known, y, 0)
    rest = np.where(known, rest - rest.sum(axis=1, keepdims=True) / n, 0)
    spread = np.square(x).sum(axis=1) * np.square(rest).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((x * rest).sum(axis=1) / np.sqrt(np.where(spread > 0, spread, np.nan)))
