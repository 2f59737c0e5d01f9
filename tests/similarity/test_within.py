from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from napari_histcode.errors import AnalysisCancelledError, ModelMismatchError, QueryError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.heatmap import draw_tile_map
from napari_histcode.progress import CancelToken, Progress
from napari_histcode.similarity.feature_space import make_space
from napari_histcode.similarity.query import query_tiles, tile_under, tiles_of_region
from napari_histcode.similarity.within import best_first, rank_within, similarity_map
from tests.similarity.planted import FEATURE_DIM, encoder, make_bag


def cosine(features: np.ndarray, tiles: list[int], centre: np.ndarray) -> np.ndarray:
    """The definition, in float64."""
    away = features.astype(np.float64) - centre
    unit = away / np.linalg.norm(away, axis=1, keepdims=True)
    query = unit[tiles].mean(axis=0)
    return unit @ query / np.linalg.norm(query)


@pytest.mark.parametrize("centring", ["slide", "none", "reference"])
@pytest.mark.parametrize("tiles", [[5], [3, 40, 77]])
def test_the_map_is_the_cosine(centring: str, tiles: list[int]) -> None:
    bag = make_bag()
    reference = np.linspace(0, 0.4, FEATURE_DIM)
    centres = {
        "slide": bag.features.mean(axis=0, dtype=np.float64),
        "none": np.zeros(FEATURE_DIM),
        "reference": reference,
    }
    space = make_space(bag, centring=centring, reference=reference if centring == "reference" else None)
    found = similarity_map(space, query_tiles(space, tiles))
    np.testing.assert_allclose(found.values, cosine(bag.features, tiles, centres[centring]), atol=1e-5)
    assert found.kind == "similarity"
    assert found.is_signed == (centring != "none")
    assert draw_tile_map(found, bag.grid).raster.shape == (9, 12)


def test_a_tile_is_most_similar_to_itself_and_its_mirror_image_least() -> None:
    bag = make_bag()
    centre = bag.features.mean(axis=0)
    features = np.concatenate([bag.features[:-2], [centre + 1], [centre - 1]])
    features = np.concatenate([features, 2 * centre - features]).astype(np.float32)
    from tests.similarity.planted import grid_of

    bag = FeatureBag(features=features, grid=grid_of("a1" * 32, 12, 18), encoder=encoder())
    space = make_space(bag)
    values = similarity_map(space, query_tiles(space, 7)).values
    assert values[7] == pytest.approx(1, abs=1e-5)
    assert values[7 + 108] == pytest.approx(-1, abs=1e-4)
    assert values.min() >= -1
    assert values.max() <= 1


def test_scaling_a_tile_away_from_the_centre_changes_nothing() -> None:
    features = make_bag().features - make_bag().features.mean(axis=0)
    factors = np.random.default_rng(0).uniform(0.5, 3, (len(features), 1)).astype(np.float32)
    maps = []
    for scaled in (features, features * factors):
        bag = FeatureBag(features=scaled.copy(), grid=make_bag().grid, encoder=encoder())
        space = make_space(bag, centring="none")
        maps.append(similarity_map(space, query_tiles(space, 3)).values)
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-5)


def test_a_tile_at_the_centre_is_like_nothing() -> None:
    features = np.array(make_bag().features)
    features[4] = 0
    bag = FeatureBag(features=features, grid=make_bag().grid, encoder=encoder())
    space = make_space(bag, centring="none")
    assert similarity_map(space, query_tiles(space, 0)).values[4] == 0
    with pytest.raises(QueryError, match="nothing in common"):
        query_tiles(space, 4)


def test_the_list_is_the_map_from_the_top_without_the_query() -> None:
    bag = make_bag()
    space = make_space(bag)
    query = query_tiles(space, [10, 11])
    values = similarity_map(space, query).values
    hits = rank_within(space, query, values, top=20)
    others = np.setdiff1d(np.arange(len(bag)), [10, 11])
    assert [hit.similarity for hit in hits] == pytest.approx(np.sort(values[others])[::-1][:20])
    assert [hit.rank for hit in hits] == list(range(1, 21))
    corner = np.multiply(hits[0].place, bag.grid.stride_px0)
    assert hits[0].xy_px0 == tuple(corner)
    with_query = rank_within(space, query, values, top=len(bag) + 5, with_query=True)
    assert len(with_query) == len(bag)


def test_suppressed_lists_keep_neighbours_out() -> None:
    bag = make_bag()
    space = make_space(bag)
    query = query_tiles(space, 50)
    values = similarity_map(space, query).values
    hits = rank_within(space, query, values, top=10, is_apart=True)
    places = np.array([hit.place for hit in hits])
    distance = np.abs(places[:, None] - places[None]).max(axis=-1)
    assert (distance[~np.eye(len(hits), dtype=bool)] > 1).all()
    assert (np.abs(places - bag.grid.index[50]).max(axis=1) > 1).all()
    far = np.abs(bag.grid.index - bag.grid.index[50]).max(axis=1) > 1
    assert hits[0].similarity == pytest.approx(values[far].max())


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0]), min_size=1, max_size=30), st.integers(0, 35))
def test_best_first_is_a_stable_sort(values: list[float], n: int) -> None:
    array = np.array(values)
    assert best_first(array, n).tolist() == np.argsort(-array, kind="stable")[:n].tolist()


def test_queries_by_place() -> None:
    grid = make_bag().grid
    width, height = grid.size_px0
    assert tile_under(grid, (1.5 * width, 0.5 * height)) == 1
    assert tiles_of_region(grid, [box(0, 0, 2 * width, height)]).tolist() == [0, 1]
    with pytest.raises(QueryError, match="no tile at"):
        tile_under(grid, (-5, 0))
    with pytest.raises(QueryError, match="No tile"):
        tiles_of_region(grid, [box(0, 0, 1, 1)])


def test_what_cannot_be_compared_is_refused() -> None:
    bag = make_bag()
    space = make_space(bag)
    with pytest.raises(QueryError, match="no tile to search"):
        query_tiles(space, [])
    with pytest.raises(QueryError, match="not among"):
        query_tiles(space, [len(bag)])
    with pytest.raises(ValueError, match="reference"):
        make_space(bag, centring="reference")
    with pytest.raises(ModelMismatchError, match="length"):
        make_space(bag, centring="reference", reference=np.zeros(3))
    for wrong in (np.nan, np.inf):
        damaged = np.array(bag.features)
        damaged[3, 3] = wrong
        with pytest.raises(ModelMismatchError, match="not finite"):
            make_space(FeatureBag(features=damaged, grid=bag.grid, encoder=encoder()))
    opposite = np.array(bag.features)
    opposite[1] = -opposite[0]
    space = make_space(FeatureBag(features=opposite, grid=bag.grid, encoder=encoder()), centring="none")
    with pytest.raises(QueryError, match="nothing in common"):
        query_tiles(space, [0, 1])


def test_progress_is_told_and_cancelling_stops() -> None:
    told: list[Progress] = []
    make_space(make_bag(), progress=told.append)
    assert told[-1].done == told[-1].total == 2 * 108
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        make_space(make_bag(), cancel=cancel)
