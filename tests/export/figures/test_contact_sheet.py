import dataclasses
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from napari_histcode.errors import AnalysisCancelledError, ResultError, UnknownFormatError
from napari_histcode.export.figures.contact_sheet import draw_tile_sheet, export_tile_sheet
from napari_histcode.export.figures.sheet import Sheet
from napari_histcode.export.figures.sheet_tiles import LEAST_PX, MOST_PX, choose_tiles, picture_side
from napari_histcode.export.formats import export_result
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.png import PROVENANCE_KEY, read_png
from napari_histcode.export.provenance import provenance_of
from napari_histcode.heatmap import HeatmapConfig, draw_tile_map
from napari_histcode.progress import CancelToken
from tests.array_slide import ArraySlide
from tests.builders import make_grid, make_map, make_scores
from tests.slide.tiffs import painted

NAME = "a.b.single_tile"


def scores_of(values, *, mpp=1.0, label="CD3E, single tile"):
    grid = make_grid(len(values), 1, mpp=mpp)
    tile_map = make_map(NAME, values, label=label, quantity="log2 fold change", unit="log2", is_signed=True)
    return make_scores(grid=grid, maps=(tile_map,))


def slide_of(scores, **options):
    return ArraySlide(painted(*scores.grid.slide.dimensions), mpp=scores.grid.mpp.x, **options)


def texts_of(monkeypatch):
    """Collect what is set on sheets."""
    said = []
    text = Sheet.text
    monkeypatch.setattr(Sheet, "text", lambda *a, **k: (said.append(a[3]), text(*a, **k))[1])
    return said


@given(
    st.lists(st.floats(-9, 9, width=32) | st.just(float("nan")), min_size=1, max_size=30), st.integers(1, 8)
)
def test_ranks_and_percentiles_are_those_of_the_map(values, n):
    scores = scores_of(values)
    (tile_map,) = scores.maps
    known = np.sort(tile_map.values[np.isfinite(tile_map.values)])[::-1]
    if not known.size:
        with pytest.raises(ResultError, match="no tile"):
            choose_tiles(tile_map, n)
        return
    highest, lowest = choose_tiles(tile_map, n)
    shown = draw_tile_map(tile_map, scores.grid, HeatmapConfig(normalisation="percentile")).raster
    for tile in (*highest, *lowest):
        assert tile.value == tile_map.values[tile.position] == known[tile.rank - 1]
        column, row = scores.grid.index[tile.position]
        assert tile.percentile == pytest.approx(shown[row, column], abs=1e-4), "as the window says it"
    assert [tile.rank for tile in highest] == list(range(1, len(highest) + 1))
    assert [tile.rank for tile in lowest] == list(range(known.size, known.size - len(lowest), -1))


@pytest.mark.parametrize(("mpp", "side", "repeat"), [(0.5, 448, 1), (4, 56, 3)])
def test_pictures_have_the_slides_own_pixels(tmp_path, mpp, side, repeat):
    scores = scores_of([1.5, -2, 0.25], mpp=mpp)
    assert picture_side(scores.grid) == (side, repeat)
    assert side * repeat >= LEAST_PX
    slide = slide_of(scores)
    path = export_tile_sheet(scores, NAME, slide, tmp_path / "a.png", n_tiles=1)
    sheet = read_png(path)
    tile = slide.read_level(0, (0, 0), (side, side)).repeat(repeat, axis=0).repeat(repeat, axis=1)
    places = np.argwhere((sheet == tile[0, 0]).all(axis=2))
    size = side * repeat
    found = [(y, x) for y, x in places if np.array_equal(sheet[y : y + size, x : x + size], tile)]
    assert len(found) == 1
    assert all((edge == 255).all() for edge in (sheet[:3], sheet[-3:], sheet[:, :3], sheet[:, -3:]))


def test_a_very_fine_scan_is_reduced():
    assert picture_side(make_grid(2, 1, mpp=0.1)) == (MOST_PX, 1)


def test_the_sheet_says_what_it_shows(tmp_path, monkeypatch):
    said = texts_of(monkeypatch)
    scores = scores_of([1.5, -2, 0.25, np.nan])
    record = provenance_of(scores)
    path = export_tile_sheet(scores, NAME, slide_of(scores), tmp_path / "a.png", n_tiles=1, provenance=record)
    words = " ".join(said)
    for part in (
        "CD3E, single tile: log2 fold change (log2)", scores.grid.slide.alias, "1.5 log2",
        "\N{MINUS SIGN}2 log2", "rank 1", "rank 3", "percentile 83.3", "percentile 16.7", RESEARCH_USE,
        "model planted 1.2.0", scores.model_digest[:16], record["created"][:10], "pictures at 1 µm/px",
        "200 µm",
    ):  # fmt: skip
        assert part in words, part
    with Image.open(path) as image:
        stored = json.loads(image.info[PROVENANCE_KEY])
    assert stored["map"] == NAME
    assert [(tile["rank"], tile["value"]) for tile in stored["tiles"]] == [(1, 1.5), (3, -2.0)]
    assert stored["model"]["digest"] == scores.model_digest


def test_the_ending_says_the_format(tmp_path):
    scores = scores_of([1.0, 2.0])
    slide, record = slide_of(scores), provenance_of(scores)
    made = [
        export_tile_sheet(scores, NAME, slide, tmp_path / name, provenance=record)
        for name in ("a.pdf", "b.PDF")
    ]
    first, second = (path.read_bytes() for path in made)
    assert first.startswith(b"%PDF")
    assert first == second, "the same sheet and record give the same bytes"
    width = float(re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", first)[1])
    assert width == pytest.approx(180 / 25.4 * 72, abs=0.5)
    for name in ("a.jpg", "a"):
        with pytest.raises(UnknownFormatError) as caught:
            export_tile_sheet(scores, NAME, slide, tmp_path / name)
        assert ".pdf" in caught.value.advice


def test_a_damaged_tile_is_said_and_no_other_is_lost(tmp_path, monkeypatch):
    scores = scores_of([3.0, 2.0, 1.0])
    said = texts_of(monkeypatch)
    slide = slide_of(scores, corrupt_px0=(0, 0, 200, 200))
    export_tile_sheet(scores, NAME, slide, tmp_path / "a.png", n_tiles=1)
    assert said.count("damaged") == 1


@pytest.mark.parametrize("n", [1, 7, 13])
def test_nothing_reaches_over_the_margin(n):
    scores = scores_of(
        np.linspace(-1e-7, 12345.6, 30), mpp=4, label="a rather long label of a signature " * 4
    )
    (tile_map,) = scores.maps
    groups = choose_tiles(tile_map, n)
    sheet, (width, height) = draw_tile_sheet(scores, tile_map, *groups, made="2026-11-22")
    rgb = sheet.render(width, height)
    assert all((edge == 255).all() for edge in (rgb[:3], rgb[-3:], rgb[:, :3], rgb[:, -3:]))


def test_cancelled_between_tiles_leaves_nothing(tmp_path):
    scores, cancel, seen = scores_of([1.0, 2.0, 3.0]), CancelToken(), []

    def watch(progress):
        seen.append(progress)
        cancel.cancel()

    with pytest.raises(AnalysisCancelledError):
        export_tile_sheet(scores, NAME, slide_of(scores), tmp_path / "a.png", progress=watch, cancel=cancel)
    assert [(progress.done, progress.total) for progress in seen] == [(1, 3)]
    assert not list(tmp_path.iterdir())


def test_a_sheet_a_map_from_a_result_folder(slide_result, slide, slide_scores, tmp_path):
    names = slide_scores.map_names[:2]
    options = ExportOptions(n_top_tiles=2)
    files = export_result(slide_result, "contact-sheet", tmp_path, maps=names, slide=slide, options=options)
    assert [path.name for path in files] == [f"{name}.png" for name in names]
    (alone,) = export_result(
        slide_result, "contact-sheet", tmp_path / "a.pdf", maps=names[:1], slide=slide, options=options
    )
    assert alone.read_bytes().startswith(b"%PDF")
    scores = dataclasses.replace(slide_scores, maps=slide_scores.maps[:1])
    with pytest.raises(ResultError, match="needs the slide"):
        export_result(scores, "contact-sheet", tmp_path / "b.png")
