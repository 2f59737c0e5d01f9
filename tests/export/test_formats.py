import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_histcode.errors import OutputError, ResultError, UnknownFormatError, UnknownMapError
from napari_histcode.export.formats import FORMATS, export_result
from napari_histcode.export.png import read_png
from napari_histcode.export.read_result import read_provenance
from napari_histcode.export.tables import read_table_provenance
from napari_histcode.heatmap import HeatmapConfig, draw_heatmap

ATTENTION = "tissue.attention"


def test_names():
    assert FORMATS == ("csv", "parquet", "geojson", "ome-tiff", "png", "html")


def test_unknown_format_lists_those_there_are(result_folder):
    with pytest.raises(UnknownFormatError, match="xlsx") as caught:
        export_result(result_folder, "xlsx")
    for name in FORMATS:
        assert name in caught.value.advice


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_from_a_result_folder(result_folder, scores, tmp_path, fmt):
    files = export_result(result_folder, fmt, tmp_path / "out")
    assert len(files) == (len(scores.maps) if fmt in ("ome-tiff", "png") else 1)
    assert all(path.stat().st_size for path in files)
    assert all(tmp_path / "out" in path.parents for path in files)


@pytest.mark.parametrize("fmt", FORMATS)
def test_one_map_into_one_file(result_folder, tmp_path, fmt):
    suffix = {"ome-tiff": ".ome.tif"}.get(fmt, f".{fmt}")
    path = tmp_path / f"mine{suffix}"
    assert export_result(result_folder, fmt, path, map_name=ATTENTION) == (path,)
    assert path.is_file()


def test_default_place_is_the_result_folder(result_folder, tmp_path):
    folder = tmp_path / "r"
    shutil.copytree(result_folder, folder)
    assert export_result(folder, "csv") == (folder / "tiles.csv",)
    (png,) = export_result(folder, "png", map_name=ATTENTION)
    assert png == folder / "overlays" / f"{ATTENTION}.png"


def test_values_are_raw_unless_asked(result_folder, scores, tmp_path):
    path = tmp_path / "a.ome.tif"
    export_result(result_folder, "ome-tiff", path, map_name=ATTENTION)
    np.testing.assert_array_equal(tifffile.imread(path), draw_heatmap(scores, ATTENTION).raster)
    config = HeatmapConfig(normalisation="z")
    export_result(result_folder, "ome-tiff", path, map_name=ATTENTION, config=config)
    np.testing.assert_array_equal(tifffile.imread(path), draw_heatmap(scores, ATTENTION, config).raster)


def test_pictures_are_those_of_the_analysis(result_folder, tmp_path):
    (path,) = export_result(result_folder, "png", tmp_path / "a.png", map_name=ATTENTION)
    original = read_png(result_folder / "overlays" / f"{ATTENTION}.png")
    np.testing.assert_array_equal(read_png(path), original)


def test_chosen_map_alone_is_written(result_folder, tmp_path):
    (path,) = export_result(result_folder, "csv", tmp_path / "a.csv", map_name=ATTENTION)
    assert list(pd.read_csv(path).columns[7:]) == [ATTENTION]
    (path,) = export_result(result_folder, "geojson", tmp_path / "a.geojson", map_name=ATTENTION)
    assert len(json.loads(path.read_text())["features"][0]["properties"]["measurements"]) == 2


def test_record_keeps_the_time_of_the_analysis(result_folder, tmp_path):
    (path,) = export_result(result_folder, "parquet", tmp_path / "a.parquet")
    record = read_table_provenance(path)
    assert record["created"] == read_provenance(result_folder)["created"]
    assert record["result_id"] == read_provenance(result_folder)["result_id"]
    assert "created" in record["exported"]


def test_scores_in_memory(scores, overview, tmp_path):
    assert export_result(scores, "csv", tmp_path / "a.csv") == (tmp_path / "a.csv",)
    files = export_result(scores, "png", tmp_path / "out", map_name=ATTENTION, overview_rgb=overview)
    assert files[0].is_file()
    with pytest.raises(ResultError, match="overview"):
        export_result(scores, "png", tmp_path / "out")
    with pytest.raises(OutputError, match="path"):
        export_result(scores, "csv")


def test_wrong_wishes(result_folder, tmp_path):
    with pytest.raises(UnknownMapError, match=r"tissue\.attention"):
        export_result(result_folder, "csv", tmp_path / "a.csv", map_name="nothing")
    with pytest.raises(OutputError, match="4 maps") as caught:
        export_result(result_folder, "png", tmp_path / "a.png")
    assert ATTENTION in caught.value.advice
    with pytest.raises(ResultError):
        export_result(tmp_path / "no result", "csv")
