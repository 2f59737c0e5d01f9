"""What any map should beat: simple maps that know nothing of the model.

They are computed always and shown beside the maps: a map that ranks no better than the darkness of the stain
has not shown that it knows the disease.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.config import Stream, random_for
from napari_histcode.tiling.grid import TileGrid


@dataclass(frozen=True, kw_only=True, eq=False)
class Baseline:
    """A simple map."""

    name: str
    """Identifier: "baseline.tissue"."""
    label: str
    """The name as shown."""
    values: NDArray[np.float64]
    """(n_tiles,) values."""


def make_baselines(
    grid: TileGrid,
    *,
    overview: NDArray[np.uint8] | None,
    features: NDArray[np.floating] | None,
    seed: int,
) -> tuple[Baseline, ...]:
    """Make all baselines that the inputs allow.

    Parameters
    ----------
    grid : TileGrid
        The tiles.
    overview : ndarray of uint8, (height, width, 3), optional
        The whole slide as a small picture, for the nuclear density.
    features : ndarray, (n_tiles, feature_dim), optional
        Features of the tiles, for their distance from the mean.
    seed : int
        Seed of the random map.
    """
    n = len(grid)
    random = random_for(seed, Stream.BASELINE).random(n)
    baselines = [
        Baseline(name="baseline.random", label="random", values=random),
        Baseline(name="baseline.uniform", label="uniform", values=np.full(n, 1 / max(n, 1))),
        Baseline(
            name="baseline.tissue", label="tissue fraction", values=grid.tissue_fraction.astype(np.float64)
        ),
    ]
    if overview is not None:
        density = nuclear_density(overview, grid)
        baselines.append(Baseline(name="baseline.nuclei", label="nuclear density", values=density))
    if features is not None:
        distance = mean_feature_distance(features)
        baselines.append(
            Baseline(name="baseline.features", label="distance from mean feature", values=distance)
        )
    return tuple(baselines)


def nuclear_density(overview: NDArray[np.uint8], grid: TileGrid) -> NDArray[np.float64]:
    """Mean haematoxylin of each tile, by colour deconvolution (Ruifrok and Johnston 2001).

    Parameters
    ----------
    overview : ndarray of uint8, (height, width, 3)
        The whole slide; its corners are the slide's. Nuclei need not be resolved: their stain is averaged.
    grid : TileGrid
        The tiles.

    Returns
    -------
    ndarray of float64, (n_tiles,)
        In the units of `skimage.color.rgb2hed`, averaged over the exact area of the tile.
    """
    from skimage.color import rgb2hed

    haematoxylin = np.asarray(rgb2hed(overview)[..., 0], np.float64)
    height, width = haematoxylin.shape
    scale = np.array([width, height]) / grid.slide.dimensions
    low = grid.xy_px0 * scale
    high = low + np.asarray(grid.size_px0) * scale
    low, high = np.clip(low, 0, (width, height)), np.clip(high, 0, (width, height))
    sums = np.zeros((height + 1, width + 1))
    np.cumsum(np.cumsum(haematoxylin, axis=0), axis=1, out=sums[1:, 1:])
    total = (
        _bilinear(sums, high[:, 0], high[:, 1])
        - _bilinear(sums, low[:, 0], high[:, 1])
        - _bilinear(sums, high[:, 0], low[:, 1])
        + _bilinear(sums, low[:, 0], low[:, 1])
    )
    area = np.prod(high - low, axis=1)
    return np.asarray(np.divide(total, area, out=np.zeros(len(grid)), where=area > 0))


def mean_feature_distance(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Euclidean distance of each tile's feature from the slide's mean feature, (n_tiles,)."""
    if not len(features):
        return np.empty(0)
    mean = features.mean(axis=0, dtype=np.float64)
    step = 4096
    parts = [
        np.linalg.norm(features[start : start + step].astype(np.float64) - mean, axis=1)
        for start in range(0, len(features), step)
    ]
    return np.concatenate(parts)


def _bilinear(
    sums: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Read a summed-area table between its entries, which is exact for pixels of even colour."""
    column = np.minimum(x.astype(np.intp), sums.shape[1] - 2)
    row = np.minimum(y.astype(np.intp), sums.shape[0] - 2)
    right, down = x - column, y - row
    upper = sums[row, column] * (1 - right) + sums[row, column + 1] * right
    lower = sums[row + 1, column] * (1 - right) + sums[row + 1, column + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)
