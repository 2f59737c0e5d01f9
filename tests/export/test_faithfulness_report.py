from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_histcode.export.analysis import export_analysis
from napari_histcode.export.faithfulness.report import export_faithfulness, export_faithfulness_cohort
from napari_histcode.export.faithfulness.tables import MEANINGS
from napari_histcode.export.read_result import read_analysis
from napari_histcode.heatmap import default_config, draw_heatmap
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.faithfulness import Faithfulness, measure_faithfulness
from napari_histcode.scores.faithfulness_cohort import FaithfulnessMember, faithfulness_cohort
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.integrated_gradients import integrate_gradients
from napari_histcode.scores.score import score_bag
from tests.scores.small_model import small_bag, small_model

CONFIG = FaithfulnessConfig(n_random=5, n_steps=20)


@pytest.fixture(scope="module")
def slides() -> list[Faithfulness]:
    return [
        measure_faithfulness(explain_bag(small_bag(25, seed), small_model()), CONFIG, heads=["tissue"])
        for seed in range(4)
    ]


def test_a_slide_is_written_whole(slides: list[Faithfulness], tmp_path: Path) -> None:
    found = slides[0]
    page = export_faithfulness(tmp_path, found, notes=["Steps <were> enough."])
    text = page.read_text(encoding="utf-8")
    assert "Steps &lt;were&gt; enough." in text
    assert text.count("data:image/png") == 2
    assert "Research use only" in text
    assert "http" not in text.split("</style>")[1].replace("http-equiv", "")
    document = json.loads((tmp_path / "faithfulness.json").read_text(encoding="utf-8"))
    assert document["format"] == "histcode-faithfulness"
    output = document["slides"][0]["outputs"][0]
    measured = found.outputs[0]
    assert output["random"]["srg_limit"] == pytest.approx(measured.random.srg_limit)
    for entry, one in zip(output["maps"], measured.maps, strict=True):
        assert entry["srg"] == pytest.approx(one.srg)
        assert entry["curve"]["most_first"] == pytest.approx(one.curve.most_first)
        assert [k["share"] for k in entry["necessity"]] == list(CONFIG.top_shares)
    assert output["ranking"]["order"][0] == max(measured.maps, key=lambda one: one.srg).name
    table = pd.read_csv(tmp_path / "faithfulness.csv")
    assert set(table["metric"]) <= set(MEANINGS)
    row = table.query("map == 'tissue.tumour.contribution' and metric == 'srg'")
    assert row["value"].item() == pytest.approx(measured.map("contribution").srg)
    assert row["p"].item() == pytest.approx(measured.map("contribution").p)
    assert (tmp_path / "faithfulness.csv.provenance.json").exists()


def test_a_cohort_is_written_whole_and_names_no_patient(slides: list[Faithfulness], tmp_path: Path) -> None:
    members = [FaithfulnessMember(patient=f"Jane {k}", faithfulness=one) for k, one in enumerate(slides)]
    cohort = faithfulness_cohort(members, n_resamples=50)
    page = export_faithfulness_cohort(
        tmp_path,
        cohort,
        notes={"slide-x": ["a note"]},
        failures=[("result 5", "ResultError")],
    )
    for path in tmp_path.iterdir():
        assert "Jane" not in path.read_text(encoding="utf-8"), path.name
    text = page.read_text(encoding="utf-8")
    assert "result 5: ResultError" in text
    assert "slide-x: a note" in text
    document = json.loads((tmp_path / "faithfulness.json").read_text(encoding="utf-8"))
    assert [one["patient"] for one in document["slides"]] == [1, 2, 3, 4]
    means = pd.read_csv(tmp_path / "faithfulness.csv").query("metric == 'srg' and slides == 'all'")
    best = cohort.of("tissue", "tumour")[0]
    row = means.query(f"output == 'tumour' and kind == '{best.kind}'")
    assert row["mean"].item() == pytest.approx(best.srg.value)
    assert row["low"].item() == pytest.approx(best.srg.low)
    assert len(pd.read_csv(tmp_path / "faithfulness_slides.csv")["slide"]) > 0


def test_a_map_of_integrated_gradients_is_drawn_exported_and_read_back(tmp_path: Path) -> None:
    model, bag = small_model(), small_bag(25)
    found = integrate_gradients(bag, model, "tissue", n_steps=4)
    scores = score_bag(bag, model).with_maps(found.maps)
    name = "tissue.tumour.integrated_gradients"
    config = default_config(scores.map(name))
    assert config.normalisation == "raw"
    heatmap = draw_heatmap(scores, name, config)
    assert heatmap.is_signed
    overview = np.full((20, 60, 3), 200, np.uint8)
    export_analysis(scores, [heatmap], overview, tmp_path)
    assert "on the way from features that are all zero" in (tmp_path / "report.html").read_text()
    again = read_analysis(tmp_path).map(name)
    assert again.kind == "integrated_gradients"
    np.testing.assert_array_equal(again.values, scores.map(name).values)
