from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from shapely import Point, Polygon
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from napari_histcode.errors import (
    AnalysisCancelledError,
    MissingExtraError,
    ModelMismatchError,
    NoTilesError,
)
from napari_histcode.exploration import components as components_module
from napari_histcode.exploration.clusters import find_clusters
from napari_histcode.exploration.components import principal_components
from napari_histcode.exploration.lasso import tiles_in_polygon
from napari_histcode.exploration.project import project
from napari_histcode.features.bag import FeatureBag
from napari_histcode.heatmap import draw_tile_map
from napari_histcode.progress import CancelToken, Progress
from tests.teaching.planted import encoder, grid, make_bag, truth

needs_umap = pytest.mark.skipif(
    "HISTCODE_TEST_UMAP" not in os.environ,
    reason="half a minute for UMAP to compile itself; set HISTCODE_TEST_UMAP=1",
)


def bag_of(features: np.ndarray) -> FeatureBag:
    chosen = grid().select(np.arange(len(features)))
    return FeatureBag(
        features=features.astype(np.float32), grid=chosen, encoder=encoder(feature_dim=features.shape[1])
    )


def test_pca_is_that_of_scikit_learn() -> None:
    bag = make_bag(3)
    found = principal_components(bag, 5)
    oracle = PCA(5, svd_solver="full").fit(bag.features.astype(np.float64))
    np.testing.assert_allclose(found.explained, oracle.explained_variance_ratio_, rtol=1e-4)
    expected = oracle.transform(bag.features.astype(np.float64))
    signs = np.sign((expected * found.points).sum(axis=0))
    np.testing.assert_allclose(found.points, expected * signs, atol=1e-3)
    assert (found.axes[np.abs(found.axes).argmax(axis=0), np.arange(5)] > 0).all()


def test_the_plane_says_how_much_it_shows() -> None:
    projection = project(make_bag(3))
    assert projection.points.shape == (192, 2)
    assert projection.points.dtype == np.float32
    assert projection.explained is not None
    first, second = projection.explained
    assert 1 > first > second > 0
    assert projection.axis_labels == (f"PC 1 ({first:.0%})", f"PC 2 ({second:.0%})")
    assert np.array_equal(projection.points, project(make_bag(3)).points)


def test_the_axes_of_a_sample_serve_all_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = project(make_bag(3, distance=6))
    monkeypatch.setattr(components_module, "SAMPLE_TILES", 60)
    sampled = project(make_bag(3, distance=6))
    for axis in range(2):
        assert abs(np.corrcoef(whole.points[:, axis], sampled.points[:, axis])[0, 1]) > 0.95


@pytest.mark.parametrize("features", [np.ones((1, 5)), np.ones((6, 5)), np.arange(7.0)[:, None]])
def test_slides_without_two_directions_are_shown_as_well(features: np.ndarray) -> None:
    projection = project(bag_of(features))
    assert projection.points.shape == (len(features), 2)
    assert np.isfinite(projection.points).all()


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(NoTilesError):
        project(bag_of(np.empty((0, 5))))
    with pytest.raises(ModelMismatchError, match="not finite"):
        project(bag_of(np.full((4, 5), np.nan)))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        project(make_bag(2), cancel=cancel)


def test_umap_that_is_not_there_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'napari-histcode\[explore\]'"):
        project(make_bag(2), "umap")


def test_umap_gets_the_components_a_seed_and_no_more_neighbours_than_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, object]] = []

    class Fake:
        def __init__(self, **options: object) -> None:
            asked.append(options)

        def fit_transform(self, points: np.ndarray) -> np.ndarray:
            return points[:, :2] + 1

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Fake))
    bag, told = make_bag(2), list[Progress]()
    projection = project(bag, "umap", seed=7, progress=told.append)
    np.testing.assert_array_equal(projection.points, principal_components(bag, 50).points[:, :2] + 1)
    assert projection.method == "umap"
    assert projection.explained is None
    assert (asked[0]["random_state"], asked[0]["n_neighbors"]) == (7, 15)
    assert told[0].stage == "loading UMAP"
    assert told[-1].stage == "computing UMAP"
    project(bag_of(np.eye(6)), "umap")
    assert asked[1]["n_neighbors"] == 5
    assert project(bag_of(np.eye(3)), "umap").method == "pca"  # too few to lay out


@needs_umap
def test_umap_keeps_groups_together() -> None:
    told: list[Progress] = []
    projection = project(make_bag(3, distance=8), "umap", progress=told.append)
    assert "computing UMAP" in [progress.stage for progress in told]
    assert projection.explained is None
    points, groups = projection.points, truth(3)
    centres = np.stack([points[groups == c].mean(axis=0) for c in range(3)])
    nearest = np.linalg.norm(points[:, None] - centres, axis=-1).argmin(axis=1)
    assert (nearest == groups).mean() > 0.95


def test_clusters_find_planted_groups() -> None:
    bag = make_bag(3, distance=8)
    found = find_clusters(bag, 3)
    assert adjusted_rand_score(truth(3), found.labels) > 0.95
    assert set(found.labels) == {1, 2, 3}
    assert draw_tile_map(found.tile_map, bag.grid).raster.shape == (12, 16)
    assert np.array_equal(found.labels, find_clusters(bag, 3).labels)


def test_clusters_are_numbered_by_size_with_areas_and_typical_tiles() -> None:
    bag = make_bag(3)
    found = find_clusters(bag, 6)
    sizes = [cluster.n_tiles for cluster in found.clusters]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) == len(bag)
    assert sum(cluster.share for cluster in found.clusters) == pytest.approx(1)
    points = principal_components(bag, 40).points
    for cluster in found.clusters:
        assert (found.labels == cluster.number).sum() == cluster.n_tiles
        assert cluster.area_mm2 == pytest.approx(cluster.n_tiles * 0.224**2)
        assert (found.labels[cluster.typical] == cluster.number).all()
        own = points[found.labels == cluster.number]
        away = np.linalg.norm(points - own.mean(axis=0), axis=1)
        assert away[cluster.typical[0]] <= np.median(away[found.labels == cluster.number])


def test_the_number_of_clusters_has_limits() -> None:
    for wrong in (1, 13):
        with pytest.raises(ValueError, match="2 to 12"):
            find_clusters(make_bag(2), wrong)
    with pytest.raises(NoTilesError, match="too few different"):
        find_clusters(bag_of(np.ones((20, 5))), 2)
    with pytest.raises(NoTilesError, match="too few different"):
        find_clusters(bag_of(np.arange(3.0)[:, None]), 4)
    assert find_clusters(bag_of(np.repeat(np.eye(3), 4, axis=0)), 3).clusters[0].n_tiles == 4


def test_a_lasso_takes_what_it_goes_round() -> None:
    points = np.random.default_rng(0).uniform(0, 10, (200, 2))
    corners = [(1, 1), (8, 2), (5, 5), (9, 9), (2, 8)]
    expected = [i for i, xy in enumerate(points) if Polygon(corners).intersects(Point(xy))]
    assert tiles_in_polygon(points, corners).tolist() == expected
    assert tiles_in_polygon(points, [*corners, corners[0]]).tolist() == expected
    assert tiles_in_polygon([[1, 1], [0, 0]], corners).tolist() == [0]
    assert tiles_in_polygon(points, corners[:2]).tolist() == []
    assert tiles_in_polygon(np.empty((0, 2)), corners).tolist() == []


def test_a_line_that_crosses_itself_takes_both_loops() -> None:
    bow = [(0, 0), (2, 2), (2, 0), (0, 2)]
    assert tiles_in_polygon([[0.2, 1], [1.8, 1], [1, 0.2]], bow).tolist() == [0, 1]
