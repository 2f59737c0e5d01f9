import dataclasses
import errno
import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from napari_histcode.errors import OutputError, ResultError, UnknownFormatError
from napari_histcode.export.tables import (
    export_tile_table,
    read_table_provenance,
    read_tile_table,
    tile_table,
)
from tests.builders import make_map, make_scores


def test_one_row_a_tile_in_level_0_pixels(scores):
    table = tile_table(scores)
    assert list(table.columns[:4]) == ["x", "y", "width", "height"]
    assert list(table.columns[-len(scores.maps) :]) == list(scores.map_names)
    np.testing.assert_array_equal(table[["x", "y"]], scores.grid.xy_px0)
    assert (table["width"] == scores.grid.size_px0[0]).all()
    np.testing.assert_array_equal(table[["column", "row"]], scores.grid.index)
    for tile_map in scores.maps:
        np.testing.assert_array_equal(table[tile_map.name], tile_map.values)
        assert table[tile_map.name].dtype == np.float32


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".CSV"])
def test_table_comes_back(scores, tmp_path, suffix):
    path = export_tile_table(scores, tmp_path / f"tiles{suffix}")
    back = read_tile_table(path)
    expected = tile_table(scores)
    assert list(back.columns) == list(expected.columns)
    for name in expected.columns:
        np.testing.assert_allclose(back[name].astype(expected[name].dtype), expected[name], rtol=1e-15)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_record_travels_with_the_table(scores, tmp_path, suffix):
    path = export_tile_table(scores, tmp_path / f"tiles{suffix}")
    record = read_table_provenance(path)
    assert record["slide"]["digest"] == scores.grid.slide.digest
    assert record["normalisation"] == "raw"


def test_csv_has_no_comment_that_would_trip_readers(scores, tmp_path):
    path = export_tile_table(scores, tmp_path / "tiles.csv")
    assert path.read_text().splitlines()[0].split(",") == list(tile_table(scores).columns)


def test_missing_values_stay_missing(tmp_path):
    scores = make_scores(2, 1, maps=(make_map("tissue.attention", [np.nan, 1]),))
    for suffix in (".csv", ".parquet"):
        back = read_tile_table(export_tile_table(scores, tmp_path / f"t{suffix}"))
        np.testing.assert_array_equal(back["tissue.attention"], [np.nan, 1])


def test_two_columns_of_one_name_are_refused(scores):
    twice = dataclasses.replace(scores, maps=(scores.maps[0], scores.maps[0]))
    with pytest.raises(ResultError, match=r"tissue\.attention"):
        tile_table(twice)
    with pytest.raises(ResultError, match="width"):
        tile_table(make_scores(1, 1, maps=(make_map("width", [1]),)))


def test_bad_paths(scores, tmp_path):
    with pytest.raises(UnknownFormatError, match="xlsx"):
        export_tile_table(scores, tmp_path / "tiles.xlsx")
    with pytest.raises(ResultError):
        read_tile_table(tmp_path / "missing.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(ResultError):
        read_tile_table(tmp_path / "broken.parquet")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ResultError, match="x, y"):
        read_tile_table(tmp_path / "other.csv")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(ResultError, match="audit record"):
        read_table_provenance(tmp_path / "other.parquet")


def test_neither_file_of_a_csv_stays_after_an_error(scores, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(OutputError, match="No space left"):
        export_tile_table(scores, tmp_path / "tiles.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "x"), pa.ArrowException("odd")])
def test_errors_of_arrow_are_ours(scores, tmp_path, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(pq, "write_table", fail)
    with pytest.raises(OutputError):
        export_tile_table(scores, tmp_path / "tiles.parquet")
    assert list(tmp_path.iterdir()) == []
