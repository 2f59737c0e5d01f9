import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.export.figures.blend import blend, place_on, resize_rgb
from napari_histcode.heatmap import draw_heatmap
from napari_histcode.heatmap.colour import colourise
from tests.builders import make_grid, make_map, make_scores, make_slide_record


def heatmap_on(dimensions, *, chosen, tile=100.0, first=(0, 0), overlap=0.0, values=None):
    """A heatmap of square tiles of so many level-0 pixels on a slide of that size."""
    grid = make_grid(chosen=np.asarray(chosen, bool), first=first, overlap=overlap)
    grid = dataclasses.replace(
        grid,
        size_px0=(tile, tile),
        stride_px0=(tile * (1 - overlap), tile * (1 - overlap)),
        slide=make_slide_record(dimensions),
    )
    values = np.arange(len(grid)) if values is None else values
    return draw_heatmap(make_scores(grid=grid, maps=(make_map("a.attention", values),)), "a.attention")


def test_a_planted_map_is_at_its_place():
    # tiles (2, 1) and (4, 3) of 100 px on 1000 x 800 px, seen at a tenth
    chosen = np.zeros((4, 5), bool)
    chosen[1, 2] = chosen[3, 4] = True
    heatmap = heatmap_on((1000, 800), chosen=chosen, values=[0, 1])
    overview = np.full((80, 100, 3), 250, np.uint8)
    mixed = blend(overview, heatmap, alpha=1.0, limits=(0, 1))
    colours = colourise(heatmap, limits=(0, 1))
    expected = overview.copy()
    expected[10:20, 20:30] = colours[0, 0, :3]
    expected[30:40, 40:50] = colours[2, 2, :3]
    np.testing.assert_array_equal(mixed, expected)


def test_cells_of_overlapping_tiles_are_centred():
    heatmap = heatmap_on((1000, 800), chosen=[[1]], overlap=0.5)
    columns, rows = place_on(heatmap, (1000, 800))
    assert np.flatnonzero(columns == 0).tolist() == list(range(25, 75))
    assert np.flatnonzero(rows == 0).tolist() == list(range(25, 75))


@settings(deadline=None, max_examples=40)
@given(
    st.tuples(st.integers(50, 3000), st.integers(50, 3000)),
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.floats(7, 400),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.sampled_from([0.0, 0.5]),
)
def test_every_pixel_shows_the_tile_its_centre_is_in(dimensions, size_px, tile, first, overlap):
    heatmap = heatmap_on(dimensions, chosen=np.ones((3, 4)), tile=tile, first=first, overlap=overlap)
    columns, rows = place_on(heatmap, size_px)
    for axis, found in ((0, columns), (1, rows)):
        count = heatmap.raster.shape[1 - axis]
        for pixel, place in enumerate(found):
            centre = (pixel + 0.5) * dimensions[axis] / size_px[axis]
            inside = [
                k
                for k in range(count)
                if heatmap.origin_px0[axis] + k * heatmap.pixel_px0[axis]
                <= centre
                < heatmap.origin_px0[axis] + (k + 1) * heatmap.pixel_px0[axis]
            ]
            if not any(
                abs(centre - heatmap.origin_px0[axis] - k * heatmap.pixel_px0[axis]) < 1e-6
                for k in range(count + 1)
            ):
                assert [place] == (inside or [-1])


def test_tissue_under_tiles_is_grey_and_elsewhere_untouched():
    heatmap = heatmap_on((200, 100), chosen=[[1, 0]], values=[0.5])
    overview = np.zeros((10, 20, 3), np.uint8)
    overview[...] = (200, 100, 180)
    mixed = blend(overview, heatmap, alpha=0.0, limits=(0, 1))
    grey = round(0.2126 * 200 + 0.7152 * 100 + 0.0722 * 180)
    assert (mixed[:, :10] == grey).all()
    np.testing.assert_array_equal(mixed[:, 10:], overview[:, 10:])


def test_alpha_mixes_linearly():
    heatmap = heatmap_on((100, 100), chosen=[[1]], values=[0.25])
    overview = np.full((4, 4, 3), 180, np.uint8)
    colour = colourise(heatmap, limits=(0, 1))[0, 0, :3].astype(float)
    mixed = blend(overview, heatmap, alpha=0.25, limits=(0, 1))
    np.testing.assert_allclose(mixed[2, 2], 0.75 * 180 + 0.25 * colour, atol=0.51)


def test_gaps_show_the_slide():
    heatmap = heatmap_on((300, 100), chosen=[[1, 0, 1]], values=[np.nan, 1])
    overview = np.full((10, 30, 3), 180, np.uint8)
    mixed = blend(overview, heatmap)
    assert (mixed[:, :20] == 180).all()
    assert (mixed[:, 20:] != 180).any()


def test_alpha_outside_0_to_1():
    with pytest.raises(ValueError, match="alpha"):
        blend(np.zeros((2, 2, 3), np.uint8), heatmap_on((100, 100), chosen=[[1]]), alpha=1.5)


def test_resize():
    rgb = np.random.default_rng(0).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    assert resize_rgb(rgb, (30, 20)) is rgb
    assert resize_rgb(rgb, (7, 50)).shape == (50, 7, 3)
