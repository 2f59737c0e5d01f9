import copy
import dataclasses
import json
import shutil

import numpy as np
import pytest

from napari_histcode.errors import ResultError
from napari_histcode.export.analysis import export_analysis
from napari_histcode.export.read_result import (
    read_analysis,
    read_document,
    read_overview,
    read_provenance,
)
from napari_histcode.export.tables import export_tile_table
from tests.builders import make_grid, make_map, make_scores


def assert_same(first, second):
    """Compare frozen values field by field, arrays included."""
    assert type(first) is type(second)
    for field in dataclasses.fields(first):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
        elif field.name in ("grid",):
            assert_same(one, other)
        elif field.name == "maps":
            assert len(one) == len(other)
            for a, b in zip(one, other, strict=True):
                assert_same(a, b)
        else:
            assert one == other, field.name


def test_scores_come_back_as_they_were(result_folder, scores):
    assert_same(read_analysis(result_folder), scores)


@pytest.mark.parametrize(
    "options", [{}, {"mpp": 0.2527, "overlap": 0.5, "first": (17, 3)}, {"n_columns": 1, "n_rows": 1}]
)
def test_other_grids_come_back_too(tmp_path, options):
    scores = make_scores(grid=dataclasses.replace(make_grid(**options), is_partial=True))
    folder = export_analysis(scores, [], np.zeros((4, 4, 3), np.uint8), tmp_path / "r")
    back = read_analysis(folder)
    assert_same(back, scores)
    np.testing.assert_array_equal(back.grid.xy_px0, scores.grid.xy_px0)


def test_missing_values_come_back_as_missing(tmp_path):
    scores = make_scores(grid=make_grid(2, 1), maps=(make_map("a.attention", [np.nan, 1]),))
    nan = float("nan")
    prediction = dataclasses.replace(scores.predictions[0], value=nan, raw=nan)
    scores = dataclasses.replace(scores, predictions=(prediction,), effective_tiles={"a": nan})
    folder = export_analysis(scores, [], np.zeros((4, 4, 3), np.uint8), tmp_path / "r")
    back = read_analysis(folder)
    assert np.isnan([back.predictions[0].value, back.effective_tiles["a"]]).all()
    np.testing.assert_array_equal(back.maps[0].values, [np.nan, 1])


def test_the_rest_of_a_result(result_folder, overview, scores):
    np.testing.assert_array_equal(read_overview(result_folder), overview)
    assert read_provenance(result_folder)["slide"]["alias"] == scores.grid.slide.alias


@pytest.fixture
def broken(result_folder, tmp_path):
    folder = tmp_path / "r"
    shutil.copytree(result_folder, folder)
    return folder


def edit(folder, change):
    document = read_document(folder)
    change(document)
    (folder / "analysis.json").write_text(json.dumps(document))


@pytest.mark.parametrize("name", ["analysis.json", "scores.parquet"])
def test_missing_and_truncated_files(broken, name):
    data = (broken / name).read_bytes()
    (broken / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ResultError):
        read_analysis(broken)
    (broken / name).unlink()
    with pytest.raises(ResultError):
        read_analysis(broken)


def test_newer_layout_is_refused_with_advice(broken):
    edit(broken, lambda document: document.update(schema_version=99))
    with pytest.raises(ResultError, match="99") as caught:
        read_analysis(broken)
    assert "Update" in caught.value.advice


def test_files_of_two_runs_are_not_mixed(broken, scores):
    export_tile_table(scores, broken / "scores.parquet")
    with pytest.raises(ResultError, match="two different runs"):
        read_analysis(broken)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format": "other"}', "\x00"])
def test_not_a_result(broken, text):
    (broken / "analysis.json").write_text(text)
    with pytest.raises(ResultError):
        read_analysis(broken)


def test_not_text_at_all(broken):
    (broken / "analysis.json").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ResultError):
        read_analysis(broken)


def places_in(value, place=()):
    yield place
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places_in(item, (*place, key))
    elif isinstance(value, list):
        for position, item in enumerate(value[:1]):
            yield from places_in(item, (*place, position))


@pytest.mark.parametrize("junk", ["missing", "text", None, -1, [], {}])
def test_whatever_is_damaged_the_error_is_ours(broken, junk):
    document = read_document(broken)
    outcomes = set()
    for place in list(places_in(document))[1:]:
        damaged = copy.deepcopy(document)
        parent = damaged
        for step in place[:-1]:
            parent = parent[step]
        if junk == "missing":
            del parent[place[-1]]
        else:
            parent[place[-1]] = junk
        (broken / "analysis.json").write_text(json.dumps(damaged))
        try:
            read_analysis(broken)
            outcomes.add("read")
        except ResultError as error:
            assert error.advice  # noqa: PT017
            outcomes.add("refused")
    assert "refused" in outcomes
