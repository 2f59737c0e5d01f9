from __future__ import annotations

import re

import numpy as np
import pytest

from napari_histcode import resources
from napari_histcode.annotations import read_geojson
from napari_histcode.cli.demo import SAMPLE_BLOCK_UM, agreement_table
from napari_histcode.pipeline import Analysis, analyse_slide


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyse_slide(resources.SAMPLE_SLIDE, "bundled", device="cpu")


def test_the_bundled_model_finds_tumour_and_necrosis_on_the_bundled_sample(analysis: Analysis) -> None:
    table = agreement_table(analysis.scores)
    found = {
        name.strip(): float(value)
        for name, value in re.findall(r"^\s+(.+?)\s{2,}(0\.\d+) \[", table, re.MULTILINE)
    }
    assert found["viable tumour, single-tile"] > 0.75
    assert found["necrosis, single-tile"] > 0.85


def test_predictions_of_the_sample_are_those_of_the_documentation(analysis: Analysis) -> None:
    values = {p.output: p.value for p in analysis.scores.predictions if p.head == "tissue"}
    assert values == pytest.approx({"viable_tumour": 0.84, "necrosis": 0.57, "non_tumour": 0.69}, abs=0.02)


def test_one_block_of_the_bootstrap_is_one_field() -> None:
    lefts = sorted({a.geometry.bounds[0] for a in read_geojson(resources.SAMPLE_ANNOTATIONS)})
    assert np.diff(lefts) == pytest.approx(SAMPLE_BLOCK_UM)  # the sample is at 1 um/px
