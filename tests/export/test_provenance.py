import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import json_safe, provenance_of, re_exported, timestamp, to_json


def test_all_parts_of_the_record(scores):
    record = provenance_of(scores, normalisation="z", created=datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC))
    assert record["notice"] == RESEARCH_USE
    assert record["created"] == "2024-05-06T07:08:09Z"
    assert record["slide"]["alias"] == scores.grid.slide.alias
    assert record["slide"]["digest"] == scores.grid.slide.digest
    assert record["slide"]["mpp"] == {"x": 0.37, "y": 0.37, "source": "file"}
    assert record["model"] == {"name": "planted", "version": "1.2.0", "digest": "cd" * 32}
    assert record["encoder"]["name"] == "planted-encoder"
    assert record["encoder"]["digest"] == "ab" * 32
    assert record["tiling"]["overlap"] == 0.25
    assert record["tissue"]["mask_mpp"] == scores.grid.tissue_config.mask_mpp
    assert record["grid"]["n_tiles"] == 24
    assert record["normalisation"] == "z"
    assert {"napari-histcode", "python", "numpy", "torch"} <= record["software"].keys()


def test_record_is_json_that_comes_back_the_same(scores):
    record = provenance_of(scores)
    assert json.loads(json.dumps(record, allow_nan=False)) == record


def test_time_is_utc_whatever_the_zone():
    zone = timezone(timedelta(hours=9))
    assert timestamp(datetime(2024, 1, 1, 3, tzinfo=zone)) == "2023-12-31T18:00:00Z"
    assert timestamp().endswith("Z")


def test_later_export_keeps_the_first_time(scores):
    record = provenance_of(scores, created=datetime(2020, 1, 1, tzinfo=UTC))
    later = re_exported(record)
    assert later["created"] == "2020-01-01T00:00:00Z"
    assert later["exported"]["created"] > later["created"]


def test_json_has_no_nan():
    value = {"a": (float("nan"), np.float32(0.5), np.int64(3), np.bool_(True)), "b": float("inf")}
    assert json.loads(to_json(value)) == {"a": [None, 0.5, 3, True], "b": None}
    assert isinstance(json_safe(True), bool)
    with pytest.raises(TypeError, match="object"):
        json_safe(object())
