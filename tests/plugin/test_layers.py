"""Registration: whatever the sizes, edges of slide, heatmap and regions coincide in napari's world."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.heatmap import draw_heatmap
from napari_histcode.plugin.layers import (
    METADATA_KEY,
    are_regions_on,
    heatmap_layer_data,
    names_layer_data,
    pen_keywords,
    px0_from_vertices,
    px0_from_world,
    regions_key_of,
    regions_layer_data,
    slide_key_of,
    slide_layer_data,
    units_of,
    vertices_from_px0,
    world_from_px0,
)
from napari_histcode.slide import Mpp, SlideRecord
from tests.builders import make_grid, make_map, make_scores, make_slide_record

napari_layers = pytest.importorskip("napari.layers")

relaxed = settings(deadline=None, max_examples=60)
lengths = st.integers(64, 200_000)
resolutions = st.floats(0.05, 2.0)


@st.composite
def records(draw: st.DrawFn) -> SlideRecord:
    x = draw(resolutions)
    y = x * draw(st.floats(0.9, 1.1))
    return make_slide_record((draw(lengths), draw(lengths)), Mpp(x=x, y=y, source="file"))


class LazySlide:
    """As much of a slide as a layer needs; levels of arbitrary, non-integer ratios."""

    def __init__(self, record: SlideRecord) -> None:
        self.record = record

    def pyramid(self) -> list[object]:
        import dask.array as da

        return [
            da.zeros((height, width, 3), dtype=np.uint8, chunks=(1024, 1024, 3))
            for width, height in self.record.level_dimensions
        ]


@relaxed
@given(record=records(), x=st.floats(-1e5, 2e5), y=st.floats(-1e5, 2e5))
def test_there_and_back(record: SlideRecord, x: float, y: float) -> None:
    there = world_from_px0((x, y), record)
    np.testing.assert_allclose(px0_from_world(there, record), (x, y), atol=1e-6)


@relaxed
@given(record=records(), x=st.floats(0, 1e5), y=st.floats(0, 1e5))
def test_axes_are_swapped_once(record: SlideRecord, x: float, y: float) -> None:
    row, column = world_from_px0((x, y), record)
    assert row == pytest.approx((y - 0.5) * record.mpp.y)
    assert column == pytest.approx((x - 0.5) * record.mpp.x)


@relaxed
@given(
    mpp=resolutions,
    overlap=st.sampled_from((0.0, 0.25, 0.5)),
    first=st.tuples(st.integers(0, 500), st.integers(0, 500)),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6)),
)
def test_heatmap_edges_are_tile_edges(
    mpp: float, overlap: float, first: tuple[int, int], shape: tuple[int, int]
) -> None:
    grid = make_grid(*shape, overlap=overlap, mpp=mpp, first=first)
    scores = make_scores(grid=grid, maps=[make_map(values=np.arange(len(grid)))])
    heatmap = draw_heatmap(scores, "tissue.attention")
    data, keywords, kind = heatmap_layer_data(heatmap, grid.slide)
    assert kind == "image"
    layer = napari_layers.Image(data, **keywords)

    corner = np.asarray(heatmap.origin_px0)
    opposite = corner + np.multiply(heatmap.pixel_px0, data.shape[::-1])
    np.testing.assert_allclose(
        _outline(layer), [world_from_px0(corner, grid.slide), world_from_px0(opposite, grid.slide)]
    )
    # and a raster pixel has its centre on its tile's centre
    column, row = grid.index[-1] - grid.index[0]
    centre = layer.data_to_world((row, column))
    np.testing.assert_allclose(centre, world_from_px0(grid.centre_px0[-1], grid.slide))
    assert all(str(unit) == "micrometer" for unit in layer.units)


def _outline(layer: object) -> np.ndarray:
    """Outer edges of a layer in the world: napari's extent ends at the centres of the outer pixels."""
    return layer._extent_world_augmented  # type: ignore[attr-defined]


@relaxed
@given(
    size=st.tuples(st.integers(500, 5000), st.integers(500, 5000)),
    ratios=st.lists(st.floats(1.3, 4.7), min_size=0, max_size=3),
    mpp=resolutions,
)
def test_levels_of_any_ratio_cover_the_same_ground(
    size: tuple[int, int], ratios: list[float], mpp: float
) -> None:
    levels = [size]
    for ratio in ratios:
        levels.append((max(16, int(levels[-1][0] / ratio)), max(16, int(levels[-1][1] / ratio))))
    record = make_slide_record(size, Mpp(x=mpp, y=mpp, source="file"))
    record = SlideRecord(**{**_fields(record), "level_dimensions": tuple(levels)})
    data, keywords, _ = slide_layer_data(LazySlide(record), key="k")
    layer = napari_layers.Image(data, visible=False, **keywords)

    np.testing.assert_allclose(
        _outline(layer), [world_from_px0((0, 0), record), world_from_px0(size, record)], rtol=1e-9, atol=1e-9
    )
    # napari stretches a level by the ratio of its shape, which is the record's own downsample, exactly
    np.testing.assert_allclose(layer.downsample_factors[:, 1], [d[0] for d in record.level_downsamples])
    np.testing.assert_allclose(layer.downsample_factors[:, 0], [d[1] for d in record.level_downsamples])


def _fields(record: SlideRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def test_layer_of_a_slide_tells_no_secrets() -> None:
    record = make_slide_record()
    _, keywords, kind = slide_layer_data(LazySlide(record), key="k3y")
    assert kind == "image"
    assert keywords["name"] == record.alias
    assert slide_key_of(keywords["metadata"]) == "k3y"
    assert set(keywords["metadata"][METADATA_KEY]) == {
        "kind", "slide_key", "alias", "dimensions", "mpp", "mpp_source", "objective", "vendor",
    }  # fmt: skip


def test_unknown_resolution_is_shown_in_pixels() -> None:
    record = SlideRecord(**{**_fields(make_slide_record()), "mpp": None})
    assert units_of(record) == ("pixel", "pixel")
    np.testing.assert_allclose(world_from_px0((10, 20), record), (19.5, 9.5))


def test_other_layers_are_not_ours() -> None:
    assert slide_key_of({}) is None
    assert slide_key_of({METADATA_KEY: "nonsense"}) is None
    assert slide_key_of({METADATA_KEY: {"kind": "map"}}) is None


def test_regions_lie_where_they_were_drawn() -> None:
    record = make_slide_record()
    xy = np.array([(100, 200), (300, 200), (300, 500)], float)
    np.testing.assert_allclose(px0_from_vertices(vertices_from_px0(xy)), xy)
    pen = napari_layers.Shapes([vertices_from_px0(xy)], shape_type="path", **pen_keywords(record))
    np.testing.assert_allclose(pen.data_to_world(pen.data[0][0]), world_from_px0((100, 200), record))
    width, height = record.dimensions
    levels = [np.zeros((height, width, 4), np.uint8), np.zeros((height // 2, width // 2, 4), np.uint8)]
    data, keywords, kind = regions_layer_data(levels, record, key="k")
    assert kind == "image"
    picture = napari_layers.Image(data, **keywords)
    np.testing.assert_allclose(picture.data_to_world((199.5, 99.5)), world_from_px0((100, 200), record))
    assert are_regions_on(keywords["metadata"], record)
    assert regions_key_of(keywords["metadata"], record) == "k"
    assert regions_key_of(pen_keywords(record)["metadata"], record) is None
    places, keywords, kind = names_layer_data([(100, 200)], ["Tumor"], ["#c80000"], record)
    names = napari_layers.Points(places, **keywords)
    np.testing.assert_allclose(names.data_to_world(names.data[0]), world_from_px0((100, 200), record))
