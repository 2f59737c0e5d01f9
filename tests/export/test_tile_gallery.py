import base64
import io
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from napari_histcode.errors import AnalysisCancelledError
from napari_histcode.export.tile_gallery import extreme_tiles, gallery
from napari_histcode.progress import CancelToken
from napari_histcode.tiling.read import read_tile
from tests.array_slide import ArraySlide
from tests.builders import make_grid, make_map, make_scores
from tests.slide.tiffs import painted


@given(
    values=st.lists(st.sampled_from([0.0, 1.0, 2.0, -1.5, np.nan, np.inf]), max_size=30), n=st.integers(0, 8)
)
def test_the_extremes_are_extreme(values, n):
    values = np.array(values, float)
    found = extreme_tiles(values, n)
    finite = np.flatnonzero(np.isfinite(values))
    assert len(found.highest) == min(n, len(finite))
    assert len(found.lowest) == min(n, len(finite) - len(found.highest))
    chosen = [*found.highest, *found.lowest]
    assert len(set(chosen)) == len(chosen)
    if n:
        rest = [values[i] for i in finite if i not in chosen]
        assert values[list(found.highest)].tolist() == sorted(values[finite])[::-1][: len(found.highest)]
        assert values[list(found.lowest)].tolist() == sorted(values[finite])[: len(found.lowest)]
        assert all(values[found.highest[-1]] >= value >= values[found.lowest[-1]] for value in rest)


def test_of_equal_values_the_first_tile_counts_as_higher():
    assert extreme_tiles(np.array([1.0, 1.0, 1.0, 0.0]), 2).highest == (0, 1)


@pytest.fixture
def planted():
    grid = make_grid(4, 1, mpp=1.0)
    values = np.array([0.25, -1, 3, np.nan], np.float32)
    return make_scores(grid=grid, maps=(make_map("a.b.single_tile", values, label="b <&>", is_signed=True),))


def figures(html):
    found = re.findall(r"<figure>(.*?)</figure>", html)
    pictures = [re.search(r'base64,([^"]+)"', one) for one in found]
    texts = [re.sub("<.*?>", " ", one.split("<figcaption>")[1]).split() for one in found]
    return [None if p is None else Image.open(io.BytesIO(base64.b64decode(p[1]))) for p in pictures], texts


def test_every_picture_is_its_tile(planted):
    slide = ArraySlide(painted(*planted.grid.slide.dimensions), mpp=1.0)
    html = "".join(gallery(planted, planted.map_names, slide, n=2))
    pictures, texts = figures(html)
    assert [text[0] for text in texts] == ["3", "0.25", "\N{MINUS SIGN}1"]
    assert texts[0][1:] == ["x", "448,", "y", "0", "px"]
    for picture, i in zip(pictures, (2, 0, 1), strict=True):
        expected = read_tile(slide, planted.grid, i)
        assert picture.size == (224, 224)
        assert np.abs(np.asarray(picture).astype(int) - expected).mean() < 3
    assert "b &lt;&amp;&gt;" in html


def test_a_damaged_tile_is_said(planted):
    slide = ArraySlide(painted(*planted.grid.slide.dimensions), mpp=1.0, corrupt_px0=(448, 0, 672, 224))
    html = "".join(gallery(planted, planted.map_names, slide, n=1))
    pictures, _ = figures(html)
    assert pictures[0] is None
    assert "cannot be decoded" in html


def test_a_tile_of_several_maps_is_read_once(planted):
    slide = ArraySlide(painted(*planted.grid.slide.dimensions), mpp=1.0)
    list(gallery(planted, planted.map_names * 3, slide, n=2))
    assert slide.n_reads == 3


def test_cancelled(planted):
    cancel = CancelToken()
    cancel.cancel()
    slide = ArraySlide(painted(*planted.grid.slide.dimensions), mpp=1.0)
    with pytest.raises(AnalysisCancelledError):
        list(gallery(planted, planted.map_names, slide, n=2, cancel=cancel))
