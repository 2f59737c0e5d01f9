"""What is drawn: a marker on the slide and the heatmap of its tile cover the same pixels of the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_histcode.heatmap import draw_heatmap
from napari_histcode.plugin.canvas import ShownMap
from napari_histcode.plugin.reader import read_slide
from napari_histcode.slide import open_slide
from tests.builders import make_grid, make_map, make_scores
from tests.slide.tiffs import write_pyramid

pytestmark = pytest.mark.gui

MPP = 0.5
TILE_PX0 = 448
"""A tile of `make_grid` at 0.5 um/px."""
PLACE = (2, 1)
"""Column and row of the marked tile."""
ZOOM = 1.6
"""Screen pixels per micrometre."""


@pytest.fixture(params=[(), (2, 4), (2.7, 7.3)], ids=["one level", "integer", "non-integer"])
def slide_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    image = np.full((1501, 2003, 3), 255, dtype=np.uint8)
    left, top = PLACE[0] * TILE_PX0, PLACE[1] * TILE_PX0
    image[top : top + TILE_PX0, left : left + TILE_PX0] = (0, 0, 255)
    path = tmp_path / "marked.tif"
    write_pyramid(path, image, request.param, compression="zlib")
    return path


def make_shown(path: Path) -> ShownMap:
    chosen = np.zeros((3, 4), bool)
    chosen[PLACE[1], PLACE[0]] = True
    grid = make_grid(mpp=MPP, chosen=chosen)
    scores = make_scores(grid=grid, maps=[make_map(values=[1.0])])
    heatmap = draw_heatmap(scores, "tissue.attention")
    with open_slide(path, mpp=MPP) as slide:
        return ShownMap(
            heatmap=heatmap,
            record=slide.record,
            raw=heatmap.raster,
            percentile=heatmap.raster,
            raw_unit="",
            colormap="viridis",
            opacity=1.0,
            is_visible=True,
        )


def extent(picture: NDArray[np.uint8], is_marker: NDArray[np.bool_]) -> NDArray[np.int_]:
    rows, columns = np.nonzero(is_marker)
    assert len(rows), "the marker is in view"
    return np.array([rows.min(), columns.min(), rows.max(), columns.max()])


def test_heatmap_lies_on_its_tile(make_napari_viewer: Any, qtbot: Any, slide_path: Path) -> None:
    from napari.layers import Image

    from napari_histcode.plugin.layers import um_per_px0, units_of
    from napari_histcode.plugin.map_layer import MapLayer

    viewer = make_napari_viewer(show=True)
    shown = make_shown(slide_path)
    ((data, keywords, _),) = read_slide(slide_path)
    keywords |= {"scale": um_per_px0(shown.record), "units": units_of(shown.record)}
    slide = viewer.add_layer(Image(data, **keywords))
    heatmap = viewer.add_layer(MapLayer(shown))
    viewer.scene.camera.center = [(PLACE[1] + 0.5) * TILE_PX0 * MPP, (PLACE[0] + 0.5) * TILE_PX0 * MPP]
    viewer.scene.camera.zoom = ZOOM

    heatmap.visible = True
    slide.visible = False
    picture = viewer.screenshot(canvas_only=True, flash=False)
    drawn_heatmap = extent(picture, picture[..., :3].max(axis=2) > 40)

    heatmap.visible, slide.visible = False, True
    for level, downsample in enumerate(slide.downsample_factors[:, 0]):
        slide.locked_data_level = level
        picture = viewer.screenshot(canvas_only=True, flash=False)
        drawn_slide = extent(picture, (picture[..., 2] > 200) & (picture[..., 0] < 128))
        # on a coarse level the marker's edge may be anywhere within a level pixel
        tolerance = 1 + (0 if level == 0 else downsample * MPP * ZOOM)
        np.testing.assert_allclose(drawn_slide, drawn_heatmap, atol=tolerance)
