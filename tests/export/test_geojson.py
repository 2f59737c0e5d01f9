import json
import tracemalloc
from uuid import UUID

import numpy as np
import pytest
from shapely.geometry import box, shape

from napari_histcode.errors import AnalysisCancelledError, UnknownMapError
from napari_histcode.export import geojson
from napari_histcode.export.geojson import export_tiles_geojson
from napari_histcode.heatmap.normalise import percentile_ranks
from napari_histcode.progress import CancelToken
from tests.builders import make_grid, make_map, make_scores


def read(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)


def test_every_tile_is_a_locked_qupath_tile(scores, tmp_path):
    collection = read(export_tiles_geojson(scores, tmp_path / "t.geojson"))
    assert collection["type"] == "FeatureCollection"
    assert len(collection["features"]) == len(scores.grid)
    for feature in collection["features"]:
        assert list(feature) == ["type", "id", "geometry", "properties"]
        assert feature["type"] == "Feature"
        assert list(feature["properties"]) == ["objectType", "isLocked", "measurements"]
        assert feature["properties"]["objectType"] == "tile"
        assert feature["properties"]["isLocked"] is True
        ring = feature["geometry"]["coordinates"][0]
        assert len(ring) == 5
        assert ring[0] == ring[-1]


def test_polygons_are_the_tiles(scores, tmp_path):
    features = read(export_tiles_geojson(scores, tmp_path / "t.geojson"))["features"]
    for feature, (x, y) in zip(features, scores.grid.xy_px0, strict=True):
        expected = box(x, y, x + scores.grid.size_px0[0], y + scores.grid.size_px0[1])
        assert shape(feature["geometry"]).hausdorff_distance(expected) < 0.01


def test_measurements_are_raw_and_percentile(scores, tmp_path):
    features = read(export_tiles_geojson(scores, tmp_path / "t.geojson"))["features"]
    for tile_map in scores.maps:
        measured = [f["properties"]["measurements"] for f in features]
        raw = [m[f"histcode: {tile_map.label} (raw)"] for m in measured]
        ranks = [m[f"histcode: {tile_map.label} (percentile)"] for m in measured]
        np.testing.assert_allclose(raw, tile_map.values, rtol=1e-6)
        np.testing.assert_allclose(ranks, percentile_ranks(tile_map.values), rtol=1e-6)


def test_origin_shifts_the_frame_and_is_recorded(scores, tmp_path):
    path = export_tiles_geojson(scores, tmp_path / "t.geojson", origin_px0=(100.5, -20))
    collection = read(path)
    corner = collection["features"][0]["geometry"]["coordinates"][0][0]
    np.testing.assert_allclose(corner, scores.grid.xy_px0[0] - (100.5, -20), atol=0.01)
    assert collection["histcode"]["origin_px0"] == [100.5, -20]
    assert collection["histcode"]["slide"]["digest"] == scores.grid.slide.digest


def test_ids_are_uuids_that_follow_from_the_place(scores, tmp_path):
    first = [f["id"] for f in read(export_tiles_geojson(scores, tmp_path / "a.geojson"))["features"]]
    again = [f["id"] for f in read(export_tiles_geojson(scores, tmp_path / "b.geojson"))["features"]]
    assert first == again
    assert len(set(first)) == len(first)
    assert all(UUID(tile_id).version == 5 for tile_id in first)
    other = make_scores(6, 4, mpp=0.38, overlap=0.25)
    assert not {f["id"] for f in read(export_tiles_geojson(other, tmp_path / "c.geojson"))["features"]} & set(
        first
    )


def test_values_json_does_not_know_are_written_as_qupath_writes_them(tmp_path):
    values = [np.nan, np.inf, -np.inf, -0.5]
    scores = make_scores(grid=make_grid(4, 1), maps=(make_map("tissue.attention", values, label="a"),))
    features = read(export_tiles_geojson(scores, tmp_path / "t.geojson"))["features"]
    raw = [f["properties"]["measurements"]["histcode: a (raw)"] for f in features]
    assert raw == ["NaN", "Infinity", "-Infinity", -0.5]


def test_maps_with_one_label_keep_two_names(tmp_path):
    maps = (make_map("a.attention", [1], label="attention"), make_map("b.attention", [2], label="attention"))
    scores = make_scores(grid=make_grid(1, 1), maps=maps)
    (feature,) = read(export_tiles_geojson(scores, tmp_path / "t.geojson"))["features"]
    assert len(feature["properties"]["measurements"]) == 4


def test_awkward_labels_are_quoted(tmp_path):
    label = 'µ "quoted" \\ back\nslash %s {0}'
    scores = make_scores(grid=make_grid(1, 1), maps=(make_map("a.attention", [1], label=label),))
    (feature,) = read(export_tiles_geojson(scores, tmp_path / "t.geojson"))["features"]
    assert f"histcode: {label} (raw)" in feature["properties"]["measurements"]


def test_chosen_maps_and_none(scores, tmp_path):
    (name,) = scores.map_names[1:2]
    features = read(export_tiles_geojson(scores, tmp_path / "t.geojson", maps=[name]))["features"]
    assert len(features[0]["properties"]["measurements"]) == 2
    features = read(export_tiles_geojson(scores, tmp_path / "t.geojson", maps=[]))["features"]
    assert features[0]["properties"]["measurements"] == {}
    assert len(features) == len(scores.grid)
    with pytest.raises(UnknownMapError):
        export_tiles_geojson(scores, tmp_path / "t.geojson", maps=["nothing"])


@pytest.mark.parametrize("n_at_once", [1, 5, 24, 100])
def test_pieces_make_one_file(scores, tmp_path, monkeypatch, n_at_once):
    whole = read(export_tiles_geojson(scores, tmp_path / "a.geojson"))["features"]
    monkeypatch.setattr(geojson, "TILES_AT_ONCE", n_at_once)
    assert read(export_tiles_geojson(scores, tmp_path / "b.geojson"))["features"] == whole


def test_memory_does_not_hold_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(geojson, "TILES_AT_ONCE", 200)
    scores = make_scores(100, 100, maps=(make_map("a.attention", np.arange(10000)),))
    export_tiles_geojson(scores, tmp_path / "t.geojson")
    tracemalloc.start()
    path = export_tiles_geojson(scores, tmp_path / "t.geojson")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < path.stat().st_size / 3


def test_cancel_leaves_nothing(scores, tmp_path):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        export_tiles_geojson(scores, tmp_path / "t.geojson", cancel=cancel)
    assert list(tmp_path.iterdir()) == []
