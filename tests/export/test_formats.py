import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_histcode.errors import (
    AnalysisCancelledError,
    OutputError,
    ResultError,
    UnknownFormatError,
    UnknownMapError,
)
from napari_histcode.export.formats import FORMATS, OTHER_NAMES, export_result
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.png import read_png
from napari_histcode.export.read_result import read_provenance
from napari_histcode.export.tables import read_table_provenance
from napari_histcode.features.bag import FeatureBag
from napari_histcode.heatmap import HeatmapConfig, draw_heatmap
from napari_histcode.progress import CancelToken

ATTENTION = "tissue.attention"


def test_names():
    assert FORMATS == (
        "csv",
        "parquet",
        "tiles-geojson",
        "anndata",
        "ome-tiff",
        "ome-zarr",
        "overlay-tiff",
        "overlay-zarr",
        "overlay-png",
        "figure-png",
        "figure-svg",
        "figure-pdf",
        "contact-sheet",
        "dicom-pm",
        "dicom-seg",
        "report",
    )
    assert set(OTHER_NAMES.values()) < set(FORMATS)


def test_unknown_format_lists_those_there_are(result_folder):
    with pytest.raises(UnknownFormatError, match="xlsx") as caught:
        export_result(result_folder, "xlsx")
    for name in FORMATS:
        assert name in caught.value.advice


NEED_THE_SLIDE = ("overlay-tiff", "overlay-zarr", "contact-sheet", "dicom-pm", "dicom-seg")
FROM_A_FOLDER = [name for name in FORMATS if name not in NEED_THE_SLIDE]
A_FILE_A_MAP = ("overlay-png", "figure-png", "figure-svg", "figure-pdf")
SUFFIXES = {
    "tiles-geojson": ".geojson", "anndata": ".h5ad", "ome-tiff": ".ome.tif", "ome-zarr": ".ome.zarr",
    "overlay-png": ".png", "figure-png": ".png", "figure-svg": ".svg", "figure-pdf": ".pdf",
    "report": ".html", "overlay-tiff": ".ome.tif", "overlay-zarr": ".ome.zarr", "dicom-pm": ".dcm",
    "dicom-seg": ".dcm",
}  # fmt: skip
SMALL = ExportOptions(dpi=72, width_mm=60)


# figures are one writer each for three canvases: one of them tells of all
@pytest.mark.parametrize(
    "fmt", [*(name for name in FROM_A_FOLDER if name not in ("figure-pdf", "figure-png")), *OTHER_NAMES]
)
def test_every_format_from_a_result_folder(result_folder, scores, tmp_path, fmt):
    files = export_result(result_folder, fmt, tmp_path / "out", options=SMALL)
    assert len(files) == (len(scores.maps) if OTHER_NAMES.get(fmt, fmt) in A_FILE_A_MAP else 1)
    assert all(path.stat().st_size for path in files)
    assert all(tmp_path / "out" in path.parents for path in files)


@pytest.mark.parametrize("fmt", FROM_A_FOLDER)
def test_one_map_into_one_file(result_folder, tmp_path, fmt):
    path = tmp_path / f"mine{SUFFIXES.get(fmt, f'.{fmt}')}"
    assert export_result(result_folder, fmt, path, maps=[ATTENTION], options=SMALL) == (path,)
    assert path.exists()
    export_result(result_folder, fmt, path, maps=[ATTENTION], options=SMALL)  # again, in its place


@pytest.mark.parametrize("fmt", NEED_THE_SLIDE)
def test_formats_that_need_the_slide_say_so(result_folder, tmp_path, fmt):
    with pytest.raises(ResultError, match="needs the slide") as caught:
        export_result(result_folder, fmt, tmp_path / "out", maps=[ATTENTION])
    assert "--slide" in caught.value.advice
    assert not any((tmp_path / "out").rglob("*.*"))


@pytest.mark.parametrize("fmt", ["overlay-tiff", "overlay-zarr"])
def test_rendered_overlays_from_the_slide(slide_result, slide, tmp_path, fmt):
    seen = []
    names = [ATTENTION, "tissue.necrosis.contribution"]
    files = export_result(slide_result, fmt, tmp_path / "out", maps=names, slide=slide, progress=seen.append)
    assert [path.name for path in files] == [f"{name}{SUFFIXES[fmt]}" for name in names]
    assert all(path.exists() for path in files)
    assert seen[-1].done == seen[-1].total


def test_named_maps_are_panels_of_one_figure(slide_result, slide, tmp_path):
    names = [ATTENTION, "tissue.necrosis.contribution"]
    (path,) = export_result(slide_result, "figure-svg", tmp_path, maps=names, slide=slide, options=SMALL)
    assert path == tmp_path / "figures" / "maps.svg"
    text = path.read_text(encoding="utf-8")
    assert "Tissue attention" in text
    assert "Necrosis, contribution" in text
    (alone,) = export_result(slide_result, "figure-svg", tmp_path, maps=names[:1], options=SMALL)
    assert alone == tmp_path / "figures" / f"{ATTENTION}.svg"


def test_another_slide_is_refused(result_folder, slide, tmp_path):
    with pytest.raises(ResultError, match="not the slide of the result") as caught:
        export_result(result_folder, "report", tmp_path / "a.html", slide=slide)
    assert "JaneDoe" not in str(caught.value)


@pytest.mark.parametrize(
    "fmt", [name for name in FORMATS if not name.startswith(("figure", "overlay-t", "overlay-z"))]
)
def test_a_region_goes_with_pictures_alone(result_folder, tmp_path, fmt):
    with pytest.raises(UnknownFormatError, match="whole slide"):
        export_result(result_folder, fmt, tmp_path, options=ExportOptions(region_px0=(0, 0, 9, 9)))


@pytest.mark.parametrize("fmt", [name for name in FORMATS if not name.startswith("dicom")])
def test_a_cancelled_export_leaves_nothing(slide_result, slide, tmp_path, fmt):
    """Cancelled as soon as the work tells of its progress, or before it begins where it tells of none."""
    cancel = CancelToken()
    has_progress = fmt in ("overlay-tiff", "overlay-zarr", "contact-sheet")
    if not has_progress:
        cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        export_result(
            slide_result, fmt, tmp_path / "out", maps=[ATTENTION], slide=slide, cancel=cancel,
            progress=lambda _: cancel.cancel(),
        )  # fmt: skip
    assert not [path for path in tmp_path.rglob("*") if path.is_file() or "part" in path.name]


def test_several_files_appear_together(slide_result, slide, tmp_path):
    """A cancel after the first map of several leaves neither map, and an older file as it was."""
    names = [ATTENTION, "tissue.necrosis.contribution"]
    (old,) = export_result(slide_result, "overlay-tiff", tmp_path, maps=names[:1], slide=slide)
    before = old.read_bytes()
    cancel, ends = CancelToken(), []

    def after_the_first(progress):
        ends.append(progress.done == progress.total)
        if ends[-1]:
            cancel.cancel()

    with pytest.raises(AnalysisCancelledError):
        export_result(
            slide_result, "overlay-tiff", tmp_path, maps=names, slide=slide, cancel=cancel,
            progress=after_the_first,
        )  # fmt: skip
    assert any(ends)
    assert old.read_bytes() == before
    assert [path.name for path in old.parent.iterdir()] == [old.name]


def test_features_beside_the_result(slide_result, slide_scores, tmp_path):
    options = ExportOptions(with_features=True)
    with pytest.raises(ResultError, match="features"):
        export_result(slide_result, "anndata", tmp_path / "a.h5ad", options=options)
    features = np.ones((len(slide_scores.grid), 512), np.float32)
    bag = FeatureBag(features=features, grid=slide_scores.grid, encoder=slide_scores.encoder)
    (path,) = export_result(slide_result, "anndata", tmp_path / "a.h5ad", bag=bag, options=options)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["obsm/X_features"], features)


def test_tiles_count_from_where_qupath_counts(slide_result, slide, tmp_path):
    class Cropped:
        bounds_px0 = (100, 50, 900, 800)

        def __getattr__(self, name):
            return getattr(slide, name)

    (path,) = export_result(slide_result, "tiles-geojson", tmp_path / "a.geojson", slide=Cropped())
    (plain,) = export_result(slide_result, "tiles-geojson", tmp_path / "b.geojson", slide=slide)
    moved, kept = (json.loads(file.read_text()) for file in (path, plain))
    assert moved["histcode"]["origin_px0"] == [100, 50]
    first, second = (np.array(one["features"][0]["geometry"]["coordinates"]) for one in (moved, kept))
    np.testing.assert_allclose(first + np.array([100, 50]), second)


def test_default_place_is_the_result_folder(result_folder, tmp_path):
    folder = tmp_path / "r"
    shutil.copytree(result_folder, folder)
    assert export_result(folder, "csv") == (folder / "tiles.csv",)
    (png,) = export_result(folder, "png", maps=[ATTENTION])
    assert png == folder / "overlays" / f"{ATTENTION}.png"


def test_values_are_raw_unless_asked(result_folder, scores, tmp_path):
    path = tmp_path / "a.ome.tif"
    for config in (None, HeatmapConfig(normalisation="z")):
        export_result(result_folder, "ome-tiff", path, maps=[ATTENTION], config=config)
        expected = draw_heatmap(scores, ATTENTION, config or HeatmapConfig()).raster
        rows, columns = expected.shape
        np.testing.assert_array_equal(tifffile.imread(path).squeeze()[:rows, :columns], expected)


def test_pictures_are_those_of_the_analysis(result_folder, tmp_path):
    (path,) = export_result(result_folder, "png", tmp_path / "a.png", maps=[ATTENTION])
    original = read_png(result_folder / "overlays" / f"{ATTENTION}.png")
    np.testing.assert_array_equal(read_png(path), original)


def test_chosen_map_alone_is_written(result_folder, tmp_path):
    (path,) = export_result(result_folder, "csv", tmp_path / "a.csv", maps=[ATTENTION])
    assert list(pd.read_csv(path).columns[7:]) == [ATTENTION]
    (path,) = export_result(result_folder, "geojson", tmp_path / "a.geojson", maps=[ATTENTION])
    assert len(json.loads(path.read_text())["features"][0]["properties"]["measurements"]) == 2


def test_record_keeps_the_time_of_the_analysis(result_folder, tmp_path):
    (path,) = export_result(result_folder, "parquet", tmp_path / "a.parquet")
    record = read_table_provenance(path)
    assert record["created"] == read_provenance(result_folder)["created"]
    assert record["result_id"] == read_provenance(result_folder)["result_id"]
    assert "created" in record["exported"]


def test_scores_in_memory(scores, overview, tmp_path):
    assert export_result(scores, "csv", tmp_path / "a.csv") == (tmp_path / "a.csv",)
    files = export_result(scores, "png", tmp_path / "out", maps=[ATTENTION], overview_rgb=overview)
    assert files[0].is_file()
    with pytest.raises(ResultError, match="overview"):
        export_result(scores, "png", tmp_path / "out")
    with pytest.raises(OutputError, match="path"):
        export_result(scores, "csv")


def test_wrong_wishes(result_folder, tmp_path):
    with pytest.raises(UnknownMapError, match=r"tissue\.attention"):
        export_result(result_folder, "csv", tmp_path / "a.csv", maps=["nothing"])
    with pytest.raises(OutputError, match="4 maps") as caught:
        export_result(result_folder, "png", tmp_path / "a.png")
    assert ATTENTION in caught.value.advice
    with pytest.raises(ResultError):
        export_result(tmp_path / "no result", "csv")
