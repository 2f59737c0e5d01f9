"""Texts of the window."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from napari_histcode.errors import MissingMppError
from napari_histcode.plugin import wording
from napari_histcode.progress import Progress
from napari_histcode.scores.scores import Prediction
from napari_histcode.slide import Mpp
from tests.builders import make_slide_record


def test_size_in_millimetres_only_where_known() -> None:
    record = make_slide_record((36400, 29200), Mpp(x=0.5, y=0.5, source="file"))
    assert wording.slide_size(record).startswith("18.2 \N{MULTIPLICATION SIGN} 14.6 mm")
    assert "mm" not in wording.slide_size(replace(record, mpp=None))


def test_resolution_says_who_says_so() -> None:
    assert wording.resolution(Mpp(x=0.499, y=0.499, source="file")) == "0.499 µm/px (file) · 20x"
    assert wording.resolution(None) == "resolution unknown"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (59.2, "59 s"), (61, "1 min 1 s"), (3600, "60 min")]
)
def test_duration(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


def test_progress_line() -> None:
    assert wording.progress_line(Progress(stage="finding tissue", done=0, total=0)) == "Finding tissue …"
    started = Progress(stage="encoding tiles", done=100, total=500, resumed=100)
    assert wording.progress_line(started) == "Encoding tiles 20%"
    going = replace(started, done=300, elapsed_s=2.0)
    assert wording.progress_line(going) == "Encoding tiles 60% · 100 tiles/s · 2 s left"
    done = replace(started, done=500, elapsed_s=4.0)
    assert wording.progress_line(done) == "Encoding tiles 100% · 100 tiles/s"


def test_hover() -> None:
    assert wording.hover("tumour", 1.214, 93.2, 1.84) == "tumour 1.21 (p 93, z 1.8)"
    assert wording.hover("attention", 0.000123456, 99.6, 3) == "attention 0.000123 (p 100, z 3.0)"
    assert wording.hover("CD3E", 0.5, 50, -0.1, unit="log2") == "CD3E 0.50 log2 (p 50, z -0.1)"
    assert wording.hover("tumour", nan, nan, nan) == "tumour: no tile"


def test_prediction_value() -> None:
    prediction = Prediction(
        head="h", output="o", label="l", value=0.9241, raw=2.5, quantity="log2 fold change", unit="log2"
    )
    assert wording.prediction_value(prediction) == "0.92 log2"
    assert wording.prediction_value(replace(prediction, value=12345.6, unit="")) == "1.23e+04"


def test_errors_tell_what_to_do() -> None:
    assert wording.error_text(MissingMppError("No mpp.", advice="Give it.")) == "No mpp. Give it."
    assert "memory" in wording.error_text(MemoryError())
    assert "KeyError" in wording.error_text(KeyError("x"))
