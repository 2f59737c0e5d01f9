from __future__ import annotations

import json

import numpy as np
import pytest

from napari_histcode.annotations import read_annotations
from napari_histcode.export.analysis import export_analysis
from napari_histcode.export.formats import export_result
from napari_histcode.export.provenance import to_json
from napari_histcode.export.quality import (
    DOCUMENT_FILE,
    FIGURE_FILE,
    REGIONS_FILE,
    draw_quality,
    export_quality,
    quality_line,
)
from napari_histcode.export.read_result import read_analysis
from napari_histcode.export.trust import describe_trust, trust_section
from napari_histcode.tiling.tile_quality import Exclusion
from napari_histcode.tissue.find import find_tissue
from napari_histcode.tissue.quality import ARTEFACTS, Artefact, QualityConfig
from napari_histcode.tissue.quality_find import make_mask
from napari_histcode.trust.distance import OodScores
from napari_histcode.trust.ensemble import EnsembleSpread
from napari_histcode.trust.facts import SlideFacts
from napari_histcode.trust.trust import Trust, TrustWarning


def make_trust(**changes):
    values = {
        "facts": SlideFacts(mpp=0.5, stain="H&E", mixture_share=0.97, brightness=241.0, organ=None),
        "ood": OodScores(
            distance=np.linspace(0.5, 1, 21, dtype=np.float32),
            percentile=np.linspace(0, 1, 21, dtype=np.float32),
            threshold=0.9,
            share_beyond=0.19,
            training_shares=np.array([0.0, 0.1], np.float32),
        ),
        "spreads": (
            EnsembleSpread(
                ensemble="folds", heads=("a", "b"), output="tumour", label="tumour", mean=0.5, spread=0.2,
                quantity="probability", tile_spread=np.ones(21, np.float32),
            ),
        ),
        "lone_heads": (),
        "warnings": (
            TrustWarning(kind="organ", sentence="The slide is of <lung>.", evidence={"organ": "lung"}),
        ),
        "notes": ("Nobody said more.",),
    }  # fmt: skip
    return Trust(**(values | changes))


def test_the_description_is_strict_json_without_tiles():
    document = json.loads(to_json(describe_trust(make_trust())))
    assert document["warnings"][0]["evidence"] == {"organ": "lung"}
    assert document["out_of_distribution"]["share_beyond"] == pytest.approx(0.19)
    assert document["out_of_distribution"]["distance_quantiles"]["0.5"] == pytest.approx(0.75)
    assert document["ensembles"][0]["median_tile_spread"] == 1
    assert len(to_json(document)) < 2000


def test_the_section_says_warnings_and_numbers_and_escapes_them():
    page = "".join(trust_section(json.loads(to_json(describe_trust(make_trust())))))
    assert "The slide is of &lt;lung&gt;." in page
    assert "19.0%" in page
    assert "0.500 ± 0.200 over 2 heads" in page
    assert "Nobody said more." in page


def test_a_slide_without_a_warning_is_not_called_safe():
    page = "".join(trust_section(describe_trust(make_trust(warnings=(), ood=None, spreads=()))))
    assert "That is no proof." in page


@pytest.fixture(scope="module")
def quality(slide):
    tissue = find_tissue(slide)
    pen = np.zeros(tissue.mask.shape, bool)
    pen[5:20, 5:30] = True
    return tissue, make_mask({Artefact.PEN: pen}, tissue, QualityConfig(), {Artefact.BLUR: "it is coarse"})


def test_a_result_carries_trust_and_what_was_left_out(scores, heatmaps, overview, quality, tmp_path):
    exclusion = Exclusion(mask=quality[1], by_artefact={Artefact.PEN: 3, Artefact.FOLD: 0, Artefact.BLUR: 1})
    folder = export_analysis(
        scores, heatmaps, overview, tmp_path / "r", trust=make_trust(), exclusion=exclusion
    )
    document = json.loads((folder / "analysis.json").read_text(encoding="utf-8"))
    assert document["trust"]["warnings"][0]["kind"] == "organ"
    assert document["provenance"]["artefacts"]["n_excluded"] == 4
    assert document["provenance"]["artefacts"]["n_excluded_by"]["pen"] == 3
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "How far to trust this" in page
    assert "4 tiles that are mostly artefact, left out" in page
    assert len(read_analysis(folder).grid) == len(scores.grid)
    (again,) = export_result(folder, "html", tmp_path / "again.html")
    assert "The slide is of &lt;lung&gt;." in again.read_text(encoding="utf-8")


def test_quality_is_written_as_figure_regions_and_numbers(slide, quality, overview, tmp_path):
    tissue, mask = quality
    folder = export_quality(slide, tissue, mask, overview, tmp_path / "JaneDoe")
    assert {path.name for path in folder.iterdir()} == {DOCUMENT_FILE, REGIONS_FILE, FIGURE_FILE}
    document = json.loads((folder / DOCUMENT_FILE).read_text(encoding="utf-8"))
    assert document["artefacts"]["pen"]["area_mm2"] == pytest.approx(mask.area_mm2[Artefact.PEN])
    assert document["artefacts"]["out of focus"]["not_assessed"] == "it is coarse"
    (region,) = read_annotations(folder / REGIONS_FILE, slide=slide)
    assert (region.class_name, region.name) == ("Ignore*", "pen")
    mpp = slide.mpp
    assert region.geometry.area * mpp.x * mpp.y / 1e6 == pytest.approx(mask.area_mm2[Artefact.PEN], rel=1e-3)
    for path in folder.iterdir():
        assert b"JaneDoe" not in path.read_bytes()


def test_the_figure_shows_the_artefact_where_it_is(quality, overview):
    tissue, mask = quality
    plain = draw_quality(make_mask({}, tissue, QualityConfig(), {}), tissue, overview)
    shown = draw_quality(mask, tissue, overview)
    height = min(len(plain), len(shown))
    rows, _ = np.nonzero((plain[:height] != shown[:height]).any(axis=2))
    assert len(rows)
    assert quality_line(mask, Artefact.BLUR) == "not assessed: it is coarse"
    assert quality_line(mask, ARTEFACTS[0]).endswith("of the tissue")
