import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from napari_histcode.heatmap.normalise import normalise, percentile_ranks, z_scores

values = hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(-1e6, 1e6, width=32))
tied = hnp.arrays(np.float32, st.integers(1, 60), elements=st.integers(-3, 3).map(float))
either = st.one_of(values, tied)
relaxed = settings(deadline=None, max_examples=60)


@relaxed
@given(either)
def test_percentile_equals_scipy(raw):
    ranks = percentile_ranks(raw)
    np.testing.assert_allclose(ranks, 100 * (stats.rankdata(raw) - 0.5) / len(raw))
    expected = [stats.percentileofscore(raw, value, kind="mean") for value in raw]
    np.testing.assert_allclose(ranks, expected)


@relaxed
@given(either)
def test_percentile_stays_inside_and_has_mean_50(raw):
    ranks = percentile_ranks(raw)
    assert ranks.min() > 0
    assert ranks.max() < 100
    assert ranks.mean() == pytest.approx(50)


@relaxed
@given(either)
def test_z_equals_scipy(raw):
    scores = z_scores(raw)
    if raw.min() == raw.max():
        assert (scores == 0).all()
    else:
        np.testing.assert_allclose(scores, stats.zscore(raw.astype(float)), rtol=1e-6, atol=1e-7)
        assert scores.mean() == pytest.approx(0, abs=1e-6)
        assert scores.std() == pytest.approx(1)


@relaxed
@given(either, st.sampled_from(["raw", "percentile", "z"]))
def test_order_is_kept(raw, normalisation):
    result = normalise(raw, normalisation)
    order = np.argsort(raw, kind="stable")
    assert (np.diff(result[order]) >= 0).all()
    same = np.diff(raw[order]) == 0
    assert (np.diff(result[order])[same] == 0).all()


@relaxed
@given(either, st.sampled_from(["raw", "percentile", "z"]), st.randoms(use_true_random=False))
def test_permuting_tiles_permutes_results(raw, normalisation, random):
    order = list(range(len(raw)))
    random.shuffle(order)
    expected = normalise(raw, normalisation)[order]
    np.testing.assert_allclose(normalise(raw[order], normalisation), expected, rtol=1e-9, atol=1e-9)


@relaxed
@given(either, st.sampled_from(["percentile", "z"]), st.data())
def test_missing_values_change_nothing_else(raw, normalisation, data):
    holes = data.draw(st.lists(st.integers(0, len(raw)), max_size=4))
    filled = np.insert(raw.astype(float), holes, np.nan)
    result = normalise(filled, normalisation)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(filled))
    np.testing.assert_allclose(result[~np.isnan(filled)], normalise(raw, normalisation))


def test_one_tile_and_constant_maps_stand_in_the_middle():
    assert percentile_ranks([7.0]).tolist() == [50.0]
    assert percentile_ranks([2.0] * 9).tolist() == [50.0] * 9
    assert z_scores([7.0]).tolist() == [0.0]
    assert z_scores(np.full(1000, 0.1)).tolist() == [0.0] * 1000


def test_known_ranks():
    assert percentile_ranks([30, 10, 20, 20]).tolist() == [87.5, 12.5, 50.0, 50.0]


@pytest.mark.parametrize("scale", [1e-300, 1e-40, 1e300])
def test_z_survives_extreme_scales(scale):
    expected = z_scores(np.arange(5.0))
    np.testing.assert_allclose(z_scores(np.arange(5.0) * scale), expected, rtol=1e-9)


def test_infinite_values_count_as_missing():
    result = z_scores([1.0, np.inf, 3.0, -np.inf, np.nan])
    np.testing.assert_allclose(result, [-1, np.nan, 1, np.nan, np.nan])
    np.testing.assert_array_equal(percentile_ranks([1.0, np.inf, 3.0]), [25, np.nan, 75])


def test_all_missing_and_empty():
    assert np.isnan(percentile_ranks([np.nan, np.nan])).all()
    assert np.isnan(z_scores([np.nan])).all()
    assert len(percentile_ranks([])) == len(z_scores([])) == 0


def test_unknown_normalisation():
    with pytest.raises(ValueError, match="percentile"):
        normalise([1.0], "rank")
