"""All regions of a slide, laid out for drawing and for finding what lies at a place.

A scene never changes: an edit makes another one, which shares the search tree with the one before, so that an
edit among 100,000 regions costs milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation
from napari_histcode.annotations.annotation import Rgb

MOST_EDITED = 400
"""After so many changed regions the search tree is built anew."""

Box4 = tuple[float, float, float, float]
"""Left, top, right and bottom in level-0 pixels."""

NEAR_PX = 4.0
"""A click this many screen pixels beside a point or a line still means it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Regions as arrays, with a tree over their boxes."""

    regions: tuple[Annotation, ...]
    """The regions."""
    geometry: NDArray[np.object_]
    """(n,) their geometries."""
    bounds: NDArray[np.float64]
    """(n, 4) left, top, right, bottom."""
    colour: NDArray[np.uint8]
    """(n, 3) red, green, blue."""
    tree: shapely.STRtree
    """Over the boxes."""

    def place_of(self, region: Annotation) -> int | None:
        """Position of this very region, or None."""
        return self._places.get(id(region))

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(region): place for place, region in enumerate(self.regions)}


def lay_out(regions: Sequence[Annotation], colour_of: Callable[[Annotation], Rgb]) -> Layout:
    """Make arrays of regions."""
    geometry = np.empty(len(regions), dtype=object)
    geometry[:] = [region.geometry for region in regions]
    known: dict[tuple[str | None, Rgb | None, Rgb | None], Rgb] = {}
    colours = []
    for region in regions:
        key = (region.class_name, region.colour, region.own_colour)
        if key not in known:
            known[key] = colour_of(region)
        colours.append(known[key])
    return Layout(
        regions=tuple(regions),
        geometry=geometry,
        bounds=shapely.bounds(geometry).reshape(-1, 4),
        colour=np.array(colours, np.uint8).reshape(-1, 3),
        tree=shapely.STRtree(geometry),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Regions in a window, in drawing order."""

    regions: list[Annotation]
    """The regions."""
    geometry: NDArray[np.object_]
    """(n,) their geometries."""
    bounds: NDArray[np.float64]
    """(n, 4) left, top, right, bottom."""
    colour: NDArray[np.uint8]
    """(n, 3) red, green, blue."""


class Scene:
    """Regions with their colours.

    Parameters
    ----------
    regions : tuple of Annotation
        With distinct ids.
    colour_of : callable
        Colour of a region.
    """

    def __init__(self, regions: tuple[Annotation, ...], colour_of: Callable[[Annotation], Rgb]) -> None:
        self.regions = regions
        self._colour_of = colour_of
        self._base = lay_out(regions, colour_of)
        self._is_gone = np.zeros(len(regions), bool)
        self._extra = lay_out((), colour_of)

    def __len__(self) -> int:
        return len(self.regions)

    def edited(self, regions: tuple[Annotation, ...]) -> tuple[Scene, list[Box4] | None]:
        """Return the scene of other regions, and where it differs; None if that may be everywhere."""
        gone, come = differences(self.regions, regions)
        is_gone = self._is_gone.copy()
        extra = {id(region): region for region in self._extra.regions}
        for region in gone:
            place = self._base.place_of(region)
            if place is None:
                extra.pop(id(region), None)
            else:
                is_gone[place] = True
        for region in come:
            place = self._base.place_of(region)
            if place is None:
                extra[id(region)] = region
            else:
                is_gone[place] = False
        if len(extra) + int(is_gone.sum()) > MOST_EDITED:
            return Scene(regions, self._colour_of), None
        scene = object.__new__(Scene)
        scene.regions = regions
        scene._colour_of = self._colour_of
        scene._base = self._base
        scene._is_gone = is_gone
        scene._extra = lay_out(tuple(extra.values()), self._colour_of)
        return scene, [_box(region) for region in (*gone, *come)]

    def within(self, box: Box4) -> Found:
        """Regions whose boxes meet a box."""
        window = shapely.box(*box)
        base = np.sort(self._base.tree.query(window))
        base = base[~self._is_gone[base]]
        extra = np.sort(self._extra.tree.query(window))
        return Found(
            regions=[self._base.regions[i] for i in base] + [self._extra.regions[i] for i in extra],
            geometry=np.concatenate([self._base.geometry[base], self._extra.geometry[extra]]),
            bounds=np.concatenate([self._base.bounds[base], self._extra.bounds[extra]]),
            colour=np.concatenate([self._base.colour[base], self._extra.colour[extra]]),
        )

    def at(self, xy_px0: tuple[float, float], *, reach_px0: float = 0.0) -> Annotation | None:
        """Find the smallest region around a place, else the nearest point or line within reach."""
        x, y = xy_px0
        found = self.within((x - reach_px0, y - reach_px0, x + reach_px0, y + reach_px0))
        if not found.regions:
            return None
        point = shapely.Point(x, y)
        distance = shapely.distance(found.geometry, point)
        area = shapely.area(found.geometry)
        inside = np.flatnonzero((distance == 0) & (area > 0))
        if len(inside):
            return found.regions[int(inside[np.argmin(area[inside])])]
        near = np.flatnonzero(distance <= reach_px0)
        return found.regions[int(near[np.argmin(distance[near])])] if len(near) else None

    def meeting(
        self, geometry: shapely.Geometry, candidates: Iterable[Annotation] | None = None
    ) -> list[Annotation]:
        """Areas that share area with a geometry, largest share first."""
        pool = list(candidates) if candidates is not None else self.within(geometry.bounds).regions
        pool = [region for region in pool if region.has_area]
        if not pool:
            return []
        shared = shapely.area(shapely.intersection([region.geometry for region in pool], geometry))
        order = np.argsort(-shared, kind="stable")
        return [pool[i] for i in order if shared[i] > 0]


def differences(
    before: tuple[Annotation, ...], after: tuple[Annotation, ...]
) -> tuple[list[Annotation], list[Annotation]]:
    """Find the regions that have gone and those that have come; fast where most are the very same."""
    if len(before) == len(after):
        pairs = [(old, new) for old, new in zip(before, after, strict=True) if old is not new]
        old_ids, new_ids = {id(old) for old, _ in pairs}, {id(new) for _, new in pairs}
        return (
            [old for old, _ in pairs if id(old) not in new_ids],
            [new for _, new in pairs if id(new) not in old_ids],
        )
    first, last = 0, 0
    shorter = min(len(before), len(after))
    while first < shorter and before[first] is after[first]:
        first += 1
    while last < shorter - first and before[-1 - last] is after[-1 - last]:
        last += 1
    old_middle, new_middle = before[first : len(before) - last], after[first : len(after) - last]
    old_ids, new_ids = {id(old) for old in old_middle}, {id(new) for new in new_middle}
    return (
        [old for old in old_middle if id(old) not in new_ids],
        [new for new in new_middle if id(new) not in old_ids],
    )


def _box(region: Annotation) -> Box4:
    left, top, right, bottom = region.geometry.bounds
    return left, top, right, bottom
