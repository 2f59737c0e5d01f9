"""Pure edits of all regions of a slide: from one tuple of regions to the next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import uuid4

from shapely import affinity
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import Annotation, ClassList
from napari_histcode.plugin.annotate.history import Regions

UNCLASSIFIED = "unclassified"
"""What a region without a class is called."""


def with_ids(annotations: Iterable[Annotation], taken: Collection[str] = ()) -> Regions:
    """Give an id to every region that has none, or one that another has already."""
    seen = set(taken)
    found = []
    for annotation in annotations:
        if not annotation.id or annotation.id in seen:
            annotation = replace(annotation, id=str(uuid4()))
        seen.add(str(annotation.id))
        found.append(annotation)
    return tuple(found)


def make_region(
    geometry: BaseGeometry, class_name: str | None, classes: ClassList, *, is_ellipse: bool = False
) -> Annotation:
    """Make a region of a class, with the class's colour and an id of its own."""
    return Annotation(
        geometry=geometry,
        class_name=class_name,
        colour=None if class_name is None else classes.colour_of(class_name),
        id=str(uuid4()),
        is_ellipse=is_ellipse,
    )


def find(regions: Regions, ids: Collection[str]) -> Regions:
    """Regions of these ids, in order."""
    wanted = frozenset(ids)
    return tuple(region for region in regions if region.id in wanted)


def put(regions: Regions, changed: Mapping[str, Annotation | None]) -> Regions:
    """Replace regions by id; None takes one away."""
    put_in = (changed[str(region.id)] if region.id in changed else region for region in regions)
    return tuple(region for region in put_in if region is not None)


def change(regions: Regions, ids: Collection[str], edit: Callable[[Annotation], Annotation]) -> Regions:
    """Edit each of some regions."""
    return tuple(edit(region) if region.id in ids else region for region in regions)


def reclassified(region: Annotation, class_name: str | None, classes: ClassList) -> Annotation:
    """Give a region another class and its colour."""
    colour = None if class_name is None else classes.colour_of(class_name)
    return replace(region, class_name=class_name, colour=colour)


def moved_geometry(region: Annotation, geometry: BaseGeometry) -> Annotation:
    """Give a region another outline: what was measured in the old one, and its being an ellipse, is gone."""
    measurements: Mapping[str, float] = {}
    return replace(region, geometry=geometry, is_ellipse=False, nucleus=None, measurements=measurements)


def duplicated(regions: Sequence[Annotation], shift_px0: tuple[float, float]) -> Regions:
    """Copy regions to a place beside them, unlocked, with ids of their own."""
    return tuple(
        replace(
            region,
            geometry=affinity.translate(region.geometry, *shift_px0),
            nucleus=None if region.nucleus is None else affinity.translate(region.nucleus, *shift_px0),
            id=str(uuid4()),
            is_locked=False,
        )
        for region in regions
    )


def counted(n: int, noun: str = "region") -> str:
    """Say how many: "1 region", "2,000 regions"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def class_label(class_name: str | None) -> str:
    """Name of a class, also where there is none."""
    return class_name or UNCLASSIFIED
