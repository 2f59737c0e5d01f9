"""What exploring does off the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation, ClassList
from napari_histcode.annotations.annotation import Rgb
from napari_histcode.exploration.clusters import Clusters, find_clusters
from napari_histcode.exploration.components import Components, principal_components
from napari_histcode.exploration.lasso import tiles_in_polygon
from napari_histcode.exploration.project import N_COMPONENTS, Method, Projection, project
from napari_histcode.features.bag import FeatureBag
from napari_histcode.plugin.annotate.colours import UNCLASSIFIED as UNCLASSIFIED_COLOUR
from napari_histcode.plugin.annotate.colours import is_listed
from napari_histcode.plugin.compare.offers import count_classes
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.tiling.coverage import covered_fraction
from napari_histcode.tiling.grid import TileGrid


@dataclass(frozen=True, kw_only=True, eq=False)
class Laid:
    """Tiles on a plane, and the components that clusters need as well."""

    components: Components
    """The first `N_COMPONENTS` of the slide."""
    projection: Projection
    """The plane."""


def lay_out(
    bag: FeatureBag,
    method: Method,
    components: Components | None,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> Laid:
    """Lay the tiles of a slide out on a plane.

    Raises
    ------
    MissingExtraError
        If "umap" is wanted and not installed.
    ModelMismatchError
        If features are not finite.
    """
    if components is None:
        components = principal_components(bag, N_COMPONENTS, progress=progress, cancel=cancel)
    projection = project(bag, method, components=components, progress=progress, cancel=cancel)
    return Laid(components=components, projection=projection)


def cluster(
    bag: FeatureBag, n: int, components: Components, progress: ProgressCallback, cancel: CancelToken
) -> Clusters:
    """Divide the tiles into groups of alike ones.

    Raises
    ------
    NoTilesError
        If there are fewer different tiles than clusters.
    """
    return find_clusters(bag, n, components=components, progress=progress, cancel=cancel)


def select(
    points: NDArray[np.float32],
    corners: Sequence[tuple[float, float]],
    _progress: ProgressCallback,
    _cancel: CancelToken,
) -> NDArray[np.intp]:
    """Find the tiles whose points somebody drew a line around."""
    return tiles_in_polygon(points, corners)


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionClasses:
    """Class of the regions that each tile lies in."""

    labels: NDArray[np.intp]
    """(n_tiles,) number of the class, from 1; 0 where no class covers more than half of the tile."""
    names: tuple[str, ...]
    """Names of the classes."""
    colours: tuple[Rgb, ...]
    """Their colours."""


def classes_of_tiles(
    grid: TileGrid,
    regions: Sequence[Annotation],
    known: ClassList,
    _progress: ProgressCallback,
    cancel: CancelToken,
) -> RegionClasses:
    """Give each tile the class that covers most of it, if that is more than half."""
    names = tuple(count_classes(regions))
    best, labels = np.full(len(grid), 0.5), np.zeros(len(grid), np.intp)
    colours: list[Rgb] = []
    for number, name in enumerate(names, start=1):
        cancel.raise_if_cancelled()
        own = [one for one in regions if one.has_area and one.class_name == name]
        own = own or [one for one in regions if one.has_area and one.class_name is None]
        share = covered_fraction(grid, [one.geometry for one in own])
        labels[share > best] = number
        best = np.maximum(best, share)
        is_known = is_listed(name, known)
        colours.append(known.colour_of(name) if is_known else own[0].colour or UNCLASSIFIED_COLOUR)
    return RegionClasses(labels=labels, names=names, colours=tuple(colours))


def has_umap() -> bool:
    """Whether the extra is installed; it is not imported."""
    return find_spec("umap") is not None
