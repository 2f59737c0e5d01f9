import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.errors import ModelMismatchError, NoTilesError, UnknownMapError
from napari_histcode.heatmap import HeatmapConfig, default_config, draw_heatmap
from tests.builders import make_grid, make_map, make_scores


def planted(grid, **map_options):
    values = np.arange(len(grid), dtype=np.float32)
    return make_scores(grid=grid, maps=(make_map("tissue.attention", values, **map_options),))


def test_one_pixel_a_tile_at_its_place():
    chosen = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0]], bool)
    heatmap = draw_heatmap(planted(make_grid(chosen=chosen, first=(4, 2))), "tissue.attention")
    expected = [[0, np.nan, 1], [np.nan] * 3, [2, 3, np.nan]]
    np.testing.assert_array_equal(heatmap.raster, expected)
    assert heatmap.raster.dtype == np.float32
    assert heatmap.origin_px0 == (4 * 448.0, 2 * 448.0)
    assert heatmap.pixel_px0 == (448.0, 448.0)


def test_overlapping_tiles_get_the_cell_in_their_middle():
    grid = make_grid(3, 2, overlap=0.75, mpp=0.37)
    heatmap = draw_heatmap(planted(grid), "tissue.attention")
    assert heatmap.pixel_px0 == grid.stride_px0
    margin = (grid.size_px0[0] - grid.stride_px0[0]) / 2
    assert heatmap.origin_px0 == (margin, margin)


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from([0.0, 0.25, 0.5, 0.9]),
    st.floats(0.1, 2),
    st.tuples(st.integers(0, 500), st.integers(0, 500)),
    st.data(),
)
def test_pixel_centres_are_tile_centres(overlap, mpp, first, data):
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    chosen = np.array(
        data.draw(st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    )
    chosen[data.draw(st.integers(0, len(chosen) - 1))] = True
    grid = make_grid(chosen=chosen.reshape(shape), first=first, overlap=overlap, mpp=mpp)
    heatmap = draw_heatmap(planted(grid), "tissue.attention")
    row, column = np.nonzero(~np.isnan(heatmap.raster))
    assert len(row) == len(grid)
    values = heatmap.raster[row, column].astype(int)
    centres = np.array(heatmap.origin_px0) + (np.stack([column, row], 1) + 0.5) * heatmap.pixel_px0
    np.testing.assert_allclose(centres, grid.centre_px0[values], rtol=1e-12, atol=1e-6)


def test_normalisation_shows_in_values_quantity_and_limits():
    scores = planted(make_grid(5, 4), quantity="log-odds", is_signed=True, unit="nat")
    raw = draw_heatmap(scores, "tissue.attention")
    assert (raw.quantity, raw.unit, raw.is_signed) == ("log-odds", "nat", True)
    assert raw.limits[0] == -raw.limits[1]
    percentile = draw_heatmap(scores, "tissue.attention", HeatmapConfig(normalisation="percentile"))
    assert percentile.limits == (0, 100)
    assert not percentile.is_signed
    assert "percentile" in percentile.quantity
    assert percentile.raster[0, 0] == pytest.approx(2.5)
    z = draw_heatmap(scores, "tissue.attention", HeatmapConfig(normalisation="z"))
    assert (z.unit, z.is_signed, z.limits) == ("SD", True, (-3, 3))
    assert np.nanmean(z.raster) == pytest.approx(0, abs=1e-6)


def test_attention_is_shown_as_percentile_and_the_rest_raw():
    assert default_config(make_map("tissue.attention", [1])).normalisation == "percentile"
    assert default_config(make_map("tissue.x.single_tile", [1])).normalisation == "raw"


def test_errors_say_what_is_wrong():
    scores = make_scores(2, 2)
    with pytest.raises(UnknownMapError, match=r"tissue\.attention"):
        draw_heatmap(scores, "nothing")
    grid = scores.grid
    with pytest.raises(ModelMismatchError, match="3 values for 4"):
        draw_heatmap(make_scores(grid=grid, maps=(make_map("a", [1, 2, 3]),)), "a")
    empty = grid.select(np.zeros(4, bool))
    with pytest.raises(NoTilesError):
        draw_heatmap(make_scores(grid=empty, maps=(make_map("a", []),)), "a")


@pytest.mark.parametrize("normalisation", ["raw", "percentile", "z"])
def test_fifty_thousand_tiles_take_milliseconds(normalisation):
    scores = make_scores(250, 200)
    config = HeatmapConfig(normalisation=normalisation)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        draw_heatmap(scores, "tissue.attention", config)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.05
