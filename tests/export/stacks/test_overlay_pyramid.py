"""The rendered overlay, as OME-TIFF and as OME-Zarr."""

import json
import tracemalloc

import numpy as np
import pytest
import tifffile
import zarr
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.errors import AnalysisCancelledError, MissingMppError, OutputError
from napari_histcode.export.figures.blend import mix_paint
from napari_histcode.export.figures.view import whole_box
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import provenance_of
from napari_histcode.export.stacks.ome_zarr import export_overlay_zarr
from napari_histcode.export.stacks.overlay_pyramid import OverlayPyramid, count_tiles, default_mpp, make_tiles
from napari_histcode.export.stacks.overlay_tiff import export_overlay_tiff
from napari_histcode.heatmap import draw_heatmap
from napari_histcode.progress import CancelToken
from napari_histcode.slide import open_slide
from tests.array_slide import ArraySlide
from tests.builders import make_grid, make_map, make_scores
from tests.export.conftest import MARK_PX0

OME = {"o": "http://www.openmicroscopy.org/Schemas/OME/2016-06"}
NAME = "tissue.viable_tumour.single_tile"


def pyramid_of(slide, scores, *, mpp=1.0, box=None, alpha=0.5):
    paint = mix_paint(draw_heatmap(scores, NAME), alpha=alpha)
    return OverlayPyramid(slide=slide, paint=paint, box_px0=box or whole_box(slide.record), mpp=mpp)


def mark_in(rgb, px0_per_px, origin=(0.0, 0.0)):
    """Centre of the planted mark in level-0 pixels, weighted by darkness, as a reader of the file has it."""
    left, top, width, height = MARK_PX0
    columns, rows = (
        slice(
            max(0, round((start - 30 - corner) / step)),
            round((start + size + 30 - corner) / step),
        )
        for start, size, step, corner in zip((left, top), (width, height), px0_per_px, origin, strict=True)
    )  # fmt: skip
    part = rgb[rows, columns].astype(float).sum(axis=2)
    weight = np.clip(200 - part, 0, None)
    y, x = np.mgrid[0 : part.shape[0], 0 : part.shape[1]] + 0.5
    return (
        origin[0] + (columns.start + np.average(x, weights=weight)) * px0_per_px[0],
        origin[1] + (rows.start + np.average(y, weights=weight)) * px0_per_px[1],
    )


CENTRE = (MARK_PX0[0] + MARK_PX0[2] / 2, MARK_PX0[1] + MARK_PX0[3] / 2)


@pytest.mark.parametrize("mpp", [1.0, 1.37, 0.6])
@pytest.mark.parametrize("compression", ["jpeg", "deflate"])
def test_our_reader_finds_the_mark_where_it_was_planted(slide, slide_scores, tmp_path, mpp, compression):
    pyramid = pyramid_of(slide, slide_scores, mpp=mpp, alpha=0.0)
    path = export_overlay_tiff(
        pyramid, tmp_path / "a.ome.tif", provenance_of(slide_scores), compression=compression
    )
    with open_slide(path) as written:
        assert written.mpp.x == written.mpp.y == pytest.approx(mpp)
        assert written.mpp.source == "OME-XML"
        assert written.level_count == pyramid.n_levels
        for level, downsample in enumerate(written.level_downsamples):
            assert downsample == (2**level, 2**level)
            rgb = written.read_level(level, (0, 0), written.level_dimensions[level])
            step = mpp * 2**level / slide.mpp.x
            np.testing.assert_allclose(mark_in(rgb, (step, step)), CENTRE, atol=1.0)


def test_tifffile_reads_pixels_pyramid_and_metadata(slide, slide_scores, tmp_path):
    pyramid = pyramid_of(slide, slide_scores)
    path = export_overlay_tiff(
        pyramid, tmp_path / "a.ome.tif", provenance_of(slide_scores), compression="deflate"
    )
    with tifffile.TiffFile(path) as file:
        assert file.is_ome
        assert file.is_bigtiff
        (series,) = file.series
        assert series.axes == "YXS"
        assert [level.shape for level in series.levels] == [
            (*pyramid.size_px(k)[::-1], 3) for k in range(pyramid.n_levels)
        ]
        page = file.pages[0]
        assert page.tilewidth == page.tilelength == 512
        assert len(page.subifds) == pyramid.n_levels - 1, "coarser levels where QuPath looks for them"
        assert (page.subfiletype, series.levels[1].pages[0].subfiletype) == (0, 1)
        whole = series.asarray()
        root = fromstring(file.ome_metadata)
    np.testing.assert_array_equal(whole[:512, 512:1024], pyramid.tile(0, 1, 0))
    assert (whole[911:] == 255).all(), "white beyond the slide"
    pixels = root.find(".//o:Pixels", OME).attrib
    assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeXUnit"]) == ("1.0", "µm")
    facts = {entry.attrib["K"]: entry.text for entry in root.iterfind(".//o:M", OME)}
    assert facts["notice"] == RESEARCH_USE
    assert json.loads(facts["provenance"])["slide"]["digest"] == slide.record.digest
    assert slide.record.alias in root.find("o:Image", OME).attrib["Name"]


def test_tiles_are_painted_where_they_are(slide, slide_scores):
    """At the slide's own resolution, a tile of the file is the slide's pixels under the map's colours."""
    pyramid = pyramid_of(slide, slide_scores)
    expected = pyramid.paint.over(slide.read_level(0, (0, 0), slide.dimensions))
    np.testing.assert_array_equal(pyramid.tile(0, 0, 0), expected[:512, :512])
    np.testing.assert_array_equal(pyramid.tile(0, 2, 1)[:399, :285], expected[512:911, 1024:1309])


def test_a_region_says_where_it_lies(slide, slide_scores, tmp_path):
    box = (500.0, 300.0, 400.0, 200.0)
    pyramid = pyramid_of(slide, slide_scores, box=box, alpha=0.0)
    path = export_overlay_tiff(pyramid, tmp_path / "a.ome.tif", provenance_of(slide_scores))
    with tifffile.TiffFile(path) as file:
        plane = fromstring(file.ome_metadata).find(".//o:Plane", OME).attrib
        rgb = file.asarray()
    assert (float(plane["PositionX"]), float(plane["PositionY"])) == (500, 300)
    assert rgb.shape[:2] == (200, 400)
    np.testing.assert_allclose(mark_in(rgb, (1, 1), origin=box[:2]), CENTRE, atol=1)


@pytest.mark.parametrize("box", [None, (500.0, 300.0, 400.0, 200.0)])
def test_zarr_has_the_same_pixels_and_lies_on_the_slide(slide, slide_scores, tmp_path, box):
    pyramid = pyramid_of(slide, slide_scores, mpp=1.5, box=box)
    path = export_overlay_zarr(pyramid, tmp_path / "a.ome.zarr", provenance_of(slide_scores))
    group = zarr.open_group(path, mode="r")
    (multiscale,) = group.attrs["multiscales"]
    assert len(multiscale["datasets"]) == pyramid.n_levels
    np.testing.assert_array_equal(
        group["0"][:, :100, :120].transpose(1, 2, 0), pyramid.tile(0, 0, 0)[:100, :120]
    )
    left, top = (box or (0, 0))[:2]
    for k, dataset in enumerate(multiscale["datasets"]):
        scale, translation = (step[step["type"]] for step in dataset["coordinateTransformations"])
        assert scale == [1, 1.5 * 2**k, 1.5 * 2**k]
        # the outer corner of the first pixel, where the centre of the slide's first pixel is at zero
        corner = [translation[1] - scale[1] / 2 + 0.5, translation[2] - scale[2] / 2 + 0.5]
        assert corner == pytest.approx([top, left])
        assert group[dataset["path"]].shape == (3, *pyramid.size_px(k)[::-1])


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 300_000), height=st.integers(1, 300_000),
    mpp=st.floats(0.2, 8), slide_mpp=st.floats(0.2, 2),
)  # fmt: skip
def test_levels_are_exact_halves_that_hold_the_slide(width, height, mpp, slide_mpp):
    slide = ArraySlide(np.zeros((4, 4, 3), np.uint8), mpp=slide_mpp)
    pyramid = OverlayPyramid(slide=slide, paint=None, box_px0=(0.0, 0.0, width, height), mpp=mpp)
    finest = pyramid.size_px(0)
    for k in range(pyramid.n_levels):
        assert tuple(side * 2**k for side in pyramid.size_px(k)) == finest
    for side, covered, step in zip((width, height), finest, pyramid.px0_per_px, strict=True):
        assert covered * step >= side * (1 - 1e-6)
        assert (covered - 2 ** (pyramid.n_levels - 1)) * step <= side
    assert max(pyramid.size_px(pyramid.n_levels - 1)) <= 2 * 512


@pytest.mark.parametrize("write", [export_overlay_tiff, export_overlay_zarr])
def test_cancelled_midway_leaves_nothing(slide, slide_scores, tmp_path, write):
    cancel = CancelToken()
    seen = []

    def after_a_row(progress):
        seen.append(progress)
        cancel.cancel()

    path = tmp_path / "out" / "a.ome.tif"
    with pytest.raises(AnalysisCancelledError):
        write(
            pyramid_of(slide, slide_scores), path, provenance_of(slide_scores), progress=after_a_row,
            cancel=cancel,
        )  # fmt: skip
    assert not list(path.parent.iterdir())
    assert 0 < seen[0].done < seen[0].total


def test_an_older_zarr_is_replaced_and_a_strangers_folder_is_not(slide, slide_scores, tmp_path):
    record, pyramid = provenance_of(slide_scores), pyramid_of(slide, slide_scores, mpp=4.0)
    path = export_overlay_zarr(pyramid_of(slide, slide_scores), tmp_path / "a.ome.zarr", record)
    export_overlay_zarr(pyramid, path, record)
    assert zarr.open_group(path, mode="r")["0"].shape == (3, *pyramid.size_px(0)[::-1])
    mine = tmp_path / "mine.ome.zarr"
    mine.mkdir()
    (mine / "thesis.txt").write_text("precious")
    with pytest.raises(OutputError, match="mine"):
        export_overlay_zarr(pyramid, mine, record)
    assert (mine / "thesis.txt").read_text() == "precious"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.ome.zarr", "mine.ome.zarr"]


def test_progress_counts_every_tile_once(slide, slide_scores):
    pyramid = pyramid_of(slide, slide_scores)
    seen = []
    places = [
        (level, column, row)
        for level in range(pyramid.n_levels)
        for column, row, _ in make_tiles(
            pyramid, level, done=count_tiles(pyramid, below=level), progress=seen.append
        )
    ]
    assert len(set(places)) == len(places) == count_tiles(pyramid)
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert seen[-1].done == seen[-1].total == len(places)


def test_memory_is_a_row_of_tiles_whatever_the_size(tmp_path):
    """A slide of 1,024 x 18,000 px (55 MB as an array) is written with a small part of that."""

    class Endless(ArraySlide):
        def read_level(self, level, xy_px, size_px):
            return np.full((size_px[1], size_px[0], 3), 90, np.uint8)

    slide = Endless(np.zeros((4, 4, 3), np.uint8), mpp=0.5)
    grid = make_grid(2, 40)
    scores = make_scores(grid=grid, maps=(make_map(NAME, np.arange(len(grid)), is_signed=True),))
    pyramid = pyramid_of(slide, scores, mpp=0.5, box=(0.0, 0.0, 1024.0, 18000.0))
    tracemalloc.start()
    export_overlay_tiff(pyramid, tmp_path / "a.ome.tif", provenance_of(scores))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 45e6


def test_resolution_is_never_guessed(slide_scores):
    nameless = ArraySlide(np.zeros((64, 64, 3), np.uint8), mpp=None)
    with pytest.raises(MissingMppError):
        default_mpp(nameless)
    assert default_mpp(ArraySlide(np.zeros((64, 64, 3), np.uint8), mpp=0.25)) == 1.0
    assert default_mpp(ArraySlide(np.zeros((64, 64, 3), np.uint8), mpp=2.0)) == 2.0
