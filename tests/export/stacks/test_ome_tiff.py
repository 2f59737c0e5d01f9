import dataclasses
import json
import warnings

import numpy as np
import pytest
import tifffile
from defusedxml.ElementTree import fromstring

from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import provenance_of
from napari_histcode.export.stacks.ome_metadata import NAMESPACE
from napari_histcode.export.stacks.ome_tiff import export_heatmap_tiff
from napari_histcode.heatmap import HeatmapConfig, draw_heatmap
from tests.builders import make_grid, make_map, make_scores

OME = {"o": "http://www.openmicroscopy.org/Schemas/OME/2016-06"}


@pytest.fixture
def planted():
    chosen = np.array([[1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 0]], bool)
    grid = make_grid(chosen=chosen, first=(3, 7), overlap=0.5, mpp=0.37)
    values = np.linspace(-1, 1, len(grid))
    return make_scores(
        grid=grid, maps=(make_map("t.x.single_tile", values, label='x <&> "y"', is_signed=True),)
    )


def write(scores, path, config=HeatmapConfig()):  # noqa: B008 - frozen
    heatmap = draw_heatmap(scores, scores.map_names[0], config)
    return heatmap, export_heatmap_tiff(heatmap, path, provenance_of(scores))


def test_values_come_back_with_their_gaps(planted, tmp_path):
    heatmap, path = write(planted, tmp_path / "a.ome.tif")
    with tifffile.TiffFile(path) as file:
        assert file.is_ome
        series = file.series[0]
        assert series.axes == "YX"
        np.testing.assert_array_equal(series.asarray(), heatmap.raster)
        assert series.asarray().dtype == np.float32
        assert np.isnan(series.asarray()).sum() == 4


def test_size_and_place_in_micrometres(planted, tmp_path):
    heatmap, path = write(planted, tmp_path / "a.ome.tif")
    with tifffile.TiffFile(path) as file:
        root = fromstring(file.ome_metadata)
    pixels = root.find(".//o:Pixels", OME).attrib
    assert float(pixels["PhysicalSizeX"]) == pytest.approx(112)
    assert float(pixels["PhysicalSizeY"]) == pytest.approx(112)
    assert pixels["PhysicalSizeXUnit"] == "µm"
    plane = root.find(".//o:Plane", OME).attrib
    assert float(plane["PositionX"]) == pytest.approx(3 * 112 + 56)
    assert float(plane["PositionY"]) == pytest.approx(7 * 112 + 56)
    assert plane["PositionYUnit"] == "µm"
    assert root.find(".//o:Channel", OME).attrib["Name"] == heatmap.label


def test_record_is_a_map_annotation(planted, tmp_path):
    heatmap, path = write(planted, tmp_path / "a.ome.tif", HeatmapConfig(normalisation="z"))
    with tifffile.TiffFile(path) as file:
        root = fromstring(file.ome_metadata)
    annotation = root.find(".//o:MapAnnotation", OME)
    assert annotation.attrib["Namespace"] == NAMESPACE
    values = {entry.attrib["K"]: entry.text for entry in annotation.iterfind(".//o:M", OME)}
    assert values["notice"] == RESEARCH_USE
    assert json.loads(values["origin_px0"]) == list(heatmap.origin_px0)
    record = json.loads(values["provenance"])
    assert record["normalisation"] == "z"
    assert record["slide"]["digest"] == planted.grid.slide.digest
    assert RESEARCH_USE in root.find(".//o:Description", OME).text


def test_id_does_not_hold_the_machine(planted, tmp_path):
    _, path = write(planted, tmp_path / "a.ome.tif")
    with tifffile.TiffFile(path) as file:
        uuid = fromstring(file.ome_metadata).attrib["UUID"]
    assert uuid.split("-")[2].startswith("4"), "version 1 would hold the network card's address"


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (300, 1)])
def test_thin_rasters(tmp_path, shape):
    grid = make_grid(shape[1], shape[0])
    scores = make_scores(grid=grid, maps=(make_map("a.attention", np.arange(len(grid))),))
    heatmap, path = write(scores, tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(tifffile.imread(path).reshape(shape), heatmap.raster)


def test_without_resolution_nothing_is_claimed(planted, tmp_path):
    heatmap, _ = write(planted, tmp_path / "a.ome.tif")
    nameless = dataclasses.replace(heatmap, slide=dataclasses.replace(heatmap.slide, mpp=None))
    path = export_heatmap_tiff(nameless, tmp_path / "b.ome.tif", provenance_of(planted))
    with tifffile.TiffFile(path) as file:
        assert "PhysicalSizeX=" not in file.ome_metadata


def test_metadata_is_what_the_ome_schema_allows(planted, tmp_path):
    _, path = write(planted, tmp_path / "a.ome.tif")
    with tifffile.TiffFile(path) as file, warnings.catch_warnings():
        warnings.simplefilter("error")
        root = fromstring(file.ome_metadata)
    order = [child.tag.split("}")[1] for child in root.find("o:Image", OME)]
    assert order == ["Description", "Pixels", "AnnotationRef"]
    reference = root.find(".//o:AnnotationRef", OME).attrib["ID"]
    assert root.find(".//o:MapAnnotation", OME).attrib["ID"] == reference
