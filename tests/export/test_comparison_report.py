from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_histcode.comparison.cohort import CohortComparison, compare_cohort, member_of
from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.rows import comparison_rows
from napari_histcode.comparison.spots import SpotConfig, SpotTable, compare_with_spots
from napari_histcode.comparison.tile_agreement import AGREEMENT_COLOURS, TileAgreement
from napari_histcode.errors import OutputError
from napari_histcode.export.comparisons.figures import MOST_CURVES, comparison_png, shown_maps
from napari_histcode.export.comparisons.report import (
    CSV_FILE,
    JSON_FILE,
    PAGE_FILE,
    TILES_FILE,
    export_cohort,
    export_comparison,
)
from napari_histcode.export.figures.agreement_picture import ALPHA, draw_agreement
from napari_histcode.export.html_table import cell_text, data_table, p_text
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.statistics.estimate import Estimate, undefined
from tests.comparison.planted import COLUMNS, GRID, ROWS, config, region, scores_of

CLASS_OF = (("c0", "Tumor"), ("c1", "Stroma"))


def make_comparison(seed: int = 0, n_maps: int = 2) -> Comparison:
    rng = np.random.default_rng(seed)
    annotations = [region(0, 0, 4.3, ROWS), region(6, 0, COLUMNS, ROWS, "Stroma & <bone>")]
    readers = {"reader 2": [region(0, 0, 5, ROWS), annotations[1]]}
    overview = rng.integers(100, 255, (90, 120, 3)).astype(np.uint8)
    options = config(class_of_output=CLASS_OF, is_exhaustive=False)
    scores = scores_of(*rng.normal(size=(n_maps, len(GRID))))
    return compare(scores, annotations, options, overview=overview, readers=readers)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return make_comparison()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, comparison: Comparison) -> Path:
    folder = tmp_path_factory.mktemp("comparison") / "new"
    spots = SpotTable(
        xy_px0=GRID.centre_px0,
        names=("c0",),
        values=np.random.default_rng(1).normal(size=(len(GRID), 1)),
        quantity="as given",
    )
    scores = scores_of(*np.random.default_rng(0).normal(size=(2, len(GRID))))
    found = compare_with_spots(scores, spots, SpotConfig(n_resamples=20, n_shifts=30))
    overview = np.full((90, 120, 3), 200, np.uint8)
    page = export_comparison(
        folder, comparison, spots=found, slide="slide-1", overview=overview, notes=["A <note>."]
    )
    assert page == folder / PAGE_FILE
    return folder


def test_all_files_are_there_and_agree(folder: Path, comparison: Comparison) -> None:
    audits = {f"{name}.provenance.json" for name in (CSV_FILE, TILES_FILE)}
    files = {path.name for path in folder.iterdir()}
    assert files == {JSON_FILE, CSV_FILE, TILES_FILE, PAGE_FILE} | audits
    for name in files - {CSV_FILE, TILES_FILE}:
        text = (folder / name).read_text(encoding="utf-8")
        for word in (RESEARCH_USE, comparison.model_digest, GRID.slide.digest):
            assert word in text, (name, word)
    document = json.loads((folder / JSON_FILE).read_text(), parse_constant=lambda text: pytest.fail(text))
    assert document["notice"] == RESEARCH_USE
    assert document["format"] == "histcode-comparison"
    table = pd.read_csv(folder / CSV_FILE, keep_default_na=True)
    rows = comparison_rows(comparison)
    assert len(document["rows"]) == len(table) == len(rows) + 2
    for row, entry, value in zip(rows, document["rows"], table["value"], strict=False):
        assert entry["metric"] == row.metric
        if np.isfinite(row.value):
            assert entry["value"] == row.value == value  # to the last digit
        else:
            assert entry["value"] is None
            assert np.isnan(value)
    assert table["meaning"].notna().all()
    maps = document["comparison"]["maps"]
    assert maps[0]["ranking"]["auroc"]["value"] == comparison.maps[0].ranking.auroc.value


def test_the_table_of_tiles_holds_the_agreement(folder: Path, comparison: Comparison) -> None:
    table = pd.read_csv(folder / TILES_FILE)
    assert len(table) == len(GRID)
    assert table["annotated_share"].to_numpy() == pytest.approx(comparison.reference.fraction)
    agreement = table["tissue.c0.single_tile.agreement"]
    counts = comparison.maps[0].overlap("fixed").counts
    assert (agreement == "true positive").sum() == counts.true_positive
    assert (agreement == "false negative").sum() == counts.false_negative
    assert set(table["label"]) == {"positive", "negative", "border", "outside"}


def test_the_page_is_whole_safe_and_says_what_it_must(folder: Path) -> None:
    page = (folder / PAGE_FILE).read_text(encoding="utf-8")
    assert page.count("<html") == page.count("</html>") == 1
    assert "<script" not in page
    assert "http:" not in page
    assert "https:" not in page
    assert "A &lt;note&gt;." in page
    assert "not exhaustive" in page
    for word in (
        RESEARCH_USE,
        "prevalence",
        "ceiling",
        "oracle",
        "Otsu",
        "Readers",
        "kappa",
        "Lesions",
        "Holm",
    ):
        assert word in page
    for word in ("(baseline)", "Spatial transcriptomics", "image/png", "image/jpeg", "false negative"):
        assert word in page


def test_a_comparison_with_spots_alone_is_written(tmp_path: Path) -> None:
    spots = SpotTable(
        xy_px0=GRID.centre_px0, names=("x",), values=np.zeros((len(GRID), 1)), quantity="as given"
    )
    found = compare_with_spots(scores_of(np.zeros(len(GRID))), spots)
    export_comparison(tmp_path, None, spots=found, slide="slide-1")
    assert "No map has a partner" in (tmp_path / PAGE_FILE).read_text(encoding="utf-8")
    assert not (tmp_path / TILES_FILE).exists()


def test_nothing_half_written_is_left_behind(tmp_path: Path, comparison: Comparison) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        export_comparison(tmp_path / "file" / "inside", comparison, slide="slide-1")
    (tmp_path / "out" / CSV_FILE).mkdir(parents=True)
    with pytest.raises(OutputError):
        export_comparison(tmp_path / "out", comparison, slide="slide-1")
    assert not (tmp_path / "out" / JSON_FILE).exists()


def test_the_picture_has_the_colours_where_the_tiles_are(comparison: Comparison) -> None:
    overview = np.full((90, 120, 3), 255, np.uint8)
    picture = draw_agreement(comparison.maps[0], TileLattice(grid=GRID), overview, size=1200)
    scale = picture.shape[1] / GRID.slide.dimensions[0]
    for tile, (x, y) in enumerate(GRID.centre_px0 * scale):
        kind = TileAgreement(comparison.maps[0].agreement[tile])
        colour = np.asarray(AGREEMENT_COLOURS.get(kind, (255, 255, 255)))
        around = picture[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4].reshape(-1, 3)
        expected = np.rint((1 - ALPHA) * 255 + ALPHA * colour) if kind in AGREEMENT_COLOURS else colour
        assert (around == expected).all(axis=1).any()
    assert len({*AGREEMENT_COLOURS.values()}) == len(AGREEMENT_COLOURS)


def test_of_many_maps_the_curves_of_the_best_are_drawn() -> None:
    many = make_comparison(n_maps=MOST_CURVES + 3)
    shown = shown_maps(many.maps)
    assert len(shown) == MOST_CURVES
    best = sorted((one.ranking.auroc.value for one in many.maps), reverse=True)[:MOST_CURVES]
    assert sorted((one.ranking.auroc.value for one in shown), reverse=True) == best
    assert comparison_png(many)[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def cohort() -> CohortComparison:
    members = [member_of(make_comparison(k), f"Jane Doe {min(k, 2)}") for k in range(4)]
    return compare_cohort(members, n_resamples=50)


def test_a_cohort_is_written_without_the_names_of_patients(tmp_path: Path, cohort: CohortComparison) -> None:
    export_cohort(tmp_path, cohort, failures=[("line 5", "ResultError")])
    for path in tmp_path.iterdir():
        assert "Jane" not in path.read_text(encoding="utf-8"), path.name
    document = json.loads((tmp_path / JSON_FILE).read_text())
    assert [slide["patient"] for slide in document["slides"]] == [1, 2, 3, 3]
    assert document["n_patients"] == 3
    table = pd.read_csv(tmp_path / CSV_FILE)
    found = table.query("subject == 'tissue.c0.single_tile' and metric == 'auroc' and kind == 'map'")
    assert found["mean"].item() == cohort.metric("tissue.c0.single_tile", "auroc").mean.value
    page = (tmp_path / PAGE_FILE).read_text(encoding="utf-8")
    for word in ("Means over patients", "AUROC above the baselines", "line 5", RESEARCH_USE, "patient 3"):
        assert word in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Estimate(value=0.91234, low=0.85, high=0.95), "0.912 [0.850, 0.950]"),
        (Estimate(value=0.5), "0.500"),
        (undefined("nothing"), "\N{EN DASH}"),
        (-0.25, "\N{MINUS SIGN}0.250"),
        (1234.5, "1,234.5"),
        (12.0, "12"),
        (0.0, "0.000"),
        (0.00012, "0.00012"),
        ("a < b", "a < b"),
    ],
)
def test_cells_are_short_and_exact_enough(cell: object, text: str) -> None:
    assert cell_text(cell) == text  # type: ignore[arg-type]


def test_tables_escape_what_they_show_and_name_the_reasons() -> None:
    html = "".join(
        data_table(["a<b", "x"], [["<i>", undefined("no tile")], ["<i>", 0.5], ["other", p_text(0.0004)]])
    )
    assert "<i>" not in html
    assert html.count("&lt;i&gt;") == 1  # the same name is written once
    assert "Missing numbers: no tile." in html
    assert "&lt; 0.001" in html
