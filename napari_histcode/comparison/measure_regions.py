r"""Measure regions: area, perimeter, tiles, and what every map says inside.

A map has one value a tile. Inside a region that covers tile :math:`i` by the area :math:`w_i`, its mean is

.. math:: \bar m = \sum_i w_i m_i \,/\, \sum_i w_i ,

and its quantile q is the smallest value at or below which a share q of the covered area lies. So a region
that cuts through tiles, or is smaller than one, gets what lies under it and nothing else. Tiles without a
value and parts of the region without a tile do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.region_overlaps import QUANTILES, overlaps, weighted_statistics
from napari_histcode.progress import CancelToken, ProgressCallback, ignore_progress
from napari_histcode.scores.scores import TileMap
from napari_histcode.slide.record import Mpp
from napari_histcode.tiling.coverage import merge_regions
from napari_histcode.tiling.grid import TileGrid

LEAST_SHARE = 0.5
"""A tile counts as one of a region's if the region covers at least this share of its area."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Measures:
    """Measurements of some regions, one entry a region."""

    area_mm2: Floats
    """(n,) area; NaN where the resolution is unknown."""
    area_px0: Floats
    """(n,) area in squares of level-0 pixels."""
    perimeter_um: Floats
    """(n,) length of all outlines, holes included; of a line its length; NaN without a resolution."""
    n_tiles: NDArray[np.int64]
    """(n,) tiles of which a region covers at least half; 0 without tiles."""
    mean: Floats
    """(n, n_maps) mean by covered area; NaN where there is no tile."""
    quantiles: Floats
    """(n, n_maps, 3) 10 %, 50 % and 90 % quantiles by covered area."""

    def __len__(self) -> int:
        return len(self.area_px0)


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassMeasures:
    """Measurements of all regions of a class together, where overlaps count once."""

    class_names: tuple[str | None, ...]
    """The classes, in order of first occurrence; None for unclassified regions."""
    n_regions: tuple[int, ...]
    """Regions of each."""
    measures: Measures
    """One entry a class."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionTable:
    """Regions with their measurements, and a summary by class."""

    regions: tuple[Annotation, ...]
    """The regions."""
    mpp: Mpp | None
    """Resolution with which they were measured."""
    grid: TileGrid | None
    """The tiles of the maps."""
    maps: tuple[TileMap, ...]
    """The maps that were measured."""
    measures: Measures
    """One entry a region."""
    by_class: ClassMeasures
    """One entry a class."""


def measure_regions(
    regions: Sequence[Annotation],
    *,
    mpp: Mpp | None,
    grid: TileGrid | None = None,
    maps: Sequence[TileMap] = (),
    previous: RegionTable | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> RegionTable:
    """Measure regions and their classes.

    Parameters
    ----------
    regions : sequence of Annotation
        In level-0 pixels of the slide.
    mpp : Mpp or None
        Resolution of the slide; without it there are no millimetres.
    grid : TileGrid, optional
        Tiles of an analysis.
    maps : sequence of TileMap
        Maps on that grid, raw values.
    previous : RegionTable, optional
        An earlier measurement: what has not changed since is taken from it, with the same result.
    progress : callable, optional
        Called every few thousand regions.
    cancel : CancelToken, optional
        Looked at as often.

    Returns
    -------
    RegionTable
        Every region, also points and lines, which have no area.

    Raises
    ------
    AnalysisCancelledError
        If it was cancelled.
    """
    if previous is not None and not _is_same_ground(previous, mpp, grid, maps):
        previous = None
    how = _Measuring(mpp=mpp, grid=grid, maps=tuple(maps), progress=progress, cancel=cancel)
    return RegionTable(
        regions=tuple(regions),
        mpp=mpp,
        grid=grid,
        maps=tuple(maps),
        measures=_measure_changed(regions, previous, how),
        by_class=_measure_classes(regions, previous, how),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measuring:
    """What all measuring of a table has in common."""

    mpp: Mpp | None
    grid: TileGrid | None
    maps: tuple[TileMap, ...]
    progress: ProgressCallback
    cancel: CancelToken | None

    def __call__(self, geometries: Sequence[BaseGeometry]) -> Measures:
        return measure_geometries(
            geometries,
            mpp=self.mpp,
            grid=self.grid,
            maps=self.maps,
            progress=self.progress,
            cancel=self.cancel,
        )


def _is_same_ground(
    previous: RegionTable, mpp: Mpp | None, grid: TileGrid | None, maps: Sequence[TileMap]
) -> bool:
    is_same_maps = len(previous.maps) == len(maps) and all(
        old is new for old, new in zip(previous.maps, maps, strict=False)
    )
    return previous.mpp == mpp and previous.grid is grid and is_same_maps


def _measure_changed(
    regions: Sequence[Annotation], previous: RegionTable | None, measure: _Measuring
) -> Measures:
    """Measure the regions whose geometry is not that very one of before, and take the others from there."""
    if previous is None:
        return measure([region.geometry for region in regions])
    places = {id(region.geometry): place for place, region in enumerate(previous.regions)}
    known = np.array([places.get(id(region.geometry), -1) for region in regions], dtype=np.intp)
    new = np.flatnonzero(known < 0)
    measured = measure([regions[place].geometry for place in new.tolist()])
    return _picked(previous.measures, known, measured, new)


def _picked(old: Measures, known: NDArray[np.intp], measured: Measures, new: NDArray[np.intp]) -> Measures:
    def column(name: str) -> NDArray[Any]:
        before, now = getattr(old, name), getattr(measured, name)
        filled: NDArray[Any] = (
            before[known] if len(before) else np.zeros((len(known), *now.shape[1:]), now.dtype)
        )
        filled[new] = now
        return filled

    return Measures(**{field.name: column(field.name) for field in fields(Measures)})


def _measure_classes(
    regions: Sequence[Annotation], previous: RegionTable | None, measure: _Measuring
) -> ClassMeasures:
    """Measure the union of the regions of each class; classes of the same regions as before are known."""
    members = _members(regions)
    before = {} if previous is None else _members(previous.regions)
    place = {name: position for position, name in enumerate(before)}
    known = np.array(
        [place[name] if _are_same(before.get(name), found) else -1 for name, found in members.items()],
        np.intp,
    )
    unions = []
    for geometries, position in zip(members.values(), known.tolist(), strict=True):
        if position < 0:
            if measure.cancel is not None:
                measure.cancel.raise_if_cancelled()
            unions.append(merge_regions(geometries))
    measured = measure(unions)
    if previous is not None:
        measured = _picked(previous.by_class.measures, known, measured, np.flatnonzero(known < 0))
    return ClassMeasures(
        class_names=tuple(members),
        n_regions=tuple(len(geometries) for geometries in members.values()),
        measures=measured,
    )


def _members(regions: Sequence[Annotation]) -> dict[str | None, list[BaseGeometry]]:
    members: dict[str | None, list[BaseGeometry]] = {}
    for region in regions:
        members.setdefault(region.class_name, []).append(region.geometry)
    return members


def _are_same(before: list[BaseGeometry] | None, now: list[BaseGeometry]) -> bool:
    return (
        before is not None
        and len(before) == len(now)
        and all(old is new for old, new in zip(before, now, strict=True))
    )


def measure_geometries(
    geometries: Sequence[BaseGeometry],
    *,
    mpp: Mpp | None,
    grid: TileGrid | None = None,
    maps: Sequence[TileMap] = (),
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Measures:
    """Measure geometries in level-0 pixels; see `measure_regions`."""
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries
    area_px0 = np.asarray(shapely.area(array), dtype=np.float64)
    if mpp is None:
        area_mm2 = perimeter_um = np.full(len(array), np.nan)
    else:
        area_mm2 = area_px0 * mpp.x * mpp.y / 1e6
        is_square = mpp.x == mpp.y
        in_um = array if is_square else shapely.transform(array, lambda xy: xy * (mpp.x, mpp.y))
        perimeter_um = np.asarray(shapely.length(in_um), dtype=np.float64) * (mpp.x if is_square else 1.0)
    region, tile, covered = overlaps(array, grid, progress=progress, cancel=cancel)
    n_tiles = np.zeros(len(array), np.int64)
    if grid is not None:
        is_in = covered >= LEAST_SHARE * grid.size_px0[0] * grid.size_px0[1] * (1 - 1e-9)
        n_tiles = np.bincount(region[is_in], minlength=len(array)).astype(np.int64)
    mean = np.full((len(array), len(maps)), np.nan)
    quantiles = np.full((len(array), len(maps), len(QUANTILES)), np.nan)
    for k, tile_map in enumerate(maps):
        values = np.asarray(tile_map.values, dtype=np.float64)[tile]
        mean[:, k], quantiles[:, k] = weighted_statistics(region, values, covered, len(array))
    return Measures(
        area_mm2=area_mm2,
        area_px0=area_px0,
        perimeter_um=perimeter_um,
        n_tiles=n_tiles,
        mean=mean,
        quantiles=quantiles,
    )
