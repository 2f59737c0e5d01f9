import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from napari_histcode.errors import OutputError, ResultError
from napari_histcode.export.figures.blend import blend, resize_rgb
from napari_histcode.export.figures.images import export_overlay, export_overview, shrink
from napari_histcode.export.figures.overlay_figure import OverlayStyle, draw_overlay_figure, picture_size
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.png import jpeg_bytes, read_png
from napari_histcode.heatmap import HeatmapConfig, draw_heatmap
from tests.builders import make_grid, make_map, make_scores

LONG = "a rather long label of a gene signature in a tumour microenvironment " * 3


def one_map(n_columns, n_rows, **map_options):
    grid = make_grid(n_columns, n_rows)
    values = np.random.default_rng(0).normal(size=len(grid))
    return make_scores(grid=grid, maps=(make_map("tissue.attention", values, **map_options),))


def draw(scores, style=OverlayStyle(size=300), config=HeatmapConfig()):  # noqa: B008 - frozen
    heatmap = draw_heatmap(scores, scores.map_names[0], config)
    width, height = scores.grid.slide.dimensions
    factor = 200 / max(width, height)
    size = (max(1, round(height * factor)), max(1, round(width * factor)), 3)
    overview = np.random.default_rng(1).integers(60, 230, size, dtype=np.uint8)
    return heatmap, overview, draw_overlay_figure(scores, heatmap, overview, style)


def find(figure, picture):
    """Corners (row, column) at which a picture stands in the figure, pixel for pixel."""
    height, width, _ = picture.shape
    places = []
    for row, column in np.argwhere((figure == picture[0, 0]).all(axis=2)):
        if np.array_equal(figure[row : row + height, column : column + width], picture):
            places.append((int(row), int(column)))
    return places


@pytest.mark.parametrize("shape", [(6, 4), (1, 1), (40, 2), (2, 40)])
def test_figure_holds_the_blended_slide_pixel_for_pixel(shape):
    scores = one_map(*shape)
    heatmap, overview, figure = draw(scores)
    slide_um = tuple(side * 0.5 for side in heatmap.slide.dimensions)
    size = picture_size(slide_um, (overview.shape[1], overview.shape[0]), 300)
    expected = blend(resize_rgb(overview, size), heatmap)
    assert len(find(figure, expected)) == 1


@pytest.mark.parametrize("shape", [(6, 4), (1, 1), (60, 1), (1, 60), (12, 20)])
@pytest.mark.parametrize("label", ["a", LONG, "word" * 60])
@pytest.mark.parametrize("is_signed", [False, True])
def test_nothing_is_clipped(shape, label, is_signed):
    scores = one_map(*shape, label=label, quantity=label[:90], unit="unit", is_signed=is_signed)
    _, _, figure = draw(scores)
    border = 5
    for side in (figure[:border], figure[-border:], figure[:, :border], figure[:, -border:]):
        assert (side == 255).all()


def test_margins_are_even():
    _, _, figure = draw(one_map(6, 4))
    row, column = np.nonzero((figure < 255).any(axis=2))
    left, right = column.min(), figure.shape[1] - 1 - column.max()
    top, bottom = row.min(), figure.shape[0] - 1 - row.max()
    assert left == pytest.approx(26, abs=3)
    assert right == pytest.approx(left, abs=4)
    assert top == pytest.approx(left, abs=8)
    assert bottom == pytest.approx(left, abs=8)


@pytest.mark.parametrize("normalisation", ["raw", "percentile", "z"])
def test_normalisation_is_seen(normalisation):
    scores = one_map(6, 4)
    figures = [draw(scores, config=HeatmapConfig(normalisation=n))[2] for n in ("raw", normalisation)]
    assert (figures[0].shape == figures[1].shape and np.array_equal(*figures)) == (normalisation == "raw")


def test_dollars_and_markup_are_plain_text():
    _, _, figure = draw(one_map(3, 3, label=r"$\frac{1}{$ <b> {x} %s"))
    assert figure.shape[2] == 3


def test_degenerate_maps_can_be_drawn():
    for values in ([0.0] * 4, [np.nan] * 4, [1.0, np.inf, -np.inf, np.nan], [1e-30] * 4, [3e38, -3e38, 0, 1]):
        for is_signed in (True, False):
            maps = (make_map("tissue.attention", values, is_signed=is_signed),)
            draw(make_scores(grid=make_grid(2, 2), maps=maps))


def test_size_follows_micrometres_and_small_slides_are_not_blown_up():
    assert picture_size((1000, 500), (3000, 3000), 1600) == (1600, 800)
    assert picture_size((100, 100), (50, 50), 1600) == (640, 640)
    assert picture_size((100, 100), (300, 300), 1600) == (1200, 1200)
    assert picture_size((10000, 1), (3000, 3), 1600) == (1600, 1)


def test_threads_draw_the_same():
    scores = one_map(6, 4, label=LONG)
    expected = draw(scores)[2]
    with ThreadPoolExecutor(4) as pool:
        for figure in pool.map(lambda _: draw(scores)[2], range(8)):
            np.testing.assert_array_equal(figure, expected)


def test_pyplot_is_never_touched():
    program = (
        "import sys; from tests.export.figures.test_images import draw, one_map; draw(one_map(2, 2));"
        "assert 'matplotlib' in sys.modules; assert 'matplotlib.pyplot' not in sys.modules;"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_png_carries_record_and_no_more(scores, heatmaps, overview, tmp_path):
    path = export_overlay(scores, heatmaps[0], overview, tmp_path / "a.png", size=300)
    with Image.open(path) as image:
        image.load()
        assert set(image.info) == {"Title", "Disclaimer", "histcode:provenance", "dpi"}
        assert image.info["Disclaimer"] == RESEARCH_USE
        record = json.loads(image.info["histcode:provenance"])
        assert image.mode == "RGB"
    assert record["normalisation"] == "percentile"
    assert record["slide"]["digest"] == scores.grid.slide.digest


def test_overview_is_plain_and_bounded(scores, tmp_path):
    large = np.random.default_rng(0).integers(0, 255, (30, 5000, 3), dtype=np.uint8)
    back = read_png(export_overview(scores, large, tmp_path / "o.png"))
    assert back.shape == (12, 2048, 3)
    small = large[:, :40]
    np.testing.assert_array_equal(read_png(export_overview(scores, small, tmp_path / "o.png")), small)
    assert shrink(small, 20).shape == (15, 20, 3)


def test_bad_pictures(scores, heatmaps, overview, tmp_path):
    with pytest.raises(ResultError):
        read_png(tmp_path / "missing.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(ResultError):
        read_png(tmp_path / "broken.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError):
        export_overlay(scores, heatmaps[0], overview, tmp_path / "folder.png", size=200)


@pytest.mark.parametrize("side", [1, 7, 600])
def test_noise_survives_jpeg(side):
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(jpeg_bytes(noise))) as image:
        assert image.size == (side, side)
