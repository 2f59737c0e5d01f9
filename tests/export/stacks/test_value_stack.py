"""Values of many maps in one file, as OME-TIFF and as OME-Zarr."""

import dataclasses
import json

import numpy as np
import pytest
import tifffile
import zarr
from defusedxml.ElementTree import fromstring

from napari_histcode.errors import MissingMppError
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import provenance_of
from napari_histcode.export.stacks.ome_zarr import export_stack_zarr
from napari_histcode.export.stacks.stack_tiff import export_stack_tiff
from napari_histcode.export.stacks.value_stack import halve, stack_maps
from napari_histcode.heatmap import draw_heatmap
from tests.builders import make_grid, make_map, make_scores

OME = {"o": "http://www.openmicroscopy.org/Schemas/OME/2016-06"}


@pytest.fixture(scope="module")
def planted():
    """Two maps on 150 x 70 places of overlapping tiles, cropped on all sides, with holes."""
    chosen = np.random.default_rng(0).random((68, 147)) < 0.8
    grid = make_grid(chosen=chosen, first=(3, 2), overlap=0.5, mpp=0.37)
    n = len(grid)
    maps = (
        make_map("t.attention", np.arange(n), label="attention <&>"),
        make_map("t.x.single_tile", -np.arange(n), is_signed=True, quantity="log-odds", unit="nat"),
    )
    return make_scores(grid=grid, maps=maps)


def stack(scores):
    return stack_maps([draw_heatmap(scores, name) for name in scores.map_names], scores.grid)


def test_every_value_stands_at_its_place(planted):
    found = stack(planted)
    column, row = planted.grid.index.T
    for plane, tile_map in zip(found.levels[0], planted.maps, strict=True):
        np.testing.assert_array_equal(plane[row, column], tile_map.values)
        assert np.isfinite(plane).sum() == len(planted.grid)
    # the centre of a pixel is the centre of its tile
    centre = np.asarray(found.origin_px0) + (planted.grid.index + 0.5) * found.pixel_px0
    np.testing.assert_allclose(centre, planted.grid.centre_px0, atol=1e-6)


def test_levels_are_exact_halves_and_means_of_what_there_is(planted):
    finest, *others = stack(planted).levels
    assert len(others) == 2
    for finer, coarser in zip((finest, *others), others, strict=False):
        assert (coarser.shape[1] * 2, coarser.shape[2] * 2) == finer.shape[1:]
        blocks = finer[0, :4, :4]
        known = blocks[:2, :2][np.isfinite(blocks[:2, :2])]
        expected = known.mean() if known.size else np.nan
        np.testing.assert_allclose(coarser[0, 0, 0], expected, rtol=1e-6)


def test_halving_leaves_out_what_is_missing():
    values = np.array([[[1, 3, np.nan, np.nan], [5, 7, np.nan, 2]]], np.float32)
    np.testing.assert_array_equal(halve(values), [[[4, 2]]])
    assert np.isnan(halve(np.full((1, 2, 2), np.nan, np.float32))).all()


def test_tiff_comes_back(planted, tmp_path):
    found = stack(planted)
    path = export_stack_tiff(found, tmp_path / "a.ome.tif", provenance_of(planted))
    with tifffile.TiffFile(path) as file:
        (series,) = file.series
        assert series.axes == "CYX"
        assert len(series.levels) == 3
        for level, expected in zip(series.levels, found.levels, strict=True):
            np.testing.assert_array_equal(level.asarray(), expected)
        assert all(len(page.subifds) == 2 for page in series.pages)
        root = fromstring(file.ome_metadata)
    pixels = root.find(".//o:Pixels", OME).attrib
    assert float(pixels["PhysicalSizeX"]) == pytest.approx(112)
    assert pixels["Type"] == "float"
    names = [channel.attrib["Name"] for channel in root.iterfind(".//o:Channel", OME)]
    assert names == [tile_map.label for tile_map in planted.maps]
    planes = [plane.attrib for plane in root.iterfind(".//o:Plane", OME)]
    assert [float(plane["PositionX"]) for plane in planes] == pytest.approx([56, 56])
    facts = {entry.attrib["K"]: entry.text for entry in root.iterfind(".//o:M", OME)}
    assert json.loads(facts["quantities"]) == ["attention weight", "log-odds (nat)"]
    assert json.loads(facts["provenance"])["normalisation"] == dict.fromkeys(planted.map_names, "raw")


def test_without_overlap_the_stack_begins_at_the_slides_corner(tmp_path):
    scores = make_scores(5, 4, mpp=0.5)
    path = export_stack_tiff(stack(scores), tmp_path / "a.ome.tif", provenance_of(scores))
    with tifffile.TiffFile(path) as file:
        plane = fromstring(file.ome_metadata).find(".//o:Plane", OME).attrib
        assert file.series[0].shape == (4, 4, 5)
    assert (float(plane["PositionX"]), float(plane["PositionY"])) == (0, 0)


def test_zarr_comes_back_and_lies_on_the_slide(planted, tmp_path):
    found = stack(planted)
    path = export_stack_zarr(found, tmp_path / "a.ome.zarr", provenance_of(planted))
    group = zarr.open_group(path, mode="r")
    assert group.metadata.zarr_format == 2
    (multiscale,) = group.attrs["multiscales"]
    assert multiscale["version"] == "0.4"
    assert [axis["name"] for axis in multiscale["axes"]] == ["c", "y", "x"]
    assert {axis.get("unit") for axis in multiscale["axes"][1:]} == {"micrometer"}
    column, row = planted.grid.index[17]
    for k, dataset in enumerate(multiscale["datasets"]):
        array = group[dataset["path"]]
        np.testing.assert_array_equal(array[...], found.levels[k])
        scale, translation = (step[step["type"]] for step in dataset["coordinateTransformations"])
        assert scale[1:] == pytest.approx([112 * 2**k] * 2)
        # a reader that puts the slide's first pixel centre at zero finds the stack's corner at 56 um
        assert [translation[1] - scale[1] / 2 + 0.37 / 2] == pytest.approx([56])
    first = multiscale["datasets"][0]["coordinateTransformations"]
    world = np.array([column, row]) * first[0]["scale"][:0:-1] + first[1]["translation"][:0:-1]
    np.testing.assert_allclose(world, (planted.grid.centre_px0[17] - 0.5) * 0.37)
    channels = group.attrs["omero"]["channels"]
    assert [channel["label"] for channel in channels] == [tile_map.label for tile_map in planted.maps]
    assert channels[1]["window"]["start"] == -channels[1]["window"]["end"]
    ours = group.attrs["histcode"]
    assert ours["notice"] == RESEARCH_USE
    assert ours["provenance"]["slide"]["digest"] == planted.grid.slide.digest


def test_attributes_are_strict_json(planted, tmp_path):
    path = export_stack_zarr(stack(planted), tmp_path / "a.ome.zarr", provenance_of(planted))
    json.loads((path / ".zattrs").read_text(encoding="utf-8"), parse_constant=pytest.fail)


def test_zarr_needs_the_resolution(planted, tmp_path):
    found = stack(planted)
    slide = dataclasses.replace(planted.grid.slide, mpp=None)
    nameless = tuple(dataclasses.replace(heatmap, slide=slide) for heatmap in found.heatmaps)
    with pytest.raises(MissingMppError, match="--mpp"):
        export_stack_zarr(
            dataclasses.replace(found, heatmaps=nameless), tmp_path / "a.ome.zarr", provenance_of(planted)
        )
    assert not list(tmp_path.iterdir())
