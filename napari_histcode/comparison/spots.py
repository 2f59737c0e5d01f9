"""Maps beside spatial transcriptomics: one value a spot, measured where the tissue is.

A spot is compared with the tile that contains its centre. Counts become log1p of counts per ten thousand of
the spot, since spots differ in how much was captured; tables that are no counts, such as proportions, stay as
they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from napari_histcode.comparison.association import (
    correlation_draws,
    mean_ranks,
    pearson,
    spearman,
    spearman_draws,
)
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.resampling import blocks_at, draws_of
from napari_histcode.comparison.shift_null import LabelShifts, NullTest, holm, null_test, shifts_of_map
from napari_histcode.scores.scores import SlideScores, TileMap
from napari_histcode.statistics.estimate import Estimate, undefined, with_interval
from napari_histcode.tiling.grid import TileGrid

SCALE = 1e4
"""Counts are scaled to this sum a spot."""

NO_TILE = -1
"""Stands for a spot that no tile contains."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpotTable:
    """Spots with what was measured there."""

    xy_px0: NDArray[np.float64]
    """(n_spots, 2) centres in level-0 pixels, x then y."""
    names: tuple[str, ...]
    """Genes or other quantities, in the order of the columns."""
    values: NDArray[np.float64]
    """(n_spots, n_names) as they are compared."""
    quantity: str
    """What a value is: "log1p of counts per 10,000", "as given"."""

    def column(self, names: Sequence[str]) -> NDArray[np.float64]:
        """(n_spots,) mean over some columns; ``KeyError`` if one is missing."""
        place = {name: k for k, name in enumerate(self.names)}
        return np.asarray(self.values[:, [place[name] for name in names]].mean(axis=1))


@dataclass(frozen=True, kw_only=True)
class SpotConfig:
    """How maps are compared with spots."""

    maps: tuple[str, ...] = ()
    """Maps to compare; all that have a partner if empty."""
    partners: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Pairs of a map and the columns whose mean is its partner. Other maps are compared with the column that
    is named like their output."""
    block_um: float = 1000.0
    """Width of the blocks of the spatial bootstrap in micrometres."""
    n_resamples: int = 1000
    """Draws of the bootstrap; 0 for no intervals."""
    n_shifts: int = 999
    """Shifts of the null; 0 for no p-values."""
    seed: int = 0
    """Seed of all randomness."""


@dataclass(frozen=True, kw_only=True)
class SpotResult:
    """One map beside what was measured."""

    map: str
    """Name of the map."""
    label: str
    """The name as shown."""
    columns: tuple[str, ...]
    """Columns whose mean it is compared with."""
    n_spots: int
    """Spots with a tile and a value."""
    pearson: Estimate
    """Linear correlation, -1 to 1."""
    spearman: Estimate
    """Rank correlation, -1 to 1."""
    tests: tuple[NullTest, ...]
    """Both against shifts of the map."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpotComparison:
    """All maps with a partner beside the spots."""

    n_spots: int
    """Spots in the table."""
    n_covered: int
    """Those that lie on a tile."""
    quantity: str
    """What a spot's value is."""
    results: tuple[SpotResult, ...]
    """One a map."""
    unmatched: tuple[str, ...]
    """Maps without a partner in the table."""
    config: SpotConfig
    """How it was done."""


def normalise_counts(counts: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn counts (n_spots, n_genes) into log1p of counts per ten thousand; empty spots stay zero."""
    counts = np.asarray(counts, np.float64)
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.zeros_like(counts), where=total > 0)
    return np.asarray(np.log1p(shares * SCALE))


def tile_of_points(grid: TileGrid, xy_px0: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find the tile that contains each point; of overlapping ones the tile whose centre is nearest.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    xy_px0 : ndarray, (n, 2)
        Points in level-0 pixels.

    Returns
    -------
    ndarray of int, (n,)
        Position of the tile; `NO_TILE` where there is none.
    """
    tile = np.full(len(xy_px0), NO_TILE, np.intp)
    known = np.flatnonzero(np.isfinite(xy_px0).all(axis=1))
    if not len(grid) or not len(known):
        return tile
    stride, size = np.asarray(grid.stride_px0), np.asarray(grid.size_px0)
    points = xy_px0[known]
    columns = grid.lattice_shape[0] + 1
    place = np.floor((points - size / 2) / stride + 0.5).astype(np.int64)
    codes = grid.index[:, 1].astype(np.int64) * columns + grid.index[:, 0]
    order = np.argsort(codes)
    wanted = place[:, 1] * columns + place[:, 0]
    found = order[np.minimum(np.searchsorted(codes, wanted, sorter=order), len(codes) - 1)]
    if (size > stride).any():  # the nearest place may be empty, and a tile of another one contain the point
        is_empty = codes[found] != wanted
        found[is_empty] = cKDTree(grid.centre_px0 / stride).query(points[is_empty] / stride, p=np.inf)[1]
    offset = points - grid.xy_px0[found]
    is_inside = ((offset >= 0) & (offset < size)).all(axis=1)
    tile[known[is_inside]] = found[is_inside]
    return tile


def compare_with_spots(
    scores: SlideScores, spots: SpotTable, config: SpotConfig | None = None
) -> SpotComparison:
    """Correlate maps with what was measured at spots.

    Parameters
    ----------
    scores : SlideScores
        The slide's scores.
    spots : SpotTable
        Spots in the slide's level-0 pixels.
    config : SpotConfig, optional
        How to do it.

    Raises
    ------
    UnknownMapError
        If a map is asked for that the scores do not have.
    """
    config = config or SpotConfig()
    partners = _partners(scores, spots, config)
    chosen = [scores.map(name) for name in config.maps or scores.map_names]
    tile = tile_of_points(scores.grid, spots.xy_px0)
    covered = tile != NO_TILE
    results: list[SpotResult] = []
    if covered.any():
        lattice = TileLattice(grid=scores.grid)
        under = np.zeros(len(scores.grid), bool)
        under[tile[covered]] = True
        shifts = shifts_of_map(lattice, under, n_shifts=config.n_shifts, seed=config.seed)
        results = [
            _compare_map(tile_map, partners[tile_map.name], spots, tile, shifts, scores.grid, config)
            for tile_map in chosen
            if tile_map.name in partners
        ]
    return SpotComparison(
        n_spots=len(tile),
        n_covered=int(covered.sum()),
        quantity=spots.quantity,
        results=_adjusted(results),
        unmatched=tuple(tile_map.name for tile_map in chosen if tile_map.name not in partners),
        config=config,
    )


def _partners(scores: SlideScores, spots: SpotTable, config: SpotConfig) -> Mapping[str, tuple[str, ...]]:
    known = set(spots.names)
    by_name = {m.name: (m.output,) for m in scores.maps if m.output is not None and m.output in known}
    named = {scores.map(name).name: columns for name, columns in config.partners}
    return {**by_name, **named}


def _compare_map(
    tile_map: TileMap,
    columns: tuple[str, ...],
    spots: SpotTable,
    tile: NDArray[np.intp],
    shifts: LabelShifts,
    grid: TileGrid,
    config: SpotConfig,
) -> SpotResult:
    measured = spots.column(columns)
    values = tile_map.values.astype(np.float64)
    usable = (tile != NO_TILE) & np.isfinite(measured)
    usable[usable] = np.isfinite(values[tile[usable]])
    x, y = values[tile[usable]], measured[usable]
    xy_um = spots.xy_px0[usable] * (grid.mpp.x, grid.mpp.y)
    draws = draws_of(blocks_at(xy_um, config.block_um), n_resamples=config.n_resamples, seed=config.seed)
    r, rho = pearson(x, y), spearman(x, y)
    if np.isfinite(r):
        estimates = (
            with_interval(r, correlation_draws(x, y, draws), reason=draws.reason),
            with_interval(rho, spearman_draws(x, y, draws), reason=draws.reason),
        )
    else:
        reason = (
            "fewer than two spots on tiles" if len(x) < 2 else "one of both has the same value everywhere"
        )
        estimates = (undefined(reason), undefined(reason))
    null = _null(values, y, tile[usable], shifts)
    return SpotResult(
        map=tile_map.name,
        label=tile_map.label,
        columns=columns,
        n_spots=len(x),
        pearson=estimates[0],
        spearman=estimates[1],
        tests=(
            null_test("Pearson", r, null[:, 0], reason=shifts.reason),
            null_test("Spearman", rho, null[:, 1], reason=shifts.reason),
        ),
    )


def _null(
    values: NDArray[np.float64], measured: NDArray[np.float64], tile: NDArray[np.intp], shifts: LabelShifts
) -> NDArray[np.float64]:
    """(n_shifts, 2) Pearson and Spearman of the shifted map at the spots."""
    rows = []
    for moved in shifts.chunks(values, np.nan, tiles=tile):
        for x in moved:
            known = np.isfinite(x)
            rows.append(
                (
                    pearson(x[known], measured[known]),
                    pearson(mean_ranks(x[known]), mean_ranks(measured[known])),
                )
            )
    return np.asarray(rows, np.float64).reshape(-1, 2)


def _adjusted(results: Sequence[SpotResult]) -> tuple[SpotResult, ...]:
    """Adjust the p-values of each coefficient over all maps."""
    adjusted = np.array([holm(np.array([result.tests[k].p for result in results])) for k in (0, 1)])
    return tuple(
        replace(
            result,
            tests=tuple(replace(test, p_holm=float(adjusted[k, n])) for k, test in enumerate(result.tests)),
        )
        for n, result in enumerate(results)
    )
