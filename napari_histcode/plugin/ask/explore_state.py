"""How tiles are arranged, coloured, grouped and chosen: state that announces its changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor

from napari_histcode.exploration.clusters import Clusters
from napari_histcode.exploration.project import Method, Projection
from napari_histcode.plugin.ask.explore_colours import Colours
from napari_histcode.plugin.ask.explore_tasks import RegionClasses
from napari_histcode.plugin.session import Activity

Colouring = Literal["map", "clusters", "regions"]

DEFAULT_CLUSTERS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Selection:
    """Tiles that a line was drawn around."""

    tiles: NDArray[np.intp]
    """Their positions in the grid."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Painted:
    """Colours of all points, and what they mean."""

    colours: Colours
    """One a tile."""
    meaning: str
    """In one line."""


@dataclass(kw_only=True, eq=False)
class ExploreState:
    """The plane, the clusters, and what was chosen on it."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    missing: str = ""
    """What has to be done before anything can be explored; empty if nothing."""
    method: Method = "pca"
    """How the tiles are laid out."""
    projection: Projection | None = None
    """The plane; None before it is known."""
    projecting: Activity = field(default_factory=Activity)
    """The work on it, or how it failed."""
    colouring: Colouring = "map"
    """What the colours of the points say."""
    painted: Painted | None = None
    """The colours; None while there is no plane."""
    has_regions: bool = False
    """Whether there are regions to colour by."""
    regions: RegionClasses | None = None
    """Classes of the tiles by the regions; None before it is asked for."""
    shows_clusters: bool = False
    """Whether clusters are wanted, and painted on the slide."""
    n_clusters: int = DEFAULT_CLUSTERS
    """How many."""
    clusters: Clusters | None = None
    """The clusters; None before they are known."""
    clustering: Activity = field(default_factory=Activity)
    """The work on them, or how it failed."""
    selection: Selection | None = None
    """Tiles that were chosen with a line around their points."""
    is_picking: bool = True
    """Whether a click on the slide marks its tile on the plane."""
    pointed: int | None = None
    """The tile that is marked on the plane."""
