"""The tiles of a slide as points on a plane: those that look alike lie together."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import MissingExtraError
from napari_histcode.exploration.components import Components, principal_components
from napari_histcode.features.bag import FeatureBag
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress

Method = Literal["pca", "umap"]

N_COMPONENTS = 50
"""Principal components that UMAP and clusters work on."""
N_NEIGHBOURS = 15
"""Neighbours of a tile that UMAP keeps together; fewer on a slide with fewer tiles."""
LEAST_TILES_FOR_UMAP = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """Tiles as points on a plane."""

    points: NDArray[np.float32]
    """(n_tiles, 2); read-only."""
    method: Method
    """How they were laid out."""
    axis_labels: tuple[str, str]
    """What the axes are, with the share of variance for "pca"."""
    explained: tuple[float, float] | None
    """Share of the variance along each axis; None for "umap", whose axes and distances mean nothing."""

    def __post_init__(self) -> None:
        self.points.flags.writeable = False


def project(
    bag: FeatureBag,
    method: Method = "pca",
    *,
    components: Components | None = None,
    seed: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Projection:
    """Lay the tiles of a slide out on a plane.

    Parameters
    ----------
    bag : FeatureBag
        The slide's features.
    method : {"pca", "umap"}
        "pca" is exact and quick. "umap" pulls groups apart and takes its time; it needs the extra
        ``explore``.
    components : Components, optional
        At least two for "pca", `N_COMPONENTS` for "umap", if they have been computed before.
    seed : int
        Seed of "umap".
    progress : callable
        Called as it goes on; UMAP itself only says that it has begun.
    cancel : CancelToken, optional
        Looked at once a block of tiles; UMAP cannot be stopped half-way, only before and after.

    Returns
    -------
    Projection
        Equal for equal features, method and seed.

    Raises
    ------
    MissingExtraError
        If "umap" is wanted and not installed.
    NoTilesError
        If the bag is empty.
    ModelMismatchError
        If features are not finite.
    AnalysisCancelledError
        If it was cancelled.

    References
    ----------
    McInnes, Healy, Melville (2018). UMAP: Uniform Manifold Approximation and Projection for dimension
    reduction. arXiv 1802.03426.
    """
    cancel = cancel or CancelToken()
    umap = _import_umap(progress) if method == "umap" else None
    if components is None:
        n_components = 2 if umap is None else N_COMPONENTS
        components = principal_components(bag, n_components, progress=progress, cancel=cancel)
    if umap is not None and len(bag) >= LEAST_TILES_FOR_UMAP:
        cancel.raise_if_cancelled()
        progress(Progress(stage="computing UMAP", done=0, total=0))
        points = _umap(umap, components.points, seed)
        cancel.raise_if_cancelled()
        return Projection(points=points, method="umap", axis_labels=("UMAP 1", "UMAP 2"), explained=None)
    points, explained = np.zeros((len(bag), 2), np.float32), np.zeros(2)
    n = min(2, components.points.shape[1])
    points[:, :n], explained[:n] = components.points[:, :2], components.explained[:2]
    first, second = (float(share) for share in explained)
    return Projection(
        points=points,
        method="pca",
        axis_labels=(f"PC 1 ({first:.0%})", f"PC 2 ({second:.0%})"),
        explained=(first, second),
    )


def _import_umap(progress: ProgressCallback) -> Any:
    """Import UMAP only now: its compiler takes seconds to start."""
    progress(Progress(stage="loading UMAP", done=0, total=0))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ImportWarning)  # that it does without TensorFlow
            import umap
    except ImportError as error:
        raise MissingExtraError(
            "UMAP is not installed.", advice="pip install 'napari-histcode[explore]', or choose PCA."
        ) from error
    return umap


def _umap(umap: Any, points: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    reducer = umap.UMAP(
        n_neighbors=min(N_NEIGHBOURS, len(points) - 1),
        init="random" if len(points) <= N_NEIGHBOURS else "spectral",
        random_state=seed,
        n_jobs=1,  # with a seed it uses one anyway, and would warn
    )
    return np.ascontiguousarray(reducer.fit_transform(points), np.float32)
