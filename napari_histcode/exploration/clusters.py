"""Groups of alike tiles, found without any label, as a layer over the slide.

k-means on the first principal components. The groups say which tissue the encoder tells apart, not what it
is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import ClusterError, kmeans2, vq

from napari_histcode.errors import NoTilesError
from napari_histcode.exploration.components import Components, principal_components
from napari_histcode.exploration.project import N_COMPONENTS
from napari_histcode.features.bag import FeatureBag
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.scores.scores import TileMap
from napari_histcode.tiling.grid import TileGrid

FEWEST_CLUSTERS, MOST_CLUSTERS = 2, 12
SAMPLE_TILES = 20_000
"""Tiles that the centres come from, at most; evenly spaced over the grid."""
N_STARTS = 5
"""Starts of k-means; the one with the least spread counts."""
N_ROUNDS = 40
"""Rounds of each."""
N_TYPICAL = 9
"""Tiles that stand for a cluster."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cluster:
    """One group of alike tiles."""

    number: int
    """From 1, the largest cluster first."""
    n_tiles: int
    """Its tiles."""
    area_mm2: float
    """Their area in square millimetres; where tiles overlap, of their cells."""
    share: float
    """Their share of the slide's tiles, 0 to 1."""
    typical: NDArray[np.intp]
    """Positions of the tiles nearest to its centre, the nearest first; read-only."""

    def __post_init__(self) -> None:
        self.typical.flags.writeable = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Clusters:
    """All tiles of a slide in groups."""

    labels: NDArray[np.intp]
    """(n_tiles,) number of each tile's cluster, from 1; read-only."""
    clusters: tuple[Cluster, ...]
    """The clusters, the largest first."""

    def __post_init__(self) -> None:
        self.labels.flags.writeable = False

    @property
    def tile_map(self) -> TileMap:
        """The numbers as a map."""
        return TileMap(
            name="clusters",
            label=f"{len(self.clusters)} clusters",
            head="clusters",
            output=None,
            kind="cluster",
            values=self.labels.astype(np.float32),
            quantity="number of the cluster",
            unit="",
            is_signed=False,
        )


def find_clusters(
    bag: FeatureBag,
    n_clusters: int,
    *,
    components: Components | None = None,
    seed: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Clusters:
    """Divide the tiles of a slide into groups of alike ones.

    Parameters
    ----------
    bag : FeatureBag
        The slide's features.
    n_clusters : int
        How many, 2 to 12.
    components : Components, optional
        The first `N_COMPONENTS`, if they have been computed before.
    seed : int
        Seed of the starts.
    progress : callable
        Called once a start.
    cancel : CancelToken, optional
        Looked at as often.

    Returns
    -------
    Clusters
        Equal for equal features, number and seed.

    Raises
    ------
    ValueError
        If the number is not 2 to 12.
    NoTilesError
        If there are fewer different tiles than clusters.
    ModelMismatchError
        If features are not finite.
    AnalysisCancelledError
        If it was cancelled.
    """
    if not FEWEST_CLUSTERS <= n_clusters <= MOST_CLUSTERS:
        raise ValueError(f"There can be {FEWEST_CLUSTERS} to {MOST_CLUSTERS} clusters, not {n_clusters}.")
    cancel = cancel or CancelToken()
    if components is None:
        components = principal_components(bag, N_COMPONENTS, progress=progress, cancel=cancel)
    points = components.points
    rows = np.unique(np.linspace(0, len(points) - 1, min(len(points), SAMPLE_TILES)).astype(np.intp))
    sample = points[rows].astype(np.float64)
    best: tuple[float, NDArray[np.float64]] | None = None
    starts = N_STARTS if _are_different(sample, n_clusters) else 0
    for start in range(starts):
        cancel.raise_if_cancelled()
        progress(Progress(stage="finding clusters", done=start, total=N_STARTS, unit="starts"))
        centres = _k_means(sample, n_clusters, seed=[seed, start])
        if centres is not None:
            spread = float(np.square(vq(sample, centres)[1]).sum())
            best = min(best, (spread, centres), key=lambda one: one[0]) if best else (spread, centres)
    if best is None:
        raise NoTilesError(
            f"{bag.grid.slide.alias} has too few different tiles for {n_clusters} clusters.",
            advice="Choose fewer clusters.",
        )
    found, distance = vq(points.astype(np.float64), best[1])
    return _numbered(found, distance, n_clusters, bag.grid)


def _are_different(sample: NDArray[np.float64], n: int) -> bool:
    """Whether there are n different points; nearly always the first few say so."""
    return len(np.unique(sample[:1000], axis=0)) >= n or len(np.unique(sample, axis=0)) >= n


def _k_means(sample: NDArray[np.float64], n_clusters: int, *, seed: list[int]) -> NDArray[np.float64] | None:
    """Centres (n_clusters, n_components) from one start; None if a cluster lost all of its tiles."""
    try:
        centres, _ = kmeans2(
            sample, n_clusters, iter=N_ROUNDS, minit="++", missing="raise", seed=np.random.default_rng(seed)
        )
    except ClusterError:
        return None
    return np.asarray(centres, np.float64)


def _numbered(
    found: NDArray[np.intp], distance: NDArray[np.float64], n_clusters: int, grid: TileGrid
) -> Clusters:
    counts = np.bincount(found, minlength=n_clusters)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    cell_mm2 = grid.stride_px0[0] * grid.mpp.x * grid.stride_px0[1] * grid.mpp.y / 1e6
    number_of = np.zeros(n_clusters, np.intp)
    number_of[order] = np.arange(1, len(order) + 1)
    clusters = []
    for number, k in enumerate(order, start=1):
        own = np.flatnonzero(found == k)
        clusters.append(
            Cluster(
                number=number,
                n_tiles=int(counts[k]),
                area_mm2=float(counts[k] * cell_mm2),
                share=float(counts[k] / len(found)),
                typical=own[np.argsort(distance[own], kind="stable")[:N_TYPICAL]],
            )
        )
    return Clusters(labels=number_of[found], clusters=tuple(clusters))
