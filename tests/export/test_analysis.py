import dataclasses
import errno
import json
import os
import shutil

import numpy as np
import pytest
import tifffile

from napari_histcode.errors import AnalysisCancelledError, OutputError
from napari_histcode.export.analysis import STAGE, export_analysis
from napari_histcode.export.layout import file_stems
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.read_result import read_analysis, read_document
from napari_histcode.heatmap import default_config, draw_heatmap
from napari_histcode.progress import CancelToken
from tests.builders import make_scores


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def small(names=("tissue.attention",), seed=0):
    scores = make_scores(2, 2, seed=seed)
    maps = tuple(dataclasses.replace(scores.maps[0], name=name) for name in names)
    scores = dataclasses.replace(scores, maps=maps)
    return scores, [draw_heatmap(scores, m.name, default_config(m)) for m in maps]


@pytest.fixture
def tiny():
    return np.full((40, 40, 3), 220, np.uint8)


def test_all_files_are_there_and_listed(result_folder, scores):
    expected = {"analysis.json", "scores.parquet", "overview.png", "tiles.geojson", "report.html"}
    expected |= {f"heatmaps/{name}.ome.tif" for name in scores.map_names}
    expected |= {f"overlays/{name}.png" for name in scores.map_names}
    assert files_in(result_folder) == expected
    assert set(read_document(result_folder)["files"]) == expected


def test_document_says_what_was_found(result_folder, scores):
    document = read_document(result_folder)
    assert document["notice"] == RESEARCH_USE
    assert document["predictions"][0] == dataclasses.asdict(scores.predictions[0])
    assert document["effective_tiles"] == scores.effective_tiles
    assert document["tiles"]["n_tiles"] == 24
    assert document["tiles"]["n_corrupt"] == 3
    cell_mm2 = (0.224 * 0.75) ** 2
    assert document["tiles"]["tissue_mm2"] == pytest.approx(scores.grid.tissue_fraction.sum() * cell_mm2)
    assert document["seconds"] == {"encoding tiles": 12.3}
    attention = document["maps"][0]
    assert attention["heatmap"] == "heatmaps/tissue.attention.ome.tif"
    assert attention["overlay_normalisation"] == "percentile"
    assert document["maps"][1]["overlay_normalisation"] == "raw"


def test_heatmap_files_hold_raw_values_whatever_is_shown(result_folder, scores):
    values = tifffile.imread(result_folder / "heatmaps" / "tissue.attention.ome.tif")
    np.testing.assert_array_equal(values, draw_heatmap(scores, "tissue.attention").raster)


def test_progress_counts_every_file(tmp_path, tiny):
    scores, heatmaps = small()
    seen = []
    export_analysis(scores, heatmaps, tiny, tmp_path / "r", progress=seen.append)
    assert [p.done for p in seen] == list(range(seen[-1].total + 1))
    assert {p.stage for p in seen} == {STAGE}
    assert seen[-1].fraction == 1


@pytest.mark.parametrize("n_steps", [0, 1, 3, 5])
def test_cancel_leaves_the_earlier_result(tmp_path, tiny, n_steps):
    earlier, heatmaps = small(seed=1)
    folder = export_analysis(earlier, heatmaps, tiny, tmp_path / "r")
    before = {name: (folder / name).read_bytes() for name in files_in(folder)}
    cancel = CancelToken()

    def watch(progress):
        if progress.done == n_steps:
            cancel.cancel()

    scores, heatmaps = small(seed=2)
    if n_steps == 0:
        cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        export_analysis(scores, heatmaps, tiny, folder, progress=watch, cancel=cancel)
    assert {name: (folder / name).read_bytes() for name in files_in(folder)} == before
    assert not list(folder.glob(".*"))


def test_full_disk_leaves_the_earlier_result(tmp_path, tiny, monkeypatch):
    scores, heatmaps = small()
    folder = export_analysis(scores, heatmaps, tiny, tmp_path / "r")
    before = {name: (folder / name).read_bytes() for name in files_in(folder)}
    calls = []

    def full_at_third(descriptor):
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_at_third)
    with pytest.raises(OutputError, match="No space left"):
        export_analysis(scores, heatmaps, tiny, folder)
    assert {name: (folder / name).read_bytes() for name in files_in(folder)} == before
    assert not list(folder.glob(".*"))


def test_unwritable_folder(tmp_path, tiny, monkeypatch):
    scores, heatmaps = small()

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path / "r"))

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(OutputError, match="Permission denied") as caught:
        export_analysis(scores, heatmaps, tiny, tmp_path / "r")
    assert "may write" in caught.value.advice


def test_second_result_replaces_the_first_and_keeps_what_others_wrote(tmp_path, tiny):
    folder = tmp_path / "r"
    scores, heatmaps = small(("a.attention", "b.attention"))
    export_analysis(scores, heatmaps, tiny, folder)
    (folder / "features.h5").write_text("features")
    (folder / "overlays" / "mine.png").write_text("mine")
    scores, heatmaps = small(("b.attention", "c.attention"), seed=5)
    export_analysis(scores, heatmaps, tiny, folder)
    found = files_in(folder)
    assert {
        "features.h5",
        "overlays/mine.png",
        "overlays/b.attention.png",
        "overlays/c.attention.png",
    } <= found
    assert not {"overlays/a.attention.png", "heatmaps/a.attention.ome.tif"} & found
    assert read_analysis(folder).map_names == ("b.attention", "c.attention")


def test_forged_list_of_files_removes_nothing_outside(tmp_path, tiny):
    folder = tmp_path / "r"
    scores, heatmaps = small()
    export_analysis(scores, heatmaps, tiny, folder)
    (tmp_path / "precious.txt").write_text("keep")
    (folder / "features.h5").write_text("keep")
    document = json.loads((folder / "analysis.json").read_text())
    document["files"] += [
        "../precious.txt",
        "features.h5",
        "overlays/../features.h5",
        7,
        str(tmp_path / "precious.txt"),
    ]
    (folder / "analysis.json").write_text(json.dumps(document))
    export_analysis(scores, heatmaps, tiny, folder)
    assert (tmp_path / "precious.txt").exists()
    assert (folder / "features.h5").exists()


def test_only_chosen_maps_are_drawn_and_all_are_kept(tmp_path, tiny):
    scores = make_scores(2, 2)
    heatmaps = [draw_heatmap(scores, scores.map_names[1])]
    folder = export_analysis(scores, heatmaps, tiny, tmp_path / "r")
    assert len(list((folder / "overlays").iterdir())) == 1
    assert read_analysis(folder).map_names == scores.map_names


def test_names_no_file_system_takes(tmp_path, tiny):
    names = ("a/b", "../../x", "HLA-A", "hla-a", "µ", "con" * 80, "", "a\\b", ".hidden", "ok.single_tile")
    stems = file_stems(names)
    assert stems["HLA-A"] == "HLA-A"
    assert stems["ok.single_tile"] == "ok.single_tile"
    assert len({stem.lower() for stem in stems.values()}) == len(names)
    for stem in stems.values():
        assert stem
        assert len(stem) <= 110
        assert not set(stem) & set('/\\:*?"<>| ')
        assert not stem.startswith(".")
    scores, heatmaps = small(("../../x", "a/b"))
    folder = export_analysis(scores, heatmaps, tiny, tmp_path / "r")
    assert len(list((folder / "overlays").iterdir())) == 2
    assert read_analysis(folder).map_names == ("../../x", "a/b")
    shutil.rmtree(folder)
    assert not list(tmp_path.iterdir())
