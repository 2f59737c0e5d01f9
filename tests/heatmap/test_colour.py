import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_histcode.heatmap import HeatmapConfig, draw_heatmap
from napari_histcode.heatmap.colour import (
    DIVERGING,
    SEQUENTIAL,
    colour_table,
    colourise,
    default_colormap,
    default_limits,
)
from tests.builders import make_grid, make_map, make_scores


def heatmap_of(values, *, is_signed=False, normalisation="raw"):
    values = np.asarray(values, np.float32)
    grid = make_grid(len(values), 1)
    scores = make_scores(grid=grid, maps=(make_map("tissue.attention", values, is_signed=is_signed),))
    return draw_heatmap(scores, "tissue.attention", HeatmapConfig(normalisation=normalisation))


def luminance(rgb):
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_sequential_scales_only_get_lighter(name):
    assert (np.diff(luminance(colour_table(name)[:, :3])) > 0).all()


@pytest.mark.parametrize("name", DIVERGING)
def test_diverging_scales_are_lightest_in_the_middle(name):
    light = luminance(colour_table(name)[:, :3])
    assert 118 <= light.argmax() <= 137
    middle = colour_table(name, 257)[128, :3]
    assert np.ptp(middle) < 0.05


@pytest.mark.parametrize("name", DIVERGING)
def test_the_ends_of_diverging_scales_differ_for_red_green_blindness(name):
    # without its red-green difference a colour is left with yellow against blue
    table = colour_table(name)[:, :3]
    yellow_blue = table[:, :2].mean(axis=1) - table[:, 2]
    assert yellow_blue[20] * yellow_blue[-21] < 0


def test_signed_maps_get_a_diverging_scale():
    assert default_colormap(heatmap_of([-1, 2], is_signed=True)) in DIVERGING
    assert default_colormap(heatmap_of([-1, 2], is_signed=True, normalisation="percentile")) in SEQUENTIAL
    assert default_colormap(heatmap_of([1, 2])) in SEQUENTIAL
    assert default_colormap(heatmap_of([1, 2], normalisation="z")) in DIVERGING


finite = hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e12, 1e12, allow_subnormal=False))


@settings(deadline=None, max_examples=80)
@given(finite, st.booleans())
def test_limits_ascend_and_signed_ones_are_symmetric(values, is_signed):
    low, high = default_limits(values, is_signed=is_signed, normalisation="raw")
    assert np.isfinite([low, high]).all()
    assert low < high
    if is_signed:
        assert low == -high


def test_limits_are_robust():
    values = np.append(np.linspace(0, 1, 1000), 1e6)
    low, high = default_limits(values, is_signed=False, normalisation="raw")
    assert low == pytest.approx(0.01, abs=2e-3)
    assert high == pytest.approx(0.99, abs=2e-3)


@pytest.mark.parametrize(
    ("values", "is_signed", "expected"),
    [
        ([5.0], False, (0, 5)),
        ([-5.0], False, (-5, 0)),
        ([0.0, 0.0], False, (0, 1)),
        ([0.0], True, (-1, 1)),
        ([-2.0], True, (-2, 2)),
        ([np.nan, np.inf], False, (0, 1)),
        ([], True, (-1, 1)),
        ([0.0] * 999 + [7.0], False, (0, 7)),
    ],
)
def test_limits_of_degenerate_maps(values, is_signed, expected):
    assert default_limits(values, is_signed=is_signed, normalisation="raw") == expected


def test_colours_of_known_values():
    heatmap = heatmap_of([0, 50, 100, np.nan])
    colours = colourise(heatmap, "viridis", (0, 100))
    assert colours.shape == (1, 4, 4)
    assert colours.dtype == np.uint8
    table = np.round(255 * colour_table("viridis")).astype(int)
    assert colours[0, 0].tolist() == table[0].tolist()
    assert colours[0, 1].tolist() == table[128].tolist()
    assert colours[0, 2].tolist() == table[255].tolist()
    assert colours[0, 3].tolist() == [0, 0, 0, 0]
    assert (colours[0, :3, 3] == 255).all()


def test_values_beyond_take_the_colour_of_the_end():
    colours = colourise(heatmap_of([-9, -1, 1, 9], is_signed=True), limits=(-1, 1))
    assert colours[0, 0].tolist() == colours[0, 1].tolist()
    assert colours[0, 2].tolist() == colours[0, 3].tolist()


def test_zero_of_a_signed_map_is_neutral():
    heatmap = heatmap_of([-1, 0, 5], is_signed=True)
    red, green, blue, _ = colourise(heatmap)[0, 1].tolist()
    assert max(red, green, blue) - min(red, green, blue) <= 12


def test_colours_equal_matplotlib():
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    values = np.random.default_rng(1).normal(size=200).astype(np.float32)
    heatmap = heatmap_of(values)
    expected = colormaps["magma"](Normalize(-2, 2, clip=True)(heatmap.raster), bytes=True)
    difference = np.abs(colourise(heatmap, "magma", (-2, 2)).astype(int) - expected)
    assert difference.max() <= 1


def test_wrong_arguments():
    heatmap = heatmap_of([1, 2])
    with pytest.raises(ValueError, match="ascend"):
        colourise(heatmap, limits=(1, 1))
    with pytest.raises(ValueError, match="viridis"):
        colourise(heatmap, "no such scale")
    assert dataclasses.is_dataclass(heatmap)
